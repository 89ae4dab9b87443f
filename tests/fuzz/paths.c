/*
 * paths.c - has lesson 12 read any bytes as a path, as a name, and as names of facts. No path may lead
 * upward, no name may forge a line, and what a listing shows must be what a client can ask for.
 *
 * Run it:       make fuzz ARGS="60 paths"
 * Its partner:  lessons/12-ftp-multiuser/path.h and listing.h; libFuzzer, which chooses the bytes
 *               and has main
 *
 * An input is a directory, a line feed, and what a client writes; without a line feed, the latter.
 */
#include "../../lessons/12-ftp-multiuser/listing.h"
#include "../../lessons/12-ftp-multiuser/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Ends the run if `condition` is not true: libFuzzer keeps the input. */
static void check(bool condition)
{
    if (!condition)
        abort();
}

/* A virtual path is what path.h says, and stays what it is. */
static void check_virtual(const char *path)
{
    char again[PATH_SIZE];

    check(path[0] == '/' && strlen(path) < PATH_SIZE);
    check(path_resolve("/elsewhere", path, again) == 0 && strcmp(path, again) == 0);
    check(path_resolve(path, ".", again) == 0 && strcmp(path, again) == 0);
    check(strcmp(path_name(path) - 1, strrchr(path, '/')) == 0);
    if (strcmp(path, "/") == 0)
        return;
    for (const char *at = path; *at != '\0';) {
        size_t length = strcspn(++at, "/");
        check(length > 0 && length < PATH_NAME_SIZE);
        check(!(at[0] == '.' && (length == 1 || (length == 2 && at[1] == '.'))));
        at += length;
    }
}

static void check_resolve(const char *directory, const char *argument)
{
    char path[PATH_SIZE], up[PATH_SIZE];

    if (path_resolve(directory, argument, path) == -1) {
        check(argument[0] == '\0' ? errno == EINVAL : errno == ENAMETOOLONG);
        return;
    }
    check_virtual(path);
    check(argument[0] != '\0');
    /* To go up leaves out the last component, and nothing else. */
    check(path_resolve(path, "..", up) == 0);
    check_virtual(up);
    check(strncmp(path, up, strlen(up)) == 0);
    check(strcmp(path_name(path), "") == 0 ||
          strlen(up) ==
              (path_name(path) - path > 1 ? (size_t)(path_name(path) - path) - 1 : 1));
}

static void check_name(const char *name)
{
    char shown[PATH_NAME_SIZE], again[PATH_NAME_SIZE];

    check(path_shown_name(name, shown) == shown);
    check(strlen(shown) ==
          (strlen(name) < PATH_NAME_SIZE ? strlen(name) : PATH_NAME_SIZE - 1));
    for (size_t i = 0; shown[i] != '\0'; i++) {
        check((unsigned char)shown[i] >= ' ' && shown[i] != 0x7f);
        check(shown[i] == name[i] || shown[i] == '?');
    }
    check(strcmp(path_shown_name(shown, again), shown) == 0);
    if (path_may_be_named(name) == 0)
        check(strcmp(shown, name) == 0 && !path_is_part(name) &&
              strlen(name) + strlen(PATH_PART_PREFIX) < PATH_NAME_SIZE);
}

/* What FEAT says of some facts is what OPTS MLST would choose them with, but for the '*'. */
static void check_facts(const char *names)
{
    const int facts = listing_parse_facts(names);
    struct buffer out = {0};
    char text[128];
    size_t used = 0;

    check((facts & ~LISTING_ALL) == 0);
    listing_write_facts(&out, facts, true);
    check(buffer_length(&out) < sizeof text);
    for (size_t i = 0; i < buffer_length(&out); i++) {
        if (buffer_front(&out)[i] != '*')
            text[used++] = buffer_front(&out)[i];
    }
    text[used] = '\0';
    check(listing_parse_facts(text) == LISTING_ALL);
    buffer_free(&out);
}

/* A line has one end, and it is behind the name. */
static void check_entry(const char *name, int facts)
{
    const struct stat about = {.st_mode = S_IFREG | 0644, .st_nlink = 1};
    struct buffer out = {0};

    for (int format = LISTING_LONG; format <= LISTING_FACTS; format++) {
        struct listing_style style = {
            .format = (enum listing_format)format, .facts = facts, .owner = "alice"};
        check(listing_write_entry(&out, &style, name, &about, false) == 0);
        const size_t length = buffer_length(&out);
        const char *line = buffer_front(&out);
        check(length >= strlen(name) + 2);
        for (size_t i = 0; i < length - 2; i++)
            check((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
        check(memcmp(line + length - 2, "\r\n", 2) == 0);
        buffer_take(&out, length);
    }
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *argument = text, directory[PATH_SIZE] = "/";

    check(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0'; /* a NUL byte ends it before */
    char *end = strchr(text, '\n');
    if (end != NULL) {
        *end = '\0';
        argument = end + 1;
        if (path_resolve("/", text, directory) == -1)
            strcpy(directory, "/");
    }
    check_virtual(directory);
    check_resolve(directory, argument);
    check_name(argument);
    check_facts(argument);
    check_entry(argument, listing_parse_facts(text));
    free(text);
    return 0;
}
