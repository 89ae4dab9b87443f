/*
 * complete.c - what a word could become, as complete.h says.
 */
#include "complete.h"

#include "words.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>
#include <wctype.h>

/* Whether all characters of the name can be shown, in the character set of the terminal: a server must not
 * send it escape sequences in a name. */
static bool is_printable(const char *name)
{
    size_t left = strlen(name);
    mbstate_t state = {0};
    wchar_t character;

    while (left > 0) {
        size_t size = mbrtowc(&character, name, left, &state);
        if (size == 0 || size > left || !iswprint((wint_t)character))
            return false;
        name += size;
        left -= size;
    }
    return true;
}

/* Adds DIRECTORY NAME END, with backslashes. Returns 0, or -1 with errno ENOMEM. */
static int add(struct complete *complete, const char *directory, const char *name,
               const char *end)
{
    const size_t length = strlen(directory) + strlen(name);
    char *word = malloc(length + 1), *typed = malloc(2 * length + strlen(end) + 1);

    if (complete->count == complete->room) {
        size_t room = complete->room > 0 ? 2 * complete->room : 32;
        char **more = realloc(complete->words, room * sizeof *more);
        if (more != NULL) {
            complete->words = more;
            complete->room = room;
        }
    }
    if (word == NULL || typed == NULL || complete->count == complete->room) {
        free(word);
        free(typed);
        errno = ENOMEM;
        return -1;
    }
    sprintf(word, "%s%s", directory, name);
    words_escape(word, typed);
    strcat(typed, end);
    free(word);
    complete->words[complete->count++] = typed;
    return 0;
}

/* The word is cut behind its last slash: "dir/na" becomes "dir/" and "na". Returns the latter. */
static const char *cut(const char *word, char directory[PATH_MAX])
{
    const char *slash = strrchr(word, '/');
    const char *name = slash != NULL ? slash + 1 : word;

    snprintf(directory, PATH_MAX, "%.*s", (int)(name - word), word);
    return name;
}

/* Whether the name is one that the word could become. A name with a dot has to be begun with it. */
static bool fits(const char *name, const char *begin)
{
    return strncmp(name, begin, strlen(begin)) == 0 &&
           (name[0] != '.' || begin[0] == '.') && is_printable(name);
}

static int find_commands(const char *word, struct complete *complete)
{
    for (const struct verb *verb = verbs_table; verb->name != NULL; verb++)
        if (fits(verb->name, word) && add(complete, "", verb->name, "") == -1)
            return -1;
    return 0;
}

static int find_remote(struct verbs *verbs, const char *word, bool only_directories,
                       struct complete *complete)
{
    char directory[PATH_MAX], name[NAME_MAX + 1];
    const char *begin = cut(word, directory);

    if (remote_list_use(&verbs->names, verbs->remote, directory) == -1)
        return -1;
    for (size_t i = 0; i < verbs->names.count; i++) {
        const struct remote_entry *entry = &verbs->names.entries[i];
        const bool is_directory = entry->type == REMOTE_DIRECTORY;
        if (entry->name_length >= sizeof name ||
            !remote_name_is_safe(entry->name, entry->name_length) ||
            (only_directories && !is_directory && verbs->names.has_facts))
            continue;
        memcpy(name, entry->name, entry->name_length);
        name[entry->name_length] = '\0';
        if (fits(name, begin) &&
            add(complete, directory, name, is_directory ? "/" : "") == -1)
            return -1;
    }
    return 0;
}

static int find_local(const char *word, bool only_directories, struct complete *complete)
{
    char directory[PATH_MAX], path[PATH_MAX + NAME_MAX + 1];
    const char *begin = cut(word, directory);
    DIR *opened = opendir(*directory != '\0' ? directory : ".");
    struct dirent *entry;
    int result = 0;

    if (opened == NULL)
        return -1;
    while (result == 0 && (entry = readdir(opened)) != NULL) {
        struct stat about;
        snprintf(path, sizeof path, "%s%s", directory, entry->d_name);
        const bool is_directory = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
        if (fits(entry->d_name, begin) && (is_directory || !only_directories))
            result = add(complete, directory, entry->d_name, is_directory ? "/" : "");
    }
    closedir(opened);
    return result;
}

/* The command with which the line begins, or NULL. */
static const struct verb *verb_of(const char *line, size_t length)
{
    char name[16];

    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    size_t size = 0;
    while (size < length && size + 1 < sizeof name && line[size] != ' ' &&
           line[size] != '\t')
        size++;
    snprintf(name, sizeof name, "%.*s", (int)size, line);
    return verbs_find(name);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int complete_find(struct verbs *verbs, const char *line, size_t length,
                  struct complete *complete)
{
    char *word = malloc(length + 1);
    int index, result = 0;

    if (word == NULL)
        return -1;
    complete->begin = words_last(line, length, word, &index);
    const struct verb *verb = index > 0 ? verb_of(line, length) : NULL;
    const enum verb_names names = verb == NULL ? VERB_NOTHING
                                  : index == 1 ? verb->first
                                               : verb->others;
    if (index == 0 || (verb != NULL && strcmp(verb->name, "help") == 0))
        result = find_commands(word, complete);
    else if (names == VERB_REMOTE || names == VERB_REMOTE_DIRECTORY)
        result = find_remote(verbs, word, names == VERB_REMOTE_DIRECTORY, complete);
    else if (names == VERB_LOCAL || names == VERB_LOCAL_DIRECTORY)
        result = find_local(word, names == VERB_LOCAL_DIRECTORY, complete);
    free(word);
    if (complete->count > 0)
        qsort(complete->words, complete->count, sizeof *complete->words, compare);
    return result;
}

size_t complete_common(const struct complete *complete)
{
    size_t common = complete->count > 0 ? strlen(complete->words[0]) : 0;

    for (size_t i = 1; i < complete->count; i++) {
        size_t same = 0;
        while (same < common && complete->words[i][same] == complete->words[0][same])
            same++;
        common = same;
    }
    return common;
}

void complete_free(struct complete *complete)
{
    for (size_t i = 0; i < complete->count; i++)
        free(complete->words[i]);
    free(complete->words);
    *complete = (struct complete){0};
}
