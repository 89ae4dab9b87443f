/*
 * retrieve.c - files and listings for the client, as retrieve.h says.
 */
#include "retrieve.h"

#include "access_log.h"
#include "listing.h"
#include "net.h"
#include "transfer.h"
#include "upload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- RETR ---- */

/* Says why there is no such file to read; of a part, that it is one. */
static void refuse_file(struct session *self, const char *path, int error)
{
    struct stat about;

    if (error == ENOENT && upload_has_part(self->home, path, &about))
        control_reply(&self->control, 550,
                      "%s: it is not whole yet; %jd bytes of it are here", path,
                      (intmax_t)about.st_size);
    else
        session_refuse(self, 550, path, error);
}

void handle_retr(struct session *self, const char *argument)
{
    char path[PATH_SIZE], what[PATH_SIZE + 64];
    const off_t from = self->restart;
    struct transfer transfer;
    struct stat about;

    if (!session_resolve(self, argument, path))
        return;
    /* EXERCISE 4: open the file; if that fails, refuse_file says why. If the client wants to begin
     * behind its end, reply 554. Open the data connection, whose 150 tells the path and, in parentheses,
     * the bytes; send the file from there on, and conclude the transfer. The file is closed in any case */
    int file = path_open_file(self->home, path, &about);
    if (file == -1) {
        refuse_file(self, path, errno);
        return;
    }
    /* In this form, with the parentheses, many clients look for the size. */
    snprintf(what, sizeof what, "%s (%jd bytes)", path, (intmax_t)(about.st_size - from));
    if (from > about.st_size) {
        control_reply(&self->control, 554, "%s: it has %jd bytes only", path,
                      (intmax_t)about.st_size);
    } else if (data_open(self, what)) {
        transfer_begin(&transfer, self, "RETR", path);
        enum transfer_end end =
            transfer_send_file(&transfer, file, from, about.st_size, !self->is_binary);
        transfer_conclude(&transfer, end, ACCESS_OUT);
        session_log(self, end == TRANSFER_DONE ? "get " : "interrupted: get ", path);
    }
    close(file);
    /* END EXERCISE */
}

/* ---- LIST, NLST, MLSD ---- */

/* What is to be listed. */
struct selection {
    char path[PATH_SIZE]; /* a virtual path, of a directory or of one file */
    struct stat about;
    bool is_part;                 /* it is not whole */
    char pattern[PATH_NAME_SIZE]; /* which names in the directory; "": all */
    char prefix[PATH_SIZE]; /* NLST: before each name, so that RETR understands it */
    char name[PATH_SIZE];   /* of one file: as the client has written it */
    struct listing_style style;
};

/* Passes over options as those of ls(1), which many clients send: "-la". Returns what is behind them. */
static const char *skip_options(struct session *self, const char *argument,
                                struct listing_style *style)
{
    char path[PATH_SIZE];
    struct stat about;

    /* But a file may have such a name. */
    if (*argument != '-' || (path_resolve(session_directory(self), argument, path) == 0 &&
                             path_stat(self->home, path, &about) == 0))
        return argument;
    while (*argument == '-') {
        size_t length = strcspn(argument, " ");
        if (memchr(argument, 'a', length) != NULL ||
            memchr(argument, 'A', length) != NULL)
            style->shows_hidden = true;
        argument += length;
        argument += strspn(argument, " ");
    }
    return argument;
}

/* Takes the last component for a pattern: what is left is its directory. */
static void split_pattern(struct selection *selection)
{
    char *name = strrchr(selection->path, '/') + 1;

    snprintf(selection->pattern, sizeof selection->pattern, "%s", name);
    selection->style.pattern = selection->pattern;
    *(name == selection->path + 1 ? name : name - 1) = '\0';
}

/* Finds out what the argument means: a directory, a file, a part, or a pattern. Returns whether there is
 * such a thing; else the reply was sent. */
static bool select_files(struct session *self, const char *argument,
                         struct selection *selection)
{
    if (!session_resolve(self, *argument != '\0' ? argument : ".", selection->path))
        return false;
    if (path_stat(self->home, selection->path, &selection->about) == 0)
        return true;
    const int error = errno;
    selection->is_part = upload_has_part(self->home, selection->path, &selection->about);
    if (selection->is_part)
        return true;
    if (strpbrk(path_name(selection->path), "*?[") != NULL) {
        split_pattern(selection);
        if (path_stat(self->home, selection->path, &selection->about) == 0 &&
            S_ISDIR(selection->about.st_mode))
            return true;
    }
    session_refuse(self, 550, selection->path, error);
    return false;
}

/* What the client has written of the directory. */
static void set_prefix(struct selection *selection, const char *argument)
{
    size_t length = strlen(argument);

    if (selection->style.pattern != NULL)
        while (length > 0 && argument[length - 1] != '/')
            length--;
    snprintf(selection->prefix, sizeof selection->prefix, "%.*s%s", (int)length, argument,
             length > 0 && argument[length - 1] != '/' ? "/" : "");
    selection->style.prefix = selection->prefix;
}

/* Sends the lines of a directory, piece by piece. */
static enum transfer_end send_listing(struct transfer *transfer, struct listing *listing)
{
    enum transfer_end end = TRANSFER_DONE;
    struct buffer lines = {0};
    int result = 1;

    while (end == TRANSFER_DONE && result == 1) {
        result = listing_next(listing, &lines);
        if (result == -1)
            end = TRANSFER_FILE;
        else if (buffer_length(&lines) > 0)
            end = transfer_send(transfer, buffer_front(&lines), buffer_length(&lines));
        buffer_take(&lines, buffer_length(&lines));
    }
    buffer_free(&lines);
    return end;
}

/* The same, for whatever was selected. */
static enum transfer_end send_selection(struct transfer *transfer,
                                        const struct selection *selection)
{
    const struct session *self = transfer->session;
    struct buffer line = {0};
    struct listing listing;
    enum transfer_end end = TRANSFER_FILE;

    if (S_ISDIR(selection->about.st_mode)) {
        int directory = path_open_directory(self->home, selection->path);
        if (directory != -1 &&
            listing_begin(&listing, directory, &selection->style) == 0) {
            end = send_listing(transfer, &listing);
            listing_end(&listing);
        }
        return end;
    }
    if (listing_write_entry(&line, &selection->style, selection->name, &selection->about,
                            selection->is_part) == 0)
        end = transfer_send(transfer, buffer_front(&line), buffer_length(&line));
    buffer_free(&line);
    return end;
}

/* Answers LIST, NLST or MLSD. */
static void list(struct session *self, const char *argument, const char *verb,
                 struct selection *selection)
{
    struct transfer transfer;

    selection->style.owner = self->user;
    selection->style.facts = self->facts;
    if (!select_files(self, argument, selection))
        return;
    const bool is_directory = S_ISDIR(selection->about.st_mode);
    if (selection->style.format == LISTING_FACTS && !is_directory) {
        control_reply(&self->control, 501, "%s: no directory; MLST tells of one file",
                      selection->path);
        return;
    }
    if (selection->style.format == LISTING_NAMES && is_directory)
        set_prefix(selection, argument);
    /* Of the argument there must be a copy: data_open hears what comes next. */
    snprintf(selection->name, sizeof selection->name, "%s", argument);
    if (!data_open(self, "here comes the listing"))
        return;
    transfer_begin(&transfer, self, verb, selection->path);
    transfer_conclude(&transfer, send_selection(&transfer, selection), 0);
}

void handle_list(struct session *self, const char *argument)
{
    struct selection selection = {.style = {.format = LISTING_LONG}};

    argument = skip_options(self, argument, &selection.style);
    list(self, argument, "LIST", &selection);
}

void handle_nlst(struct session *self, const char *argument)
{
    struct selection selection = {.style = {.format = LISTING_NAMES}};

    argument = skip_options(self, argument, &selection.style);
    list(self, argument, "NLST", &selection);
}

void handle_mlsd(struct session *self, const char *argument)
{
    struct selection selection = {
        .style = {.format = LISTING_FACTS, .shows_hidden = true}};

    list(self, argument, "MLSD", &selection);
}

/* ---- in the reply ---- */

/* Adds the lines of a buffer to a reply, and frees it. */
static void add_lines(struct session *self, struct buffer *lines)
{
    size_t left;

    while ((left = buffer_length(lines)) > 0) {
        char *line = buffer_front(lines), *end = memchr(line, '\r', left);
        *end = '\0';
        control_add(&self->control, "%s", line);
        buffer_take(lines, (size_t)(end - line) + 2);
    }
    buffer_free(lines);
}

void handle_mlst(struct session *self, const char *argument)
{
    const struct listing_style style = {.format = LISTING_FACTS, .facts = self->facts};
    char path[PATH_SIZE];
    struct stat about;
    struct buffer line = {0};

    if (!session_resolve(self, *argument != '\0' ? argument : ".", path))
        return;
    const bool is_there = path_stat(self->home, path, &about) == 0;
    const int error = errno;
    const bool is_part = !is_there && upload_has_part(self->home, path, &about);
    if (!is_there && !is_part) {
        session_refuse(self, 550, path, error);
        return;
    }
    control_begin(&self->control, 250, "facts about %s", path);
    if (listing_write_entry(&line, &style, path, &about, is_part) == 0)
        add_lines(self, &line);
    control_reply(&self->control, 250, "End");
}

/* STAT without an argument: who is logged in, and what TYPE, PROT and others have set. */
static void reply_settings(struct session *self)
{
    struct control *control = &self->control;

    control_begin(control, 211, "this is what is set");
    control_add(control, "user %s, in %s", self->is_logged_in ? self->user : "(none)",
                session_directory(self));
    control_add(control, "TYPE %s; STRU F; MODE S", self->is_binary ? "I" : "A");
    control_add(control, "control connection: %s; data connections: %s",
                control->channel.tls != NULL ? SSL_get_version(control->channel.tls)
                                             : "no TLS",
                self->protects_data ? "TLS" : "no TLS");
    control_reply(control, 211, "End");
}

/* STAT with a path: as LIST, but in the reply (RFC 959, 4.1.3). */
void handle_stat(struct session *self, const char *argument)
{
    struct selection selection = {.style = {.format = LISTING_LONG}};
    struct buffer lines = {0};
    struct listing listing;

    argument = skip_options(self, argument, &selection.style);
    if (*argument == '\0') {
        reply_settings(self);
        return;
    }
    selection.style.owner = self->user;
    if (!self->is_logged_in) {
        control_reply(&self->control, 530, "log in first, with USER and PASS");
        return;
    }
    if (!select_files(self, argument, &selection))
        return;
    control_begin(&self->control, 213, "status of %s", selection.path);
    if (!S_ISDIR(selection.about.st_mode)) {
        listing_write_entry(&lines, &selection.style, argument, &selection.about,
                            selection.is_part);
    } else {
        int directory = path_open_directory(self->home, selection.path);
        if (directory != -1 &&
            listing_begin(&listing, directory, &selection.style) == 0) {
            while (listing_next(&listing, &lines) == 1 &&
                   control_flush(&self->control) == 0)
                add_lines(self, &lines);
            listing_end(&listing);
        }
    }
    add_lines(self, &lines);
    control_reply(&self->control, 213, "End");
}
