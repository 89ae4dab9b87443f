/*
 * session.c - one client, from the first reply to the last, as session.h says.
 */
#include "session.h"

#include "address.h"
#include "cli.h"
#include "command.h"
#include "guard.h"
#include "listing.h"
#include "login.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ftp_server *ftp_server_of(struct server *server)
{
    return container_of(server, struct ftp_server, base);
}

void ftp_server_log(struct server *server, const struct request *request,
                    const char *event, const char *bytes, size_t length)
{
    char name[SERVER_NAME_SIZE];

    if (ftp_server_of(server)->quiet)
        return;
    server_format_address(&request->client_address, request->client_address_length, name);
    cli_log(name, event, bytes, length);
}

/* ---- for the modules that answer commands ---- */

struct ftp_server *session_server(const struct session *self)
{
    return ftp_server_of(self->base.server);
}

void session_log(const struct session *self, const char *event, const char *text)
{
    ftp_server_log(self->base.server, self->base.request, event, text, strlen(text));
}

const char *session_directory(const struct session *self)
{
    return self->directory != NULL ? self->directory : "/";
}

bool session_set_path(struct session *self, char **place, const char *path)
{
    char *copy = path != NULL ? strdup(path) : NULL;

    if (path != NULL && copy == NULL) {
        control_reply(&self->control, 451, "%s", strerror(errno));
        return false;
    }
    free(*place);
    *place = copy;
    return true;
}

bool session_resolve(struct session *self, const char *argument, char path[PATH_SIZE])
{
    if (path_resolve(session_directory(self), argument, path) == 0)
        return true;
    control_reply(&self->control, 553, "this can't be a path: %s", strerror(errno));
    return false;
}

void session_refuse(struct session *self, int code, const char *name, int error)
{
    const char *reason = strerror(error);

    if (error == EBUSY)
        reason = "somebody is storing this file";
    else if (error == EDQUOT)
        reason = "your quota is used up";
    else if (error == ELOOP)
        reason = "a symbolic link is not followed";
    control_reply(&self->control, code, "%s: %s", name, reason);
}

void session_refuse_file(struct session *self, const char *path, int error)
{
    session_refuse(self,
                   error == EDQUOT   ? 552
                   : error == ENOSPC ? 452
                                     : 451,
                   path, error);
}

void session_reset(struct session *self)
{
    self->is_binary = self->has_pbsz = self->protects_data = false;
    self->facts = LISTING_ALL & ~LISTING_UNIQUE;
    self->restart = 0;
}

/* ---- the handler ---- */

static struct session *session_of(struct request_handler *handler)
{
    return container_of(handler, struct session, base);
}

static int setup(struct request_handler *handler)
{
    struct session *self = session_of(handler);
    socklen_t length = sizeof self->local;
    const int fd = handler->request->fd;

    ftp_server_log(handler->server, handler->request, "connected", NULL, 0);
    if (getsockname(fd, (struct sockaddr *)&self->local, &length) == -1 ||
        control_open(&self->control, fd, session_server(self)->timeout) == -1)
        return -1;
    self->peer = handler->request->client_address;
    address_unmap(&self->peer);
    address_unmap(&self->local);
    data_init(&self->data);
    self->home = -1;
    self->login_by = net_now() + session_server(self)->timeout;
    login_end(self);
    session_reset(self);
    return 0;
}

/* Says why the connection ends, if the client can still be told. */
static void say_why(struct session *self, int result)
{
    const int error = errno;

    if (result == 0 || error == ECONNRESET || error == EPIPE)
        return;
    if (error == ETIMEDOUT)
        control_reply(&self->control, 421, "nothing has come for too long");
    else
        control_reply(&self->control, 421, "%s", strerror(error));
    session_log(self, "failed: ", strerror(error));
}

/* How long to wait for the next command; 0: no limit. Commands without a login do not make it longer. */
static double time_for_command(const struct session *self)
{
    const struct ftp_server *server = session_server(self);

    if (self->is_logged_in || server->timeout == 0)
        return self->is_logged_in ? server->idle : 0;
    const double left = self->login_by - net_now();
    return left > 0 ? left : 0.001;
}

static int handle(struct request_handler *handler)
{
    struct session *self = session_of(handler);
    char *line;
    size_t length;

    control_reply(&self->control, 220, "Twelve Sockets, lesson 12: USER, please");
    while (!self->is_over) {
        int result =
            control_receive(&self->control, time_for_command(self), &line, &length);
        if (result == 1) {
            command_answer(self, line, length);
        } else if (result == -1 && errno == EMSGSIZE) {
            command_refuse(self, 500, "the line is too long");
        } else {
            say_why(self, result);
            break;
        }
    }
    if (control_flush(&self->control) == 0 && channel_end(&self->control.channel) == 0) {
        fcntl(handler->request->fd, F_SETFL, 0); /* to wait for the client's end */
        net_linger(handler->request->fd);
    }
    return 0;
}

static int finish(struct request_handler *handler)
{
    struct session *self = session_of(handler);

    data_close(&self->data);
    login_end(self);
    control_close(&self->control);
    OPENSSL_thread_stop(); /* gives back what OpenSSL keeps for this thread */
    ftp_server_log(handler->server, handler->request, "left", NULL, 0);
    return 0;
}

const struct request_handler_class session_class = {
    .size = sizeof(struct session),
    .setup = setup,
    .handle = handle,
    .finish = finish,
};
