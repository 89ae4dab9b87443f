/*
 * room.c - the members of the chat, and what they are told, as room.h describes it.
 */
#include "room.h"
#include "chat.h"
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int room_init(struct room *room, size_t max_line, size_t max_queue, bool quiet)
{
    *room = (struct room){.max_line = max_line, .max_queue = max_queue, .quiet = quiet};
    room->message = malloc(max_line + CHAT_MAX_ADDED);
    return room->message != NULL ? 0 : -1;
}

/* ---- telling ---- */

/* Sends one member `length` bytes. If too many wait for it, or there is no memory to let them
 * wait, it is to leave. */
static void tell(struct room *room, int fd, const char *bytes, size_t length)
{
    struct member *member = room->members[fd];

    if (member->leaving || outbox_send(&member->outbox, fd, bytes, length) == 0)
        return;
    if (errno == ENOBUFS)
        printf("client %s dropped: it does not read, and more than %zu bytes wait "
               "for it\n",
               member->name, room->max_queue);
    else if (errno == ENOMEM)
        cli_warn("client %s dropped: %s", member->name, strerror(errno));
    else
        return; /* it is gone: recv returns what it has sent before, and then says so */
    member->leaving = true;
}

/* Tells `head` and then `length` bytes of `text`, as a line, to all members but `author`. */
static void tell_others(struct room *room, int author, const char *head, const char *text,
                        size_t length)
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

/* Prints `head` and then `length` bytes of `text`, as a line. */
static void print_event(const char *head, const char *text, size_t length)
{
    fputs(head, stdout);
    cli_print_bytes(stdout, text, length);
    putchar('\n');
}

void room_say(struct room *room, int fd, const char *line, size_t length)
{
    char head[NET_NAME_SIZE + sizeof "[] "];

    snprintf(head, sizeof head, "[%s] ", room->members[fd]->name);
    if (!room->quiet)
        print_event(head, line, length);
    tell_others(room, fd, head, line, length);
}

void room_refuse_line(struct room *room, int fd)
{
    char text[80];
    int length = snprintf(text, sizeof text, "error: message longer than %zu bytes\r\n",
                          room->max_line);

    printf("client %s: message longer than %zu bytes, not passed on\n",
           room->members[fd]->name, room->max_line);
    tell(room, fd, text, (size_t)length);
}

/* ---- members come and leave ---- */

int room_add(struct room *room, int fd, const char *name)
{
    static const char welcome[] = "You're connected to the chat server\r\n";
    struct member *member = calloc(1, sizeof *member);

    if (member == NULL)
        return -1;
    snprintf(member->name, sizeof member->name, "%s", name);
    lines_init(&member->lines, room->max_line);
    member->outbox.max = room->max_queue;
    outbox_set_nodelay(fd); /* if it fails, its lines may come later */
    room->members[fd] = member;
    room->count++;
    tell(room, fd, welcome, strlen(welcome));
    print_event("Client joined ", name, strlen(name));
    tell_others(room, fd, "Client joined ", name, strlen(name));
    return 0;
}

/* Returns the descriptor of a member that is to leave, or -1. */
static int find_leaver(const struct room *room)
{
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (room->members[fd] != NULL && room->members[fd]->leaving)
            return fd;
    return -1;
}

/* While the others are told, one more of them may be found that does not read. So this begins
 * anew after each leaver, until there is none. */
bool room_part_with_leavers(struct room *room)
{
    bool has_left = false;
    int fd;

    while ((fd = find_leaver(room)) != -1) {
        struct member *member = room->members[fd];
        room->members[fd] = NULL;
        room->count--;
        close(fd);
        print_event("Client left ", member->name, strlen(member->name));
        tell_others(room, fd, "Client left ", member->name, strlen(member->name));
        lines_free(&member->lines);
        outbox_free(&member->outbox);
        free(member);
        has_left = true;
    }
    return has_left;
}
