/*
 * room.h - the members of the chat, and what they are told, for the server of lesson 5.
 *
 * A member is its socket and what belongs to it. The room owns both: room_add makes a member,
 * and room_part_with_leavers closes its socket and frees it, with what still waits in its
 * outbox. Until then it is only noted, in `leaving`, that a member is to leave: by this module,
 * and by the server when the member has ended its side or reset the connection. So a pointer to
 * a member is valid until the next call of room_part_with_leavers.
 */
#ifndef ROOM_H
#define ROOM_H

#include "lines.h"
#include "net.h"
#include "outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/select.h>

struct member {
    char name[NET_NAME_SIZE]; /* its address */
    struct lines lines;       /* what has come from it */
    struct outbox outbox;     /* what it has not taken yet */
    bool leaving; /* to be closed at the end of this round, and not heard until then */
};

/* A room lives as long as the program. So nothing frees `message`, nor the members who are still
 * there at the end. */
struct room {
    struct member *members[FD_SETSIZE]; /* by descriptor; NULL: no member has this one */
    long count;                         /* members */
    size_t max_line;                    /* bytes of the longest line, without its end */
    size_t max_queue;                   /* bytes that may wait for a member */
    bool quiet;                         /* do not print what members say */
    char *message;                      /* for room.c: the line that is being told */
};

/* Sets up an empty room, with these for its `max_line`, `max_queue` and `quiet`. Returns 0, or -1
 * with errno ENOMEM. */
int room_init(struct room *room, size_t max_line, size_t max_queue, bool quiet);

/*
 * Makes the client `name` on the socket `fd`, which is less than FD_SETSIZE, a member, welcomes
 * it, and tells the others. `name` is copied. Returns 0; then the socket is the room's. Or -1
 * with errno ENOMEM; then it is still the caller's.
 */
int room_add(struct room *room, int fd, const char *name);

/*
 * Tells all other members the `length` bytes of a line that the member `fd` has said: at most
 * max_line, without the end. Whoever can't be told, because too much waits for it already or
 * because there is no memory, is noted as leaving. The line stays the caller's.
 */
void room_say(struct room *room, int fd, const char *line, size_t length);

/* Tells the member `fd` that its line is longer than max_line. Nobody else is told. */
void room_refuse_line(struct room *room, int fd);

/*
 * Removes all members that are leaving, and tells the others. To be called at the end of a
 * round: if a descriptor were closed earlier, a newcomer might get its number, and be taken for
 * the one whom select meant. Returns whether anybody has left.
 */
bool room_part_with_leavers(struct room *room);

#endif
