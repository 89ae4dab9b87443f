/*
 * room.h - the members of the chat, and what they are told, for the server of lesson 5.
 */
#ifndef ROOM_H
#define ROOM_H

#include "lines.h"
#include "net.h"
#include "outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/select.h>
#include <time.h>

struct member {
    char name[NET_NAME_SIZE];
    struct lines lines;   /* what has come from it */
    struct outbox outbox; /* what it has not taken yet */
    bool leaving;         /* to be closed at the end of this round */
};

struct room {
    int listener;
    struct member *members[FD_SETSIZE]; /* by descriptor; NULL: no member has this one */
    long count, max_clients;
    size_t max_line, max_queue;
    time_t rest_until; /* no descriptors are left: accept nobody until then */
    char *message;     /* the one being told */
    bool show_sets;
    bool quiet; /* do not print what members say */
};

/* Prepares an empty room, whose limits are set. Returns 0, or -1 with errno ENOMEM. */
int room_init(struct room *room);

/*
 * Takes the client `name` on the socket `fd`, which is less than FD_SETSIZE, into the room,
 * and tells everybody. Returns 0; then the socket is the room's. Or -1 with errno ENOMEM.
 */
int room_add(struct room *room, int fd, const char *name);

/* Tells all other members a line that the member `fd` has said, of at most max_line bytes. */
void room_say(struct room *room, int fd, const char *line, size_t length);

/* Tells the member `fd` that its line is too long, so that nobody gets it. */
void room_refuse_line(struct room *room, int fd);

/*
 * Closes who is to leave, here and nowhere else. If a descriptor were closed earlier in the
 * round, a newcomer might get its number, and be taken for the one whom select meant.
 */
void room_part_with_leavers(struct room *room);

#endif
