/*
 * server_mixin.h - what can be put over a server: threading_mixin, forking_mixin, and a mixin of
 * your own (common/README.md shows one). A part of socketserver.h, which says more.
 */
#ifndef SERVER_MIXIN_H
#define SERVER_MIXIN_H

#include "base_server.h"
#include "request_handler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- mixins ---- */

/*
 * A mixin replaces methods of a server, and may call those that it has replaced: they are in
 * `super`. It is the first member of every mixin.
 */
struct server_mixin {
    const char *name;
    struct server_ops super;   /* what was there before it */
    struct server_mixin *next; /* the one that was mixed in before it */
};

/*
 * Puts a mixin over an initialised server that is not open yet: the methods of `ops` that are not
 * NULL replace the server's. So the mixin that came last is asked first. It must live as long as
 * the server and all that serves its requests.
 * name: the mixin's own, for server_mixin_named; it must be another for each mixin of a server
 */
void server_mix_in(struct server *server, struct server_mixin *mixin, const char *name,
                   const struct server_ops *ops);

/* Returns the server's mixin with this name, from which container_of leads to the whole; NULL if
 * it has none. This is how a method of a mixin, which gets the server, finds what it has. */
struct server_mixin *server_mixin_named(const struct server *server, const char *name);

/* ThreadingMixIn. */
struct threading_mixin {
    struct server_mixin base;
    bool daemon_threads; /* server_close does not wait for them */
    bool block_on_close; /* server_close waits for them: the default */
    size_t stack_size;   /* of a thread, in bytes: 64 KiB, or the least that the system
                            allows. Your handler may need more */

    pthread_mutex_t lock; /* of `active` */
    pthread_cond_t ended; /* one of the threads has */
    size_t active;        /* how many there are */
};

/*
 * Gives each request a thread of its own: replaces process_request, server_close and
 * active_requests of an initialised server. Its attributes may be changed until the first request. A thread takes
 * no signals.
 */
void threading_mixin(struct server *server, struct threading_mixin *mixin);

/* ForkingMixIn. */
struct forking_mixin {
    struct server_mixin base;
    size_t max_children; /* when there are so many, all newcomers wait: 40 */
    bool block_on_close; /* server_close waits for them: the default */

    pid_t *active_children;
    size_t count; /* of active_children */
    size_t size;  /* for how many there is room */
};

/*
 * Gives each request a process of its own: replaces process_request, server_close,
 * service_actions, handle_timeout and active_requests of an initialised server. If the server has
 * no timeout, it gets one of 300, as in Python: children are reaped at least so often.
 * Its attributes may be changed until the first request. The child has no descriptor of the
 * listener, and SIGTERM ends it, whatever the program has made of that signal.
 */
void forking_mixin(struct server *server, struct forking_mixin *mixin);

/* collect_children: reaps the children that have ended; with `blocking`, waits for all. */
void forking_mixin_collect_children(struct server *server, bool blocking);

/* ThreadingTCPServer and its seven sisters: the server's init function, and then the mixin. */
void threading_tcp_server_init(struct server *server, struct threading_mixin *mixin,
                               const struct server_ops *ops,
                               const struct request_handler_class *handler_class);
void threading_udp_server_init(struct server *server, struct threading_mixin *mixin,
                               const struct server_ops *ops,
                               const struct request_handler_class *handler_class);
void threading_unix_stream_server_init(struct server *server,
                                       struct threading_mixin *mixin,
                                       const struct server_ops *ops,
                                       const struct request_handler_class *handler_class);
void threading_unix_datagram_server_init(
    struct server *server, struct threading_mixin *mixin, const struct server_ops *ops,
    const struct request_handler_class *handler_class);
void forking_tcp_server_init(struct server *server, struct forking_mixin *mixin,
                             const struct server_ops *ops,
                             const struct request_handler_class *handler_class);
void forking_udp_server_init(struct server *server, struct forking_mixin *mixin,
                             const struct server_ops *ops,
                             const struct request_handler_class *handler_class);
void forking_unix_stream_server_init(struct server *server, struct forking_mixin *mixin,
                                     const struct server_ops *ops,
                                     const struct request_handler_class *handler_class);
void forking_unix_datagram_server_init(struct server *server, struct forking_mixin *mixin,
                                       const struct server_ops *ops,
                                       const struct request_handler_class *handler_class);

#endif
