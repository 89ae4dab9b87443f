/*
 * handler.c - what a client gets: its requests are answered, one after the other.
 *
 * Each function that answers returns 0, also after an ERR, if the next request can be read; else
 * -1 with errno, and the connection ends.
 */
#include "handler.h"

#include "cli.h"
#include "digest.h"
#include "file.h"
#include "net.h"
#include "part.h"
#include "protocol.h"
#include "transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct file_server *file_server_of(struct server *server)
{
    return container_of(server, struct file_server, base);
}

void file_server_log(struct server *server, const struct request *request,
                     const char *event, const char *bytes, size_t length)
{
    char name[SERVER_NAME_SIZE];

    if (file_server_of(server)->quiet)
        return;
    server_format_address(&request->client_address, request->client_address_length, name);
    cli_log(name, event, bytes, length);
}

struct file_handler {
    struct stream_request_handler stream;
    struct transfer transfer;
    bool is_over; /* the connection ends, and it was said why */
};

/* ---- answers ---- */

static struct file_server *server_of(const struct file_handler *self)
{
    return file_server_of(self->stream.base.server);
}

static void log_event(const struct file_handler *self, const char *event,
                      const char *name)
{
    file_server_log(self->stream.base.server, self->stream.base.request, event, name,
                    strlen(name));
}

/* Answers "ERR REASON", and logs it. Returns 0; or -1, if that could not be sent. */
static int refuse(struct file_handler *self, const char *reason)
{
    log_event(self, "refused: ", reason);
    return transfer_write_line(&self->transfer, "ERR %s", reason);
}

/* The same, when bytes may be on their way that nobody wants: the connection must end, in an order
 * in which the client gets the answer. Keeps errno. Returns -1. */
static int refuse_and_end(struct file_handler *self, const char *reason)
{
    const int error = errno;

    self->is_over = true;
    if (refuse(self, reason) == 0 && wfile_flush(self->transfer.wfile) == 0)
        net_linger(self->stream.base.request->fd);
    errno = error;
    return -1;
}

/* ---- PUT ---- */

/* The digest that the file must have: that of the request, or the line behind the bytes. */
static int receive_digest(struct file_handler *self, struct command *command)
{
    const char *line;
    size_t length;

    if (command->digest[0] != '\0')
        return 0;
    int result = transfer_receive_line(&self->transfer, &line, &length);
    if (result == 0)
        errno = ECONNRESET;
    if (result != 1)
        return -1;
    return protocol_parse_digest(line, length, command->digest);
}

/* A file is whole: it gets its name, and its digest is kept. Returns as part_finish. */
static int finish(struct file_handler *self, struct part *part, const char *name,
                  const char *digest)
{
    const struct file_server *server = server_of(self);
    struct stat before, now;

    /* A digest of a small file costs less than to look for one. */
    const bool is_worth_it =
        part->size > PROTOCOL_SMALL && fstat(part->file, &before) == 0;
    if (part_finish(part, server->root, name, !server->no_sync) == -1)
        return -1;
    /* As soon as it has its name, somebody may have written to it. */
    if (is_worth_it && file_is_only_renamed(part->file, &before, &now))
        digest_keep(server->digests, name, &now, digest);
    log_event(self, "put ", name);
    return 0;
}

/* Stores a small file that has come whole. Returns 0, or -1 with errno. */
static int store_small(struct file_handler *self, const struct command *command)
{
    const struct file_server *server = server_of(self);
    struct part part;

    if (file_may_take(server->root, command->name) == -1 ||
        part_open(&part, server->parts, command->name) == -1)
        return -1;
    int result = part_restart(&part);
    if (result == 0)
        result = part_add(&part, self->transfer.piece, (size_t)command->number);
    if (result == 0)
        result = finish(self, &part, command->name, command->digest);
    if (result == -1)
        part_delete(&part);
    part_close(&part);
    return result;
}

/* Its bytes follow at once, so they are received in any case, and the next request can be read. */
static int put_small(struct file_handler *self, struct command *command)
{
    const size_t size = (size_t)command->number;
    char computed[DIGEST_SIZE];

    if (transfer_receive_bytes(&self->transfer, size) == -1 ||
        receive_digest(self, command) == -1)
        return -1;
    if (digest_of(self->transfer.piece, size, computed) == -1)
        return refuse(self, strerror(errno));
    if (strcmp(computed, command->digest) != 0)
        return refuse(self, "the digest differs");
    if (store_small(self, command) == -1)
        return refuse(self, file_reason(errno));
    return transfer_write_line(&self->transfer, "OK %s", computed);
}

/* What the server has of a file already. */
struct offer {
    off_t offset;             /* so many bytes */
    bool is_whole;            /* they are the file that has the name already */
    char digest[DIGEST_SIZE]; /* theirs, if there are any */
};

/* Looks for what there is. Adds the bytes of the part to the digest. Returns 0, or -1 with errno. */
static int make_offer(struct file_handler *self, const struct command *command,
                      struct part *part, struct digest *digest, struct offer *offer)
{
    const struct file_server *server = server_of(self);
    struct stat about;

    *offer = (struct offer){0};
    if (part->size > 0 && part->size <= command->number) {
        offer->offset = part->size;
        if (transfer_add_file(&self->transfer, digest, part->file, part->size) == -1)
            return -1;
        return digest_text(digest, offer->digest);
    }
    if (part_restart(part) == -1)
        return -1;
    if (fstatat(server->root, command->name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
        about.st_size == command->number &&
        digest_recall(server->digests, command->name, &about, offer->digest)) {
        offer->offset = about.st_size;
        offer->is_whole = true;
    }
    return 0;
}

/* Offers it, and learns from where the client will send: from there, or from the beginning. */
static int agree(struct file_handler *self, struct part *part, struct digest *digest,
                 struct offer *offer)
{
    const char *line;
    size_t length;
    off_t from;

    if (transfer_write_line(&self->transfer, "OK %jd %s", (intmax_t)offer->offset,
                            offer->offset > 0 ? offer->digest : "-") == -1)
        return -1;
    int result = transfer_receive_line(&self->transfer, &line, &length);
    if (result == 0)
        errno = ECONNRESET;
    if (result != 1 || protocol_parse_from(line, length, &from) == -1)
        return -1;
    if (from == offer->offset)
        return 0;
    errno = EBADMSG;
    if (from != 0)
        return -1;
    *offer = (struct offer){0};
    return part_restart(part) == -1 ? -1 : digest_restart(digest);
}

/* All bytes are there. If their digest is right, the file gets its name. */
static int conclude(struct file_handler *self, struct command *command, struct part *part,
                    const struct digest *digest, struct offer *offer)
{
    if (receive_digest(self, command) == -1)
        return -1;
    if (!offer->is_whole && digest_text(digest, offer->digest) == -1)
        return -1;
    bool is_right = strcmp(offer->digest, command->digest) == 0;
    if (!is_right || offer->is_whole)
        part_delete(part);
    if (!is_right)
        return refuse(self, "the digest differs");
    if (!offer->is_whole && finish(self, part, command->name, command->digest) == -1)
        return refuse(self, file_reason(errno));
    return transfer_write_line(&self->transfer, "OK %s", command->digest);
}

/* Receives a large file into a part that is open. */
static int receive_large(struct file_handler *self, struct command *command,
                         struct part *part, struct digest *digest)
{
    struct offer offer;

    if (make_offer(self, command, part, digest, &offer) == -1)
        return refuse(self, file_reason(errno));
    if (agree(self, part, digest, &offer) == -1)
        return -1;
    enum transfer_end end = TRANSFER_DONE;
    if (!offer.is_whole)
        end = transfer_receive_file(&self->transfer, part, command->number, digest);
    if (end == TRANSFER_FILE)
        return refuse_and_end(self, file_reason(errno));
    if (end != TRANSFER_DONE)
        return -1;
    return conclude(self, command, part, digest, &offer);
}

static int put_large(struct file_handler *self, struct command *command)
{
    const struct file_server *server = server_of(self);
    struct part part;
    struct digest digest;

    if (file_may_take(server->root, command->name) == -1)
        return refuse(self, file_reason(errno));
    if (part_open(&part, server->parts, command->name) == -1)
        return refuse(self, file_reason(errno));
    int result;
    if (digest_begin(&digest) == -1) {
        result = refuse(self, strerror(errno));
    } else {
        result = receive_large(self, command, &part, &digest);
        const int error = errno;
        digest_end(&digest);
        errno = error;
    }
    part_close(&part);
    return result;
}

static int put(struct file_handler *self, struct command *command)
{
    return command->number <= PROTOCOL_SMALL ? put_small(self, command)
                                             : put_large(self, command);
}

/* ---- GET ---- */

/* Sends the bytes from the offset on, and the digest of the whole: that which is `known`; or the
 * computed one, if there is a `digest`. */
static int send_file(struct file_handler *self, const struct command *command, int file,
                     const struct stat *about, struct digest *digest, char *known)
{
    const struct file_server *server = server_of(self);
    const bool is_old = about->st_ctim.tv_sec < time(NULL) - 1;

    if (digest != NULL &&
        transfer_add_file(&self->transfer, digest, file, command->number) == -1)
        return refuse(self, file_reason(errno));
    if (transfer_write_line(&self->transfer, "OK %jd", (intmax_t)about->st_size) == -1)
        return -1;
    if (transfer_send_file(&self->transfer, file, command->number, about->st_size,
                           digest) != TRANSFER_DONE)
        return -1;
    if (digest != NULL && digest_text(digest, known) == -1)
        return -1;
    if (file_has_changed(file, about))
        return refuse(self, "the file has changed while it was sent");
    /* A file that was just written may be written again, and have the same times: clocks of
     * file systems stand still for some milliseconds. */
    if (digest != NULL && is_old && about->st_size > PROTOCOL_SMALL)
        digest_keep(server->digests, command->name, about, known);
    log_event(self, "get ", command->name);
    return transfer_write_line(&self->transfer, "OK %s", known[0] != '\0' ? known : "-");
}

/* Decides whether a digest must be computed. */
static int get_open_file(struct file_handler *self, struct command *command, int file,
                         const struct stat *about)
{
    char known[DIGEST_SIZE] = "";
    struct digest digest;

    /* A client that has more than there is gets no bytes, and the digest tells it why. */
    if (command->number > about->st_size)
        command->number = about->st_size;
    if (command->unverified ||
        digest_recall(server_of(self)->digests, command->name, about, known))
        return send_file(self, command, file, about, NULL, known);
    known[0] = '\0';
    if (digest_begin(&digest) == -1)
        return refuse(self, strerror(errno));
    int result = send_file(self, command, file, about, &digest, known);
    const int error = errno;
    digest_end(&digest);
    errno = error;
    return result;
}

static int get(struct file_handler *self, struct command *command)
{
    struct stat about;
    int file = file_open(server_of(self)->root, command->name, O_NOFOLLOW, &about);

    if (file == -1)
        return refuse(self, file_reason(errno));
    int result = get_open_file(self, command, file, &about);
    net_close_keep_errno(file);
    return result;
}

/* ---- LIST ---- */

/* Writes a line for each regular file. Returns 0, or -1 with errno. */
static int list_directory(struct file_handler *self, DIR *directory)
{
    const struct dirent *entry;
    char word[NAME_WORD_SIZE];
    struct stat about;

    for (errno = 0; (entry = readdir(directory)) != NULL; errno = 0) {
        if (fstatat(dirfd(directory), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == -1 ||
            !S_ISREG(about.st_mode))
            continue;
        if (transfer_write_line(&self->transfer, "%s %jd",
                                name_encode(entry->d_name, word),
                                (intmax_t)about.st_size) == -1)
            return -1;
    }
    return errno == 0 ? 0 : -1;
}

/* The list ends with a dot; so if that is missing, the client knows that there is more. */
static int list(struct file_handler *self, struct command *command)
{
    (void)command;
    /* A descriptor of its own: other threads may be reading the directory, too. */
    int copy = openat(server_of(self)->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = copy == -1 ? NULL : fdopendir(copy);

    if (directory == NULL) {
        if (copy != -1)
            net_close_keep_errno(copy);
        return refuse(self, strerror(errno));
    }
    int result = transfer_write_line(&self->transfer, "OK");
    if (result == 0)
        result = list_directory(self, directory);
    const int error = errno;
    closedir(directory);
    errno = error;
    return result == 0 ? transfer_write_line(&self->transfer, ".") : -1;
}

/* ---- the handler: class FileHandler(StreamRequestHandler) ---- */

static struct file_handler *file_handler_of(struct request_handler *handler)
{
    return container_of(handler, struct file_handler, stream.base);
}

static int setup(struct request_handler *handler)
{
    struct file_handler *self = file_handler_of(handler);

    file_server_log(handler->server, handler->request, "connected", NULL, 0);
    self->stream.timeout = server_of(self)->timeout;
    self->stream.wbufsize = 4096; /* so that small answers leave together */
    self->stream.disable_nagle_algorithm = true;
    self->transfer.rfile = &self->stream.rfile;
    self->transfer.wfile = &self->stream.wfile;
    return stream_request_handler_setup(handler);
}

/* What a client can ask for. */
static const struct {
    int (*answer)(struct file_handler *self, struct command *command);
    const char *interrupted; /* is logged when the answer ends in the middle */
} commands[] = {
    [COMMAND_PUT] = {put, "interrupted: put "},
    [COMMAND_GET] = {get, "interrupted: get "},
    [COMMAND_LIST] = {list, "interrupted: list"},
};

/* Logs that the answer has ended in the middle. Keeps errno. */
static void log_interruption(struct file_handler *self, const struct command *command)
{
    const int error = errno;

    log_event(self, commands[command->what].interrupted, command->name);
    if (command->what != COMMAND_PUT) {
        /* Only in the log: an ERR would stand inside of what the client receives. */
        log_event(self, "failed: ", strerror(error));
        self->is_over = true;
    }
    errno = error;
}

/* Answers one request. */
static int answer(struct file_handler *self, const char *line, size_t length)
{
    struct command command;
    const char *reason = protocol_parse_command(line, length, &command);

    if (reason != NULL) {
        /* Behind a PUT there may be bytes, nobody knows how many. */
        return command.what == COMMAND_PUT ? refuse_and_end(self, reason)
                                           : refuse(self, reason);
    }
    int result = commands[command.what].answer(self, &command);
    if (result == -1 && !self->is_over)
        log_interruption(self, &command);
    return result;
}

/* Why the connection must end, for ERR; NULL, if the client can't be told. */
static const char *reason_to_end(int error)
{
    switch (error) {
    case EBADMSG:
        return "another line must come here";
    case EMSGSIZE:
        return "the line is too long";
    case ETIMEDOUT:
        return "nothing has come for too long";
    default:
        return NULL;
    }
}

static int handle(struct request_handler *handler)
{
    struct file_handler *self = file_handler_of(handler);
    const char *line;
    size_t length;
    int result;

    do {
        result = transfer_receive_line(&self->transfer, &line, &length);
        if (result == 1 && answer(self, line, length) == -1)
            result = -1;
    } while (result == 1);
    if (result == 0 || self->is_over)
        return 0;
    const char *reason = reason_to_end(errno);
    if (reason != NULL)
        refuse_and_end(self, reason);
    else
        log_event(self, "failed: ", strerror(errno));
    return 0;
}

static int finish_handler(struct request_handler *handler)
{
    OPENSSL_thread_stop(); /* gives back what OpenSSL keeps for this thread */
    file_server_log(handler->server, handler->request, "left", NULL, 0);
    return stream_request_handler_finish(handler);
}

const struct request_handler_class file_handler_class = {
    .size = sizeof(struct file_handler),
    .base = &stream_request_handler_class,
    .setup = setup,
    .handle = handle,
    .finish = finish_handler,
};
