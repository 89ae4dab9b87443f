/*
 * peer.c - a partner that does exactly what its arguments say, one after the other: the
 * other end of a connection for a test, as a server or as a client, byte by byte.
 *
 * Run it:       build/tools/peer --port 9998 'send:Hello\n' 'expect:HELLO\n' shutdown eof
 *               build/tools/peer --listen --port 0 accept line 'send:hi\r\n' close
 * Its partner:  any server or client of the lessons
 *
 * Without --listen it connects first. With it, it says "listening on ADDRESS:PORT", and
 * the action `accept` takes a client. With --udp, `accept` takes the sender of the first
 * datagram for its client, and each send and each recv is one datagram.
 *
 * Every action ends before --timeout is over; if not, that is exit status 1, and a line
 * on stderr says at which action.
 */
#include "cli.h"
#include "differ.h"
#include "ftp.h"
#include "net.h"
#include "script.h"
#include "wire.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void print_line(const char *bytes, size_t length)
{
    cli_print_bytes(stdout, bytes, length);
    putchar('\n');
}

/* ---- the actions ---- */

static void do_accept(struct peer *peer, const struct step *step)
{
    (void)step;
    wire_await(peer, peer->listener, POLLIN);
    if (!peer->udp) {
        peer->fd = accept(peer->listener, NULL, NULL);
        if (peer->fd == -1)
            wire_fail(peer, strerror(errno));
        net_set_nonblocking(peer->fd);
        return;
    }
    struct sockaddr_storage sender;
    socklen_t length = sizeof sender;
    char byte;
    if (recvfrom(peer->listener, &byte, 1, MSG_PEEK, (struct sockaddr *)&sender,
                 &length) == -1 ||
        connect(peer->listener, (struct sockaddr *)&sender, length) == -1)
        wire_fail(peer, strerror(errno));
    peer->fd = peer->listener;
}

static void do_name(struct peer *peer, const struct step *step)
{
    (void)step;
    char name[NET_NAME_SIZE];
    if (net_local_name(peer->fd, name) == -1)
        wire_fail(peer, strerror(errno));
    puts(name);
}

static void do_send(struct peer *peer, const struct step *step)
{
    wire_send(peer, step->text, step->length);
}

/* One send a byte, each in a segment of its own, and time for the reader to take it. */
static void do_each(struct peer *peer, const struct step *step)
{
    const struct timespec gap = {.tv_nsec = 1000000};
    int on = 1;
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < step->length; i++) {
        wire_send(peer, step->text + i, 1);
        nanosleep(&gap, NULL);
    }
}

/* Sends the text again and again, slowly, until the other side says something, or ends. */
static void do_drip(struct peer *peer, const struct step *step)
{
    const double gap = 0.01;
    int on = 1;

    if (step->length == 0)
        wire_fail(peer, "there is nothing to drip");
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; !wire_wait_until(peer, peer->fd, POLLIN, net_now() + gap); i++) {
        if (net_now() >= peer->deadline)
            wire_fail(peer, "nothing came");
        wire_send(peer, step->text + i % step->length, 1);
    }
}

/* Sends the text again and again, never reading, until the other side takes no more. */
static void do_fill(struct peer *peer, const struct step *step)
{
    const size_t limit = 256u << 20;
    size_t taken = 0;

    if (step->length == 0)
        wire_fail(peer, "there is nothing to fill it with");
    while (taken < limit && wire_wait_until(peer, peer->fd, POLLOUT, net_now() + 0.2)) {
        size_t start = taken % step->length;
        ssize_t sent = send(peer->fd, step->text + start, step->length - start, 0);
        if (sent >= 0) {
            taken += (size_t)sent;
        } else if (errno != EAGAIN && errno != EINTR) {
            printf("filled %zu bytes: %s\n", taken, strerror(errno));
            return;
        }
    }
    if (taken >= limit)
        wire_fail(peer, "256 MiB were taken, and there is no end");
    printf("filled %zu bytes\n", taken);
}

static void do_recv(struct peer *peer, const struct step *step)
{
    char *bytes = malloc((size_t)step->number + 1);
    if (bytes == NULL)
        wire_fail(peer, strerror(errno));
    print_line(bytes, wire_receive(peer, bytes, (size_t)step->number));
    free(bytes);
}

/* Receives exactly the text, as many bytes as it has (with UDP: one datagram). */
static void do_expect(struct peer *peer, const struct step *step)
{
    char *bytes = malloc(step->length + 1);
    size_t length = 0;
    size_t same = 0;
    bool more = true;

    if (bytes == NULL)
        wire_fail(peer, strerror(errno));
    while (more && same == length && (peer->udp || length < step->length)) {
        size_t room = step->length - length + (peer->udp ? 1 : 0);
        if (!wire_wait_until(peer, peer->fd, POLLIN, peer->deadline))
            break;
        size_t received = wire_receive(peer, bytes + length, room);
        length += received;
        more = received > 0 && !peer->udp;
        while (same < length && same < step->length && bytes[same] == step->text[same])
            same++;
    }
    if (same < step->length || length > step->length) {
        const char *why = length > same ? "other bytes came"
                          : more        ? "nothing more came in time"
                                        : "the stream ended";
        /* A long text is shown from shortly before the place where the two part. */
        size_t from = same > 40 ? same - 40 : 0;
        size_t wanted = step->length - from > 120 ? 120 : step->length - from;
        cli_warn("at %.60s: after %zu of %zu bytes %s", peer->action, same, step->length,
                 why);
        differ_print(step->text + from, wanted, bytes + from,
                     length - from > 120 ? 120 : length - from);
        free(bytes);
        exit(EXIT_FAILURE);
    }
    free(bytes);
}

/* Reads up to a newline, and prints the line, the newline escaped like the rest. */
static void do_line(struct peer *peer, const struct step *step)
{
    (void)step;
    char line[4096];
    size_t length = 0;

    while (length < sizeof line && (length == 0 || line[length - 1] != '\n'))
        if (wire_receive(peer, line + length, 1) == 1)
            length++;
        else
            wire_fail(peer, "the stream ended before the line did");
    print_line(line, length);
}

/* Reads to the end of the stream, and prints each line as it comes. */
static void do_lines(struct peer *peer, const struct step *step)
{
    (void)step;
    char bytes[4096];
    char last = '\n';
    size_t received;

    while ((received = wire_receive(peer, bytes, sizeof bytes)) > 0)
        for (size_t i = 0; i < received; i++) {
            last = bytes[i];
            cli_print_bytes(stdout, &last, 1);
            if (last == '\n')
                putchar('\n');
        }
    if (last != '\n')
        putchar('\n');
}

/* Reads to the end of the stream, and prints what came, in one line. */
static void do_eof(struct peer *peer, const struct step *step)
{
    (void)step;
    static char bytes[65536];
    size_t received;

    while ((received = wire_receive(peer, bytes, sizeof bytes)) > 0)
        cli_print_bytes(stdout, bytes, received);
    putchar('\n');
}

/* For so many seconds, nothing comes, not even the end. */
static void do_silence(struct peer *peer, const struct step *step)
{
    char bytes[80];
    if (!wire_wait_until(peer, peer->fd, POLLIN, net_now() + step->number))
        return;
    size_t received = wire_receive(peer, bytes, sizeof bytes);
    cli_warn("at %s: %s", peer->action,
             received > 0 ? "something came" : "the stream ended");
    fputs("  received: ", stderr);
    cli_print_bytes(stderr, bytes, received);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

static void do_shutdown(struct peer *peer, const struct step *step)
{
    (void)step;
    if (shutdown(peer->fd, SHUT_WR) == -1)
        wire_fail(peer, strerror(errno));
}

static void do_close(struct peer *peer, const struct step *step)
{
    (void)step;
    if (close(peer->fd) == -1)
        wire_fail(peer, strerror(errno));
    peer->fd = -1;
}

/* Closes with a reset instead of an end: what SO_LINGER with a time of 0 is good for. */
static void do_rst(struct peer *peer, const struct step *step)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == -1)
        wire_fail(peer, strerror(errno));
    do_close(peer, step);
}

/* Waits for a line, or the end, on stdin: so a test puts two processes in order. */
static void do_wait(struct peer *peer, const struct step *step)
{
    (void)step;
    char byte = 0;
    ssize_t got;
    do {
        wire_await(peer, STDIN_FILENO, POLLIN);
        got = read(STDIN_FILENO, &byte, 1);
    } while ((got == 1 && byte != '\n') || (got == -1 && errno == EINTR));
}

/* Says something on stdout: so a test sees how far the script is. */
static void do_say(struct peer *peer, const struct step *step)
{
    (void)peer;
    print_line(step->text, step->length);
}

/* Keeps the connection until a signal ends the program. */
static void do_hold(struct peer *peer, const struct step *step)
{
    (void)step;
    while (!net_stopping && net_now() < peer->deadline)
        poll(NULL, 0, 100);
    if (!net_stopping)
        wire_fail(peer, "no signal came");
}

static const struct action actions[] = {
    {"accept", NONE, do_accept},
    {"name", NONE, do_name},
    {"say", TEXT, do_say},
    {"send", TEXT, do_send},
    {"repeat", REPEATED, do_send},
    {"each", TEXT, do_each},
    {"drip", TEXT, do_drip},
    {"fill", TEXT, do_fill},
    {"recv", NUMBER, do_recv},
    {"expect", TEXT, do_expect},
    {"expect-repeat", REPEATED, do_expect},
    {"line", NONE, do_line},
    {"lines", NONE, do_lines},
    {"eof", NONE, do_eof},
    {"silence", NUMBER, do_silence},
    {"shutdown", NONE, do_shutdown},
    {"rst", NONE, do_rst},
    {"close", NONE, do_close},
    {"wait", NONE, do_wait},
    {"hold", NONE, do_hold},
    {"ask", CODE, ftp_ask},
    {"reply", NUMBER, ftp_reply},
    {"transfer", TEXT, ftp_transfer},
    {"port", NONE, ftp_port},
    {"eprt", NONE, ftp_eprt},
    {"data", NONE, ftp_data},
    {"take", TEXT, ftp_take},
    {"take-repeat", REPEATED, ftp_take},
    {"give", TEXT, ftp_give},
    {"give-repeat", REPEATED, ftp_give},
    {"listing", NONE, ftp_listing},
    {"other", NONE, ftp_other},
    {"urgent", TEXT, ftp_urgent},
    {0},
};

static const char PURPOSE[] =
    "Do each ACTION, one after the other:\n"
    "  accept             with --listen: take a client\n"
    "  name               print the own address of the connection\n"
    "  say:TEXT           print TEXT\n"
    "  send:TEXT          send TEXT, in one send\n"
    "  repeat:N:TEXT      send N times TEXT, in one send\n"
    "  each:TEXT          send TEXT, one byte at a time\n"
    "  drip:TEXT          send TEXT again and again, a byte every 10 ms, until something "
    "comes\n"
    "  fill:TEXT          send TEXT until no more is taken; print how many bytes were\n"
    "  expect:TEXT        receive exactly TEXT\n"
    "  expect-repeat:N:TEXT   receive exactly N times TEXT\n"
    "  silence:SEC        receive nothing for so long\n"
    "  recv:N             receive at most N bytes with one recv, and print them\n"
    "  line               receive up to a newline, and print it\n"
    "  lines              receive up to the end, and print each line as it comes\n"
    "  eof                receive up to the end, and print it\n"
    "  shutdown           half-close\n"
    "  close              close\n"
    "  rst                close with a reset\n"
    "  wait               wait for a line on stdin\n"
    "  hold               keep the connection until a signal comes\n"
    "and with an FTP server:\n"
    "  ask:CODE:TEXT      send TEXT, a command; receive the reply, and print it\n"
    "  reply:CODE         receive one more reply, and print it\n"
    "  transfer:TEXT      send EPSV, connect, and send TEXT, a command; the reply is "
    "150\n"
    "  port, eprt         listen, and tell the server with PORT or EPRT\n"
    "  data               make the data connection: accept it, or connect to the port "
    "that\n"
    "                     the last reply has told\n"
    "  take:TEXT          receive exactly TEXT and the end there\n"
    "  take-repeat:N:TEXT     receive exactly N times TEXT and the end there\n"
    "  give:TEXT          send TEXT there, and close it\n"
    "  give-repeat:N:TEXT     send N times TEXT there, and close it\n"
    "  listing            receive up to the end there, and print each line\n"
    "  other              what follows is for the data connection; or again for the "
    "first\n"
    "  urgent:TEXT        send TEXT as urgent data\n"
    "In TEXT, \\r \\n \\t \\\\ \\0 to \\7 and \\xHH are escapes.";

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1";
    long port = 0;
    long rcvbuf = 0;
    bool listening = false;
    struct peer peer = {
        .listener = -1, .fd = -1, .other = -1, .timeout = 10, .action = "connect"};
    const struct cli_option options[] = {
        {"host", 'H', "H", "address to connect to, or to bind", .text = &host},
        {"port", 'p', "P", "port to connect to, or to bind", .number = &port,
         .max = 65535},
        {"source", 0, "A", "address to connect from", .text = &peer.source},
        {"listen", 'l', NULL, "be the server", .flag = &listening},
        {"udp", 'u', NULL, "datagrams instead of a stream", .flag = &peer.udp},
        {"timeout", 't', "SEC", "for the whole script", .seconds = &peer.timeout},
        {"rcvbuf", 0, "N", "SO_RCVBUF; 0 leaves it", .number = &rcvbuf, .max = 1 << 30},
        {0},
    };
    int first = cli_parse(argc, argv, "ACTION...", PURPOSE, options);
    if (net_handle_signals() == -1)
        cli_fail("sigaction: %s", strerror(errno));

    size_t count = (size_t)(argc - first);
    struct step *steps = calloc(count + 1, sizeof *steps);
    if (steps == NULL)
        cli_fail("calloc: %s", strerror(errno));
    for (size_t i = 0; i < count; i++)
        steps[i] = script_parse_step(argv[first + (int)i], actions);

    peer.deadline = net_now() + peer.timeout;
    wire_open(&peer, host, port, listening, rcvbuf);
    for (size_t i = 0; i < count; i++) {
        peer.action = steps[i].word;
        steps[i].action->run(&peer, &steps[i]);
    }
    for (size_t i = 0; i < count; i++)
        free(steps[i].text);
    free(steps);
    return EXIT_SUCCESS;
}
