/*
 * session.h - what a client of lesson 10 gets, and the server that it gets it from.
 *
 *     server                                   client
 *       | ---- h: 32 random bytes -------------> |
 *       | <--- a: their HMAC with the token ---- |     a wrong one: another h, three times in all
 *       | ---- k ------------------------------> |
 *       | <--- c: "ls /" ----------------------- |     nothing runs before
 *       | ---- w ------------------------------> |     the command may have input
 *       | ---- o: "bin\nboot\n..." ------------> |     as often as it takes
 *       | ---- x: 0 ---------------------------> |     the end of that command; the next may come
 *
 * While a command runs, the client may send i, a piece of input, for each w, and s, a signal.
 */
#ifndef SESSION_H
#define SESSION_H

#include "socketserver.h"
#include "token.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* class ShellServer(ThreadingTCPServer). main sets the first block before the first client comes; then
 * it is only read. */
struct shell_server {
    struct server base;
    struct threading_mixin threads;
    struct token token;
    long max_clients;   /* at the same time */
    double timeout;     /* seconds to prove the token in; 0: no limit */
    double penalty;     /* seconds that all must wait after three wrong answers of one */
    double max_seconds; /* that a command may run; 0: no limit */
    bool quiet;         /* log nothing */

    pthread_mutex_t lock;  /* of all below */
    long wrong_answers;    /* so far, of all clients */
    double next_challenge; /* on net_now's clock: nobody is challenged before */
};

/* The whole of a server that is a struct shell_server. */
struct shell_server *shell_server_of(struct server *server);

/* Logs one event of a client with cli_log, unless the server is quiet. */
void shell_server_log(struct server *server, const struct request *request,
                      const char *event, const char *bytes, size_t length);

/* class ShellHandler(BaseRequestHandler). Its server must be a struct shell_server. Its handle fails
 * with errno EPROTO if it has refused the client: then the reason is logged already. */
extern const struct request_handler_class session_class;

#endif
