/*
 * room.h - the members of the chat, and what they are told, for the server of lesson 5.
 */
#ifndef ROOM_H
#define ROOM_H

#include "cli.h"
#include "lines.h"
#include "net.h"
#include "queue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

struct member {
    char name[NET_NAME_SIZE];
    struct lines lines; /* what has come from it */
    struct queue queue; /* what it has not taken yet */
    bool leaving;       /* to be closed at the end of this round */
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

/* ---- telling ---- */

/* Gives one member `length` bytes; it is to leave if it does not read what it is given. */
static inline void tell(struct room *room, int fd, const char *bytes, size_t length)
{
    struct member *member = room->members[fd];

    if (member->leaving ||
        queue_send(&member->queue, fd, bytes, length, room->max_queue) == 0)
        return;
    /* Has it left? Then recv will say so, after what it has sent before it left. */
    if (errno != ENOBUFS && errno != ENOMEM)
        return;
    printf("client %s dropped: it does not read, and more than %zu bytes wait for it\n",
           member->name, room->max_queue);
    member->leaving = true;
}

/* Prints `head` and then `length` bytes of `text`, as a line. */
static inline void print_event(const char *head, const char *text, size_t length)
{
    fputs(head, stdout);
    cli_print_bytes(stdout, text, length);
    putchar('\n');
}

/* Tells `head` and then `length` bytes of `text`, as a line, to all members but `author`. */
static inline void tell_others(struct room *room, int author, const char *head,
                               const char *text, size_t length)
{
    size_t end = strlen(head);

    memcpy(room->message, head, end);
    memcpy(room->message + end, text, length);
    end += length;
    memcpy(room->message + end, "\r\n", 2);
    end += 2;
    /* EXERCISE 1: tell the `end` bytes of room->message to every member but the author */
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (room->members[fd] != NULL && fd != author)
            tell(room, fd, room->message, end);
    /* END EXERCISE */
}

/* ---- members come and leave ---- */

/*
 * Takes the client `name` on the socket `fd`, which is less than FD_SETSIZE, into the room.
 * Returns 0, or -1 with errno ENOMEM; then the socket stays the caller's.
 */
static inline int add_member(struct room *room, int fd, const char *name)
{
    static const char welcome[] = "You're connected to the chat server\r\n";
    struct member *member = calloc(1, sizeof *member);

    if (member == NULL || lines_init(&member->lines, room->max_line) == -1) {
        free(member);
        return -1;
    }
    snprintf(member->name, sizeof member->name, "%s", name);
    room->members[fd] = member;
    room->count++;
    tell(room, fd, welcome, strlen(welcome));
    print_event("Client joined ", name, strlen(name));
    tell_others(room, fd, "Client joined ", name, strlen(name));
    return 0;
}

/* Returns the descriptor of a member that is to leave, or -1. */
static inline int find_leaver(const struct room *room)
{
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (room->members[fd] != NULL && room->members[fd]->leaving)
            return fd;
    return -1;
}

/*
 * Closes who is to leave, here and nowhere else. If a descriptor were closed earlier in the
 * round, a newcomer might get its number, and be taken for the one whom select meant. To
 * tell the others may make one more of them leave: so this goes on until nobody is left.
 */
static inline void part_with_leavers(struct room *room)
{
    int fd;

    while ((fd = find_leaver(room)) != -1) {
        struct member *member = room->members[fd];
        room->members[fd] = NULL;
        room->count--;
        room->rest_until = 0; /* a descriptor is free */
        close(fd);
        print_event("Client left ", member->name, strlen(member->name));
        tell_others(room, fd, "Client left ", member->name, strlen(member->name));
        lines_free(&member->lines);
        free(member->queue.bytes);
        free(member);
    }
}

#endif
