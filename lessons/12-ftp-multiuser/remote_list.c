/*
 * remote_list.c - what is in a directory, as remote_list.h says.
 */
#include "remote_list.h"

#include "remote_data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 16 * 1024 };

int remote_list_receive(struct remote *remote, const char *verb, const char *path,
                        struct buffer *text)
{
    struct remote_data data;
    ssize_t received = 1;

    if (remote_data_command(&data, remote, 0, verb, *path != '\0' ? path : NULL) == -1)
        return -1;
    text->limit = REMOTE_LIST_MAX;
    while (received > 0) {
        char *room = buffer_reserve(text, PIECE);
        if (room == NULL)
            return remote_data_refuse(&data, "the list is too long");
        received = remote_data_receive(&data, room, PIECE);
        if (received > 0)
            buffer_added(text, (size_t)received);
    }
    return received == 0 ? remote_data_end(&data) : remote_data_abort(&data, errno);
}

bool remote_list_line(const struct buffer *text, size_t *at, const char **line,
                      size_t *length)
{
    const size_t waiting = buffer_length(text);

    if (*at >= waiting)
        return false;
    *line = buffer_front(text) + *at;
    const char *end = memchr(*line, '\n', waiting - *at);
    *length = end != NULL ? (size_t)(end - *line) : waiting - *at;
    *at += *length + 1;
    if (*length > 0 && (*line)[*length - 1] == '\r')
        --*length;
    return true;
}

/* A name that NLST has sent. Some servers put the directory before it, which was asked for. */
static void parse_name(const char *line, size_t length, const char *directory,
                       struct remote_entry *entry)
{
    size_t size = strlen(directory);

    *entry = (struct remote_entry){
        .type = REMOTE_OTHER, .size = -1, .name = line, .name_length = length};
    while (size > 0 && directory[size - 1] == '/')
        size--;
    if (size > 0 && length > size + 1 && memcmp(line, directory, size) == 0 &&
        line[size] == '/') {
        entry->name += size + 1;
        entry->name_length -= size + 1;
    }
}

/* Makes entries of the lines. Returns 0, or -1 with errno ENOMEM. */
static int parse(struct remote_list *list)
{
    struct remote_entry entry;
    size_t at = 0, length, room = 0;
    const char *line;

    while (remote_list_line(&list->text, &at, &line, &length)) {
        if (!list->has_facts)
            parse_name(line, length, list->directory, &entry);
        else if (remote_parse_entry(line, length, &entry) == -1)
            continue;
        if (entry.type == REMOTE_ITSELF || entry.name_length == 0)
            continue;
        if (list->count == room) {
            room = room > 0 ? 2 * room : 64;
            struct remote_entry *more = realloc(list->entries, room * sizeof *more);
            if (more == NULL)
                return -1;
            list->entries = more;
        }
        list->entries[list->count++] = entry;
    }
    return 0;
}

/* In the order of their bytes. */
static int compare(const void *a, const void *b)
{
    const struct remote_entry *one = a, *other = b;
    const size_t length =
        one->name_length < other->name_length ? one->name_length : other->name_length;
    const int order = memcmp(one->name, other->name, length);

    if (order != 0)
        return order;
    return (one->name_length > other->name_length) -
           (one->name_length < other->name_length);
}

int remote_list_load(struct remote_list *list, struct remote *remote,
                     const char *directory)
{
    remote_list_free(list);
    list->directory = strdup(directory);
    list->has_facts = remote->features.has_mlst;
    if (list->directory == NULL) {
        remote_blame_errno(remote, "");
    } else if (remote_list_receive(remote, list->has_facts ? "MLSD" : "NLST", directory,
                                   &list->text) == 0) {
        if (parse(list) == 0) {
            if (list->count > 0)
                qsort(list->entries, list->count, sizeof *list->entries, compare);
            return 0;
        }
        remote_blame_errno(remote, "");
    }
    remote_list_free(list);
    return -1;
}

int remote_list_use(struct remote_list *list, struct remote *remote,
                    const char *directory)
{
    if (list->directory != NULL && strcmp(list->directory, directory) == 0)
        return 0;
    return remote_list_load(list, remote, directory);
}

void remote_list_free(struct remote_list *list)
{
    free(list->directory);
    free(list->entries);
    buffer_free(&list->text);
    *list = (struct remote_list){0};
}
