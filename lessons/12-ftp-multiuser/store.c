/*
 * store.c - files from the client, as store.h says.
 */
#include "store.h"

#include "access_log.h"
#include "ascii.h"
#include "net.h"
#include "transfer.h"
#include "upload.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is received at once, at most: the more bytes are taken, the less often the client has to be woken. Memory
 * is used only for as many as come. */
enum { PIECE = 1024 * 1024 };

/* ---- the bytes ---- */

/* Receives pieces up to the end of the stream, and adds them. There is room for one byte more than a
 * piece. */
static enum transfer_end receive_pieces(struct transfer *transfer, struct upload *upload,
                                        char *piece)
{
    const bool is_ascii = !transfer->session->is_binary;
    enum transfer_end end = TRANSFER_DONE;
    bool has_cr = false;
    size_t count = 1;

    while (count > 0) {
        end = transfer_receive(transfer, piece, PIECE, &count);
        if (end != TRANSFER_DONE)
            return end;
        size_t length = is_ascii ? ascii_to_file(piece, count, &has_cr) : count;
        if (upload_add(upload, piece, length) == -1)
            return TRANSFER_FILE;
    }
    if (has_cr && upload_add(upload, "\r", 1) == -1)
        return TRANSFER_FILE;
    return TRANSFER_DONE;
}

/* Receives the file, and gives it its name. */
static enum transfer_end receive_file(struct transfer *transfer, struct upload *upload)
{
    char *piece = malloc(PIECE + 1);

    if (piece == NULL)
        return TRANSFER_FILE;
    enum transfer_end end = receive_pieces(transfer, upload, piece);
    if (end == TRANSFER_DONE &&
        upload_finish(upload, !session_server(transfer->session)->no_sync) == -1)
        end = TRANSFER_FILE;
    const int error = errno;
    free(piece);
    errno = error;
    return end;
}

/* ---- STOR, APPE, STOU ---- */

/* Where the new bytes are to begin. */
enum { AT_END = -1 };

/* Stores into an upload that is open, from `offset` on. */
static void store_open(struct session *self, struct upload *upload, const char *verb,
                       const char *path, off_t offset, const char *what)
{
    struct transfer transfer;

    if (upload_begin(upload, offset == AT_END ? upload_size(upload) : offset) == -1) {
        if (errno == EINVAL)
            control_reply(&self->control, 554, "%s: it has %jd bytes only", path,
                          (intmax_t)upload_size(upload));
        else
            session_refuse_file(self, path, errno);
        return;
    }
    if (!data_open(self, what))
        return;
    transfer_begin(&transfer, self, verb, path);
    enum transfer_end end = receive_file(&transfer, upload);
    const int error = errno;
    /* Who has no room for it will not have room for its rest. */
    if (end == TRANSFER_FILE)
        upload_delete(upload);
    errno = error;
    transfer_conclude(&transfer, end, ACCESS_IN);
    session_log(self, end == TRANSFER_DONE ? "put " : "interrupted: put ", path);
}

/* Opens the upload of `path`, and stores into it. */
static void store(struct session *self, const char *verb, const char *path, off_t offset,
                  const char *what)
{
    const char *name = path_name(path);
    struct upload upload;

    if (path_may_be_named(name) == -1) {
        control_reply(&self->control, 553, "%s: this can't be the name of a file", path);
        return;
    }
    int directory = path_open_parent(self->home, path);
    if (directory == -1) {
        session_refuse(self, 550, path, errno);
        return;
    }
    if (upload_open(&upload, directory, name, self->quota) == -1) {
        session_refuse(self, errno == EBUSY ? 450 : 550, path, errno);
    } else {
        store_open(self, &upload, verb, path, offset, what);
        upload_close(&upload);
    }
    close(directory);
}

void handle_stor(struct session *self, const char *argument)
{
    char path[PATH_SIZE];

    if (session_resolve(self, argument, path))
        store(self, "STOR", path, self->restart, "ready for the file");
}

void handle_appe(struct session *self, const char *argument)
{
    char path[PATH_SIZE];

    if (session_resolve(self, argument, path))
        store(self, "APPE", path, AT_END, "ready for the rest of the file");
}

/* STOU: the server chooses a name that nothing has, and tells it as RFC 1123, 4.1.2.9 wants it. */
void handle_stou(struct session *self, const char *argument)
{
    char name[32], what[64], path[PATH_SIZE];
    unsigned char random[8];
    struct stat about;

    (void)argument;
    do {
        RAND_bytes(random, sizeof random);
        snprintf(name, sizeof name, "stou.%02x%02x%02x%02x%02x%02x%02x%02x", random[0],
                 random[1], random[2], random[3], random[4], random[5], random[6],
                 random[7]);
        if (!session_resolve(self, name, path))
            return;
    } while (path_stat(self->home, path, &about) == 0);
    snprintf(what, sizeof what, "FILE: %s", name);
    store(self, "STOU", path, 0, what);
}

/* ---- ALLO ---- */

/* ALLO SIZE: nothing has to be allocated, but it may be known already that there is no room. */
void handle_allo(struct session *self, const char *argument)
{
    char *end;

    errno = 0;
    const long long size = strtoll(argument, &end, 10);
    const off_t available = quota_available(self->quota);
    if (end == argument || size < 0 || errno != 0 || (*end != '\0' && *end != ' '))
        control_reply(&self->control, 501, "ALLO takes a number of bytes");
    else if (available >= 0 && size > available)
        control_reply(&self->control, 552, "your quota has room for %jd bytes",
                      (intmax_t)available);
    else
        control_reply(&self->control, 202, "nothing needs to be allocated");
}
