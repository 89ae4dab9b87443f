/*
 * client.c - a member of the chat: it waits for the keyboard and for the server at once.
 *
 * Run it:       make client-5                     (first: make server-5, elsewhere)
 *               printf 'one\ntwo\n' | make -s client-5
 * Its partner:  server.c; both share chat.h and outbox.h
 *
 * The calls, in order: those of lesson 2, then select, and read or recv or send, whichever
 * is ready. At the end of the input: shutdown, and recv until the server ends, too.
 */
#include "chat.h"
#include "cli.h"
#include "lines.h"
#include "net.h"
#include "outbox.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* gcc warns of the arithmetic in musl's FD_SET, which is a macro. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* Bytes that were typed, and that the server has not taken yet: 128 MiB. */
enum { MAX_QUEUE = 1 << 27 };

struct chat {
    int fd;
    bool typing;          /* the keyboard's input has not ended */
    bool ended;           /* the server has ended its side */
    bool lost;            /* the connection broke: some of what was sent may be lost */
    long repeat;          /* how many times each input is sent */
    char last;            /* the last byte that was typed */
    struct lines lines;   /* from the server */
    struct outbox outbox; /* to the server */
};

/* Receives what has come from the server, and prints each line that is complete. */
static void receive_lines(struct chat *chat)
{
    static const char refused[] = "error: too many clients";
    char *line;
    size_t size;
    size_t length;
    int result;

    char *space = lines_room(&chat->lines, &size);
    if (space == NULL)
        cli_fail("malloc: %s", strerror(errno));
    ssize_t received = recv(chat->fd, space, size, MSG_DONTWAIT);
    if (received == -1 && net_would_wait())
        return;
    if (received <= 0)
        chat->ended = true;
    if (received == -1)
        chat->lost = true; /* a reset: what was on its way is gone */
    if (received > 0)
        lines_added(&chat->lines, (size_t)received);
    while ((result = lines_next(&chat->lines, &line, &length)) != 0) {
        if (result == -1) {
            cli_warn("a line longer than %d bytes was left out", CHAT_MAX_TOLD);
            continue;
        }
        if (length >= strlen(refused) && memcmp(line, refused, strlen(refused)) == 0) {
            cli_warn_bytes("the server answered", line, length);
            exit(EXIT_FAILURE);
        }
        cli_print_bytes(stdout, line, length);
        putchar('\n');
    }
}

/* Nothing can be sent any more. The server may have said why: so the client reads on. */
static void give_up(struct chat *chat)
{
    chat->typing = false;
    chat->lost = true;
    outbox_free(&chat->outbox);
}

/* Sends what the kernel takes now; the outbox keeps the rest. */
static void send_typed(struct chat *chat, const char *bytes, size_t length)
{
    if (outbox_send(&chat->outbox, chat->fd, bytes, length) == 0)
        return;
    if (errno == ENOBUFS)
        cli_fail("more than %d bytes wait: the server does not take them", MAX_QUEUE);
    if (errno == ENOMEM)
        cli_fail("malloc: %s", strerror(errno));
    give_up(chat);
}

/*
 * Takes what was typed. It is read(2), not fgets: stdio reads ahead, and select knows
 * nothing of the lines that wait in a buffer of stdio.
 */
static void read_keyboard(struct chat *chat)
{
    char bytes[4096];

    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count == -1)
        cli_fail("stdin: %s", strerror(errno));
    if (count > 0) {
        chat->last = bytes[count - 1];
        for (long i = 0; i < chat->repeat && !chat->lost; i++)
            send_typed(chat, bytes, (size_t)count);
        return;
    }
    chat->typing = false;
    if (chat->last != '\n')
        send_typed(chat, "\n", 1); /* also a last line without a newline is one */
}

/* Waits until the keyboard or the server has something, or takes something, and does it. */
static void chat_round(struct chat *chat)
{
    fd_set reading;
    fd_set writing;

    FD_ZERO(&reading);
    FD_ZERO(&writing);
    /* EXERCISE 6: wait for the server; for the keyboard, unless its input has ended, or the
     * outbox still holds what was typed before; and for room to send what it holds */
    FD_SET(chat->fd, &reading);
    if (chat->typing && chat->outbox.length == 0)
        FD_SET(STDIN_FILENO, &reading);
    if (chat->outbox.length > 0)
        FD_SET(chat->fd, &writing);
    /* END EXERCISE */
    int highest = chat->fd > STDIN_FILENO ? chat->fd : STDIN_FILENO;
    if (select(highest + 1, &reading, &writing, NULL, NULL) == -1) {
        if (errno != EINTR)
            cli_fail("select: %s", strerror(errno));
        return;
    }
    if (FD_ISSET(chat->fd, &reading))
        receive_lines(chat);
    if (FD_ISSET(chat->fd, &writing) && outbox_flush(&chat->outbox, chat->fd) == -1)
        give_up(chat);
    if (FD_ISSET(STDIN_FILENO, &reading))
        read_keyboard(chat);
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    const char *reason;
    long port = 2626;
    bool half_closed = false;
    struct chat chat = {
        .typing = true, .repeat = 1, .last = '\n', .outbox.max = MAX_QUEUE};
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &host},
        {"port", 'p', "P", "the server's port", .number = &port, .min = 1, .max = 65535},
        {"repeat", 0, "N", "send what one read returns so many times; 128 MiB may wait",
         .number = &chat.repeat, .min = 1, .max = 1000000},
        {0},
    };
    cli_parse(argc, argv, NULL, "Send what you type to the chat; print what others say.",
              options);

    chat.fd = net_connect(host, port, &reason);
    if (chat.fd == -1)
        cli_fail("connect %s:%ld: %s", host, port, reason);
    if (chat.fd >= FD_SETSIZE)
        cli_fail("no descriptor below %d is free", FD_SETSIZE);
    lines_init(&chat.lines, CHAT_MAX_TOLD);
    outbox_set_nodelay(chat.fd); /* if it fails, lines may arrive later */

    while (!chat.ended) {
        chat_round(&chat);
        if (!chat.typing && chat.outbox.length == 0 && !half_closed) {
            shutdown(chat.fd, SHUT_WR); /* the server sees the end, and closes */
            half_closed = true;
        }
    }
    if (!half_closed || chat.lost)
        cli_fail("the server closed the connection");
    lines_free(&chat.lines);
    outbox_free(&chat.outbox);
    close(chat.fd);
    return EXIT_SUCCESS;
}
