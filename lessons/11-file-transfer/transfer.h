/*
 * transfer.h - lines and the bytes of files, between a connection and the disk, for both programs of
 * lesson 11.
 *
 * Nothing here has a whole file in memory: it moves piece by piece, and the digest is computed on
 * its way.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "digest.h"
#include "part.h"
#include "progress.h"
#include "request_handler.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* As large as it can be without leaving the caches of the CPU. */
enum { TRANSFER_PIECE = 128 * 1024 };

/* One end of a connection. */
struct transfer {
    struct rfile *rfile;
    struct wfile *wfile;
    struct progress *progress; /* is told of each piece; or NULL */
    bool may_be_answered;      /* an answer before the end of a file stops the sending */
    char piece[TRANSFER_PIECE];
};

/* How the transfer of a file has ended. The first one is the only success. */
enum transfer_end {
    TRANSFER_DONE,
    TRANSFER_BROKEN,   /* errno tells what the connection has; ECONNRESET: it has ended */
    TRANSFER_FILE,     /* errno tells what the file has; EIO: it has become shorter */
    TRANSFER_ANSWERED, /* the peer has answered before all was sent */
};

/*
 * Sends what waits in wfile, and receives a line that is not empty. *line points to its *length
 * bytes, without its end, "\n" or "\r\n"; they are valid until more is received.
 * Returns 1; 0 if the stream has ended; or -1 with errno EMSGSIZE (longer than PROTOCOL_LINE),
 * ECONNRESET (the stream has ended inside it), or set by rfile_readline or wfile_flush.
 */
int transfer_receive_line(struct transfer *transfer, const char **line, size_t *length);

/*
 * Adds the first `length` bytes of a file to the digest. This may take long, and the peer waits: so
 * an empty line is sent now and then, which transfer_receive_line passes over.
 * Returns 0, or -1 with errno as digest_add_file, or as wfile_flush.
 */
int transfer_add_file(struct transfer *transfer, struct digest *digest, int file,
                      off_t length);

/* Writes a line, which is sent before the next one is received. Its end is added.
 * Returns 0, or -1 as wfile_write. */
__attribute__((format(printf, 2, 3))) int transfer_write_line(struct transfer *transfer,
                                                              const char *format, ...);

/* Receives exactly `length` bytes, at most TRANSFER_PIECE, into transfer->piece. Returns 0, or -1
 * with errno as for TRANSFER_BROKEN. */
int transfer_receive_bytes(struct transfer *transfer, size_t length);

/* Receives bytes and adds them to the part and to the digest (unless that is NULL), until the part
 * has `size`. What has come so far is in the part, however it ends; a thread computes the digest. */
enum transfer_end transfer_receive_file(struct transfer *transfer, struct part *part,
                                        off_t size, struct digest *digest);

/* Sends the bytes of `file` from `from` up to `size`, and adds them to the digest; without one
 * (NULL), the kernel copies them from the file to the socket itself, if it can. */
enum transfer_end transfer_send_file(struct transfer *transfer, int file, off_t from,
                                     off_t size, struct digest *digest);

#endif
