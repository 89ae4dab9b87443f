/*
 * ftp.c - commands, replies and data connections, as ftp.h describes them.
 */
#include "ftp.h"
#include "cli.h"
#include "differ.h"
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void ftp_other(struct peer *peer, const struct step *step)
{
    const int fd = peer->fd;

    (void)step;
    peer->fd = peer->other;
    peer->other = fd;
}

void ftp_urgent(struct peer *peer, const struct step *step)
{
    wire_await(peer, peer->fd, POLLOUT);
    if (send(peer->fd, step->text, step->length, MSG_OOB) != (ssize_t)step->length)
        wire_fail(peer, "not all bytes were taken as urgent ones");
}

/* ---- commands and replies ---- */

/* Receives a line, which must end with "\r\n", into peer->reply without that, and prints it. */
static void receive_line(struct peer *peer)
{
    size_t length = 0;

    while (length == 0 || peer->reply[length - 1] != '\n') {
        if (length == sizeof peer->reply)
            wire_fail(peer, "a line of a reply is too long");
        if (wire_receive(peer, peer->reply + length, 1) == 0)
            wire_fail(peer, "the stream ended before the reply did");
        length++;
    }
    const bool has_cr = length >= 2 && peer->reply[length - 2] == '\r';
    length -= has_cr ? 2 : 1;
    peer->reply[length] = '\0';
    cli_print_bytes(stdout, peer->reply, length);
    putchar('\n');
    if (!has_cr)
        wire_fail(peer, "a line of a reply does not end with \\r\\n");
}

static void receive_reply(struct peer *peer, double code)
{
    char wanted[16];

    receive_line(peer);
    snprintf(wanted, sizeof wanted, "%03.0f", code);
    if (strncmp(peer->reply, wanted, 3) != 0 || strcspn(peer->reply + 3, " -") != 0)
        cli_fail("at %.60s: another reply came: %.200s", peer->action, peer->reply);
    if (peer->reply[3] == ' ')
        return;
    strcat(wanted, " ");
    while (strncmp(peer->reply, wanted, 4) != 0)
        receive_line(peer);
}

/* In one send: who reads must not depend on that, but it is what clients do. */
static void send_command(const struct peer *peer, const char *text, size_t length)
{
    char *line = malloc(length + 2);

    if (line == NULL)
        wire_fail(peer, strerror(errno));
    memcpy(line, text, length);
    memcpy(line + length, "\r\n", 2);
    wire_send(peer, line, length + 2);
    free(line);
}

static void ask(struct peer *peer, double code, const char *text)
{
    send_command(peer, text, strlen(text));
    receive_reply(peer, code);
}

void ftp_ask(struct peer *peer, const struct step *step)
{
    send_command(peer, step->text, step->length);
    receive_reply(peer, step->number);
}

void ftp_reply(struct peer *peer, const struct step *step)
{
    receive_reply(peer, step->number);
}

/* ---- the data connection ---- */

static void set_port(struct sockaddr_storage *address, unsigned number)
{
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((in_port_t)number);
    else
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((in_port_t)number);
}

/* Fills in the address of one end of the control connection. Returns its length. */
static socklen_t address_of(const struct peer *peer,
                            int (*tell)(int, struct sockaddr *, socklen_t *),
                            struct sockaddr_storage *address)
{
    socklen_t length = sizeof *address;

    if (tell(peer->fd, (struct sockaddr *)address, &length) == -1)
        wire_fail(peer, strerror(errno));
    return length;
}

static int open_socket(const struct peer *peer, int family)
{
    int fd = socket(family, SOCK_STREAM, 0);

    if (fd == -1)
        wire_fail(peer, strerror(errno));
    net_set_nonblocking(fd);
    return fd;
}

/* The port in the last reply. */
static unsigned told_port(const struct peer *peer)
{
    unsigned port, high, low;

    if (sscanf(peer->reply, "229 %*[^(](|||%u|)", &port) == 1)
        return port;
    if (sscanf(peer->reply, "227 %*[^(](%*u,%*u,%*u,%*u,%u,%u)", &high, &low) == 2)
        return high << 8 | low;
    wire_fail(peer, "the last reply tells no port");
}

void ftp_data(struct peer *peer, const struct step *step)
{
    struct sockaddr_storage address;

    (void)step;
    if (strncmp(peer->reply, "22", 2) != 0 && peer->listener != -1) {
        wire_await(peer, peer->listener, POLLIN);
        peer->other = accept(peer->listener, NULL, NULL);
        if (peer->other == -1)
            wire_fail(peer, strerror(errno));
        net_set_nonblocking(peer->other);
        close(peer->listener);
        peer->listener = -1;
        return;
    }
    const unsigned number = told_port(peer);
    const socklen_t length = address_of(peer, getpeername, &address);
    set_port(&address, number);
    const int control = peer->fd;
    peer->fd = open_socket(peer, address.ss_family);
    wire_connect(peer, (struct sockaddr *)&address, length);
    peer->other = peer->fd;
    peer->fd = control;
}

/* Listens at a free port of the own address. Returns its number. */
static unsigned listen_for_data(struct peer *peer, struct sockaddr_storage *address)
{
    socklen_t length = address_of(peer, getsockname, address);

    set_port(address, 0);
    if (peer->listener != -1)
        close(peer->listener);
    peer->listener = open_socket(peer, address->ss_family);
    if (bind(peer->listener, (struct sockaddr *)address, length) == -1 ||
        listen(peer->listener, 1) == -1 ||
        getsockname(peer->listener, (struct sockaddr *)address, &length) == -1)
        wire_fail(peer, strerror(errno));
    return ntohs(address->ss_family == AF_INET6
                     ? ((struct sockaddr_in6 *)(void *)address)->sin6_port
                     : ((struct sockaddr_in *)(void *)address)->sin_port);
}

void ftp_port(struct peer *peer, const struct step *step)
{
    struct sockaddr_storage address;
    char command[64];

    (void)step;
    const unsigned number = listen_for_data(peer, &address);
    const unsigned host =
        ntohl(((struct sockaddr_in *)(void *)&address)->sin_addr.s_addr);
    snprintf(command, sizeof command, "PORT %u,%u,%u,%u,%u,%u", host >> 24,
             host >> 16 & 255, host >> 8 & 255, host & 255, number >> 8, number & 255);
    ask(peer, 200, command);
}

void ftp_eprt(struct peer *peer, const struct step *step)
{
    struct sockaddr_storage address;
    char command[64], host[INET6_ADDRSTRLEN];

    (void)step;
    const unsigned number = listen_for_data(peer, &address);
    const bool is_ipv6 = address.ss_family == AF_INET6;
    const void *bytes =
        is_ipv6 ? (const void *)&((struct sockaddr_in6 *)(void *)&address)->sin6_addr
                : (const void *)&((struct sockaddr_in *)(void *)&address)->sin_addr;
    inet_ntop(address.ss_family, bytes, host, sizeof host);
    snprintf(command, sizeof command, "EPRT |%d|%s|%u|", is_ipv6 ? 2 : 1, host, number);
    ask(peer, 200, command);
}

void ftp_transfer(struct peer *peer, const struct step *step)
{
    ask(peer, 229, "EPSV");
    ftp_data(peer, step);
    send_command(peer, step->text, step->length);
    receive_reply(peer, 150);
}

/* ---- what goes over it ---- */

static void close_data(struct peer *peer)
{
    close(peer->fd);
    peer->fd = -1;
    ftp_other(peer, NULL);
}

void ftp_take(struct peer *peer, const struct step *step)
{
    /* One byte more than the text, so that the end is seen. */
    char *bytes = malloc(step->length + 1);
    size_t length = 0, same = 0, received;

    if (bytes == NULL)
        wire_fail(peer, strerror(errno));
    ftp_other(peer, NULL);
    do {
        received = wire_receive(peer, bytes + length, step->length + 1 - length);
        length += received;
    } while (received > 0 && length <= step->length);
    while (same < length && same < step->length && bytes[same] == step->text[same])
        same++;
    if (same < step->length || length > step->length) {
        size_t from = same > 40 ? same - 40 : 0;
        cli_warn("at %.60s: after %zu of %zu bytes %s", peer->action, same, step->length,
                 same < length ? "other bytes came" : "the stream ended");
        differ_print(step->text + from,
                     step->length - from > 120 ? 120 : step->length - from, bytes + from,
                     length - from > 120 ? 120 : length - from);
        free(bytes);
        exit(EXIT_FAILURE);
    }
    free(bytes);
    close_data(peer);
}

void ftp_give(struct peer *peer, const struct step *step)
{
    ftp_other(peer, NULL);
    if (step->length > 0)
        wire_send(peer, step->text, step->length);
    close_data(peer);
}

void ftp_listing(struct peer *peer, const struct step *step)
{
    char byte;

    (void)step;
    ftp_other(peer, NULL);
    while (wire_receive(peer, &byte, 1) == 1) {
        if (byte != '\r' && byte != '\n')
            cli_print_bytes(stdout, &byte, 1);
        else if (byte == '\n')
            putchar('\n');
    }
    close_data(peer);
}
