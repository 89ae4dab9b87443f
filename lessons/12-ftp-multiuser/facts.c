/*
 * facts.c - times and modes of files, as facts.h says.
 */
#define _DEFAULT_SOURCE /* timegm */
#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What is to be changed. */
struct facts {
    bool has_time, has_mode;
    time_t seconds;
    mode_t mode;
};

/* Reads "20261126235959", a time in UTC. Returns whether it is one. */
static bool parse_time(const char *text, size_t length, time_t *seconds)
{
    struct tm parts = {0}, copy;

    if (length != 14 || strspn(text, "0123456789") < 14 ||
        sscanf(text, "%4d%2d%2d%2d%2d%2d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
               &parts.tm_hour, &parts.tm_min, &parts.tm_sec) != 6)
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    copy = parts;
    *seconds = timegm(&copy);
    /* 31 February would have become a day of March. */
    return copy.tm_mon == parts.tm_mon && copy.tm_mday == parts.tm_mday &&
           copy.tm_hour == parts.tm_hour && copy.tm_min == parts.tm_min &&
           copy.tm_sec == parts.tm_sec;
}

/* Reads "644" or "0644", the nine bits that say who may read, write and execute. Returns whether it is
 * that. */
static bool parse_mode(const char *text, size_t length, mode_t *mode)
{
    char *end;

    if (length == 0 || length > 4 || strspn(text, "01234567") < length)
        return false;
    const long number = strtol(text, &end, 8);
    *mode = (mode_t)number;
    return end == text + length && number <= 0777;
}

/* Changes the file or the directory. Returns 0, or -1 with errno. */
static int change(struct session *self, const char *path, const struct facts *facts)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                      {.tv_sec = facts->seconds}};
    struct stat about;

    int file = path_open_file(self->home, path, &about);
    if (file == -1 && errno == EISDIR)
        file = path_open_directory(self->home, path);
    if (file == -1)
        return -1;
    int result = facts->has_mode ? fchmod(file, facts->mode) : 0;
    if (result == 0 && facts->has_time)
        result = futimens(file, times);
    const int error = errno;
    close(file);
    errno = error;
    return result;
}

/* Changes what the client has written, and fills in its virtual path. Returns whether that is done; else the reply
 * was sent. */
static bool apply(struct session *self, const char *argument, const struct facts *facts,
                  char path[PATH_SIZE])
{
    if (!session_resolve(self, argument, path))
        return false;
    if (change(self, path, facts) == 0)
        return true;
    session_refuse(self, 550, path, errno);
    return false;
}

/* MFMT TIME PATH, and SITE UTIME TIME PATH. */
static void set_time(struct session *self, const char *argument, const char *verb,
                     int code)
{
    const size_t length = strcspn(argument, " ");
    struct facts facts = {.has_time = true};
    char path[PATH_SIZE];

    if (argument[length] == '\0' || !parse_time(argument, length, &facts.seconds)) {
        control_reply(&self->control, 501, "%s takes YYYYMMDDHHMMSS, in UTC, and a path",
                      verb);
        return;
    }
    if (apply(self, argument + length + 1, &facts, path))
        control_reply(&self->control, code, "Modify=%.14s; %s", argument, path);
}

void handle_mfmt(struct session *self, const char *argument)
{
    set_time(self, argument, "MFMT", 213);
}

void handle_site_utime(struct session *self, const char *argument)
{
    set_time(self, argument, "SITE UTIME", 200);
}

/* Reads one fact, "Modify=..." or "UNIX.mode=...". Returns whether it is one. */
static bool parse_fact(const char *text, size_t length, struct facts *facts)
{
    static const char modify[] = "Modify=", mode[] = "UNIX.mode=";

    if (strncasecmp(text, modify, strlen(modify)) == 0) {
        facts->has_time = true;
        return length > strlen(modify) &&
               parse_time(text + strlen(modify), length - strlen(modify),
                          &facts->seconds);
    }
    if (strncasecmp(text, mode, strlen(mode)) == 0) {
        facts->has_mode = true;
        return length > strlen(mode) &&
               parse_mode(text + strlen(mode), length - strlen(mode), &facts->mode);
    }
    return false;
}

/* MFF FACT=VALUE;FACT=VALUE; PATH: changes all of them, or none. */
void handle_mff(struct session *self, const char *argument)
{
    struct facts facts = {.has_time = false};
    const char *at = argument;
    char path[PATH_SIZE];

    for (size_t length; *at != ' ' && *at != '\0'; at += length + 1) {
        length = strcspn(at, "; ");
        if (at[length] != ';' || !parse_fact(at, length, &facts))
            break;
    }
    if (at == argument || *at != ' ' || at[1] == '\0') {
        control_reply(&self->control, 501,
                      "MFF takes Modify=TIME;UNIX.mode=MODE; or one of them, and a path");
        return;
    }
    if (apply(self, at + 1, &facts, path))
        control_reply(&self->control, 213, "%.*s %s", (int)(at - argument), argument,
                      path);
}

/* SITE CHMOD MODE PATH. */
void handle_site_chmod(struct session *self, const char *argument)
{
    const size_t length = strcspn(argument, " ");
    struct facts facts = {.has_mode = true};
    char path[PATH_SIZE];

    if (argument[length] == '\0' || !parse_mode(argument, length, &facts.mode)) {
        control_reply(&self->control, 501,
                      "SITE CHMOD takes a mode, such as 644, and a path");
        return;
    }
    if (apply(self, argument + length + 1, &facts, path))
        control_reply(&self->control, 200, "%s has the mode %03lo now", path,
                      (unsigned long)facts.mode);
}
