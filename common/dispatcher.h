/*
 * dispatcher.h - the objects whose methods the loop of asyncore.h calls: sockets, sockets with a
 * buffer for what can't be sent at once, and files. asyncore.h, which includes this, says how a
 * class is made, and what a method returns.
 */
#ifndef DISPATCHER_H
#define DISPATCHER_H

#include "buffer.h"
#include "class.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

struct socket_map;
struct dispatcher;

/* The methods of a class. All but readable, writable and destroy return 0, or -1 with errno
 * set; recv and send return a number of bytes. */
struct dispatcher_ops {
    /* Whether to call handle_read (of a listener, handle_accept) when something has come.
     * They only look: they change nothing, and close nothing. */
    bool (*readable)(struct dispatcher *d);
    /* Whether to call handle_write when there is room to send. There almost always is: an
     * object that says true without a reason keeps the CPU busy. */
    bool (*writable)(struct dispatcher *d);

    int (*handle_connect)(struct dispatcher *d); /* the connection is there */
    int (*handle_accept)(struct dispatcher *d);  /* a client waits for the listener */
    /* A client was accepted: the socket `fd` belongs to this method, even if it fails. A failure is the
     * listener's: the base's handle_error closes that. One of this client alone is to be said here,
     * and 0 to be returned. */
    int (*handle_accepted)(struct dispatcher *d, int fd,
                           const struct sockaddr_storage *peer);
    int (*handle_read)(struct dispatcher *d);  /* something has come; or the end has */
    int (*handle_write)(struct dispatcher *d); /* there is room to send */
    int (*handle_expt)(struct dispatcher *d);  /* urgent data has come */
    int (*handle_close)(struct dispatcher *d); /* the other side has ended */
    void (*handle_error)(struct dispatcher *d, int error); /* a method failed; an errno */

    ssize_t (*recv)(struct dispatcher *d, void *bytes, size_t size);
    ssize_t (*send)(struct dispatcher *d, const void *bytes, size_t length);

    /* Frees what the object has, and itself if it was allocated. Called once, and last. */
    void (*destroy)(struct dispatcher *d);
};

/* A class derived from it may read all of these. */
struct dispatcher {
    struct dispatcher_ops ops;
    struct socket_map *map;
    int fd; /* -1: none yet */
    bool connected, accepting, connecting;
    bool closing;                 /* dispatcher_close was called */
    bool broken;                  /* send has failed: the other side is gone */
    bool is_changed;              /* in the list of the map */
    struct dispatcher *next;      /* there */
    int wanted;                   /* events of poll(2) that the loop waits for */
    struct sockaddr_storage addr; /* own, after bind; else the other side's */
};

/* ---- dispatcher ---- */

/* Fills each slot of `ops` that is NULL from `base`. For the init of a derived class. */
void dispatcher_inherit(struct dispatcher_ops *ops, const struct dispatcher_ops *base);

/*
 * Begins an object, which must stay where it is. With a descriptor, it is the object's from
 * now on, non-blocking, and in the map; a socket that listens is `accepting` at once.
 * ops: the methods of its class; copied
 * fd:  a socket; or -1, for dispatcher_create_socket
 * map: NULL for the default map
 * Returns 0, or -1 with errno set: then the descriptor stays the caller's, and there is no
 * object that would have to be closed. Python: __init__.
 */
int dispatcher_init(struct dispatcher *d, const struct dispatcher_ops *ops, int fd,
                    struct socket_map *map);

/* Gives the object a new non-blocking socket. Returns 0, or -1 with errno set by socket(2)
 * or fcntl(2), ENOMEM, or EEXIST if it has one. */
int dispatcher_create_socket(struct dispatcher *d, int family, int type);

/* Sets SO_REUSEADDR. Returns 0, or -1 with errno set by setsockopt(2). */
int dispatcher_set_reuse_addr(struct dispatcher *d);

/* As bind(2) and listen(2) do. Returns 0, or -1 with errno set. */
int dispatcher_bind(struct dispatcher *d, const struct sockaddr *address,
                    socklen_t length);
int dispatcher_listen(struct dispatcher *d, int backlog);

/*
 * Begins to connect, and does not wait: handle_connect is called when the connection is
 * there (for some, before this returns), handle_error when there will be none.
 * Returns 0, or -1 with errno set by connect(2) or by handle_connect.
 */
int dispatcher_connect(struct dispatcher *d, const struct sockaddr *address,
                       socklen_t length);

/*
 * Takes the next client of a listener, and writes its address into `peer`.
 * Returns its socket, the caller's; or -1 with errno EAGAIN, when there is none (any more);
 * or else as accept(2) sets it. If that is for want of descriptors or memory, the listeners
 * of the map rest for a second, or until an object is destroyed.
 */
int dispatcher_accept(struct dispatcher *d, struct sockaddr_storage *peer);

/*
 * Receives at most `size` bytes. Returns how many; or 0 at the end of the stream, or when
 * the connection was reset, after it has called handle_close; or -1 with errno EAGAIN when
 * nothing has come, or as recv(2) or handle_close set it. So a handler may begin with
 *     ssize_t received = d->ops.recv(d, bytes, size);
 *     if (received <= 0)
 *         return (int)received;
 */
ssize_t dispatcher_recv(struct dispatcher *d, void *bytes, size_t size);

/*
 * Sends what the kernel takes of `length` bytes. Returns how many, 0 too; or -1 with errno
 * set by send(2). If the other side is gone it returns `length`, because nobody needs to
 * keep them: recv will say so after what came before, or, if the object does not want to
 * read, the loop calls handle_close.
 */
ssize_t dispatcher_send(struct dispatcher *d, const void *bytes, size_t length);

/* Closes the object; asyncore.h says what is then called, and when. A second call does nothing. */
void dispatcher_close(struct dispatcher *d);

/* Has the loop ask the object again what it waits for. To be called when another than its
 * own handlers has changed what readable or writable say. */
void dispatcher_update(struct dispatcher *d);

/* What the loop calls; they see to `connecting` and `accepting`, and call the handlers. */
int dispatcher_handle_read_event(struct dispatcher *d);
int dispatcher_handle_write_event(struct dispatcher *d);
int dispatcher_handle_connect_event(struct dispatcher *d);
int dispatcher_handle_expt_event(struct dispatcher *d);

/* The methods of the base. */
bool dispatcher_readable(struct dispatcher *d);      /* true */
bool dispatcher_writable(struct dispatcher *d);      /* true */
int dispatcher_handle_connect(struct dispatcher *d); /* nothing */
int dispatcher_handle_accept(struct dispatcher *d);  /* accepts, and: handle_accepted */
int dispatcher_handle_accepted(struct dispatcher *d, int fd, /* closes fd */
                               const struct sockaddr_storage *peer);
int dispatcher_handle_read(struct dispatcher *d);  /* nothing */
int dispatcher_handle_write(struct dispatcher *d); /* nothing */
int dispatcher_handle_expt(struct dispatcher *d);  /* nothing: it is never called */
int dispatcher_handle_close(struct dispatcher *d); /* dispatcher_close */
void dispatcher_handle_error(struct dispatcher *d, int error); /* a line on stderr, and
                       handle_close, unless it is a listener that rests */
void dispatcher_destroy(struct dispatcher *d);                 /* nothing */

/* ---- dispatcher_with_send: what can't be sent at once waits in a buffer ---- */

struct dispatcher_with_send {
    struct dispatcher dispatcher;
    struct buffer out_buffer;
};

/* As dispatcher_init. */
int dispatcher_with_send_init(struct dispatcher_with_send *w,
                              const struct dispatcher_ops *ops, int fd,
                              struct socket_map *map);

/* How many bytes wait. There is no limit: readable may set one. */
size_t dispatcher_with_send_waiting(const struct dispatcher_with_send *w);

/* Sends what fits of what waits. Returns 0, or -1 with errno set as by dispatcher_send. */
int dispatcher_with_send_initiate_send(struct dispatcher_with_send *w);

/* Its methods. `send` takes all bytes: it returns length, or -1 with errno ENOMEM or as
 * dispatcher_send. A destroy of your own calls this one before it frees the object. */
bool dispatcher_with_send_writable(struct dispatcher *d);
int dispatcher_with_send_handle_write(struct dispatcher *d);
ssize_t dispatcher_with_send_send(struct dispatcher *d, const void *bytes, size_t length);
void dispatcher_with_send_destroy(struct dispatcher *d);

/* ---- file_dispatcher: a pipe or a terminal in place of a socket ---- */

/*
 * As dispatcher_init, but for a file. The object gets a descriptor of its own, by dup(2), so
 * `fd` stays the caller's; but both become non-blocking. SIGPIPE must be ignored if
 * the object writes. select and poll call a regular file always ready; epoll refuses it, and
 * handle_error gets EPERM.
 */
int file_dispatcher_init(struct dispatcher *d, const struct dispatcher_ops *ops, int fd,
                         struct socket_map *map);

/* Its methods, with read(2) and write(2). */
ssize_t file_dispatcher_recv(struct dispatcher *d, void *bytes, size_t size);
ssize_t file_dispatcher_send(struct dispatcher *d, const void *bytes, size_t length);

#endif
