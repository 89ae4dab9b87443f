/*
 * script.c - from peer's arguments to the steps of its script, as script.h describes it.
 */
#include "script.h"
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Replaces \r \n \t \\, \0 to \7 and \xHH by the bytes they stand for, in place.
 * Returns the length, which counts NULs.
 */
static size_t unescape(char *text, const char *word)
{
    static const char letters[] = "rnt\\01234567";
    static const char bytes[] = "\r\n\t\\\0\1\2\3\4\5\6\7";
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        const char *letter;
        unsigned byte;
        int used = 0;
        if (*from != '\\') {
            *to++ = *from;
        } else if (sscanf(from, "\\x%2x%n", &byte, &used) == 1 && used == 4) {
            *to++ = (char)byte;
            from += 3;
        } else if (from[1] != '\0' && (letter = strchr(letters, from[1])) != NULL) {
            *to++ = bytes[letter - letters];
            from++;
        } else {
            cli_fail_usage("%.60s: not an escape: %.4s", word, from);
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

struct step script_parse_step(const char *word, const struct action *actions)
{
    size_t name = strcspn(word, ":");
    struct step step = {.word = word};
    const char *rest = word[name] == ':' ? word + name + 1 : NULL;

    for (const struct action *a = actions; a->name != NULL; a++)
        if (strncmp(a->name, word, name) == 0 && a->name[name] == '\0')
            step.action = a;
    if (step.action == NULL)
        cli_fail_usage("%s: no such action; see --help", word);
    enum argument argument = step.action->argument;
    if ((argument == NONE) != (rest == NULL))
        cli_fail_usage("%s: %s", word, rest ? "takes no argument" : "needs an argument");

    if (argument == NUMBER || argument == REPEATED || argument == CODE) {
        char *end;
        step.number = strtod(rest, &end);
        if (end == rest || *end != (argument == NUMBER ? '\0' : ':') ||
            !(step.number >= 0 && step.number <= 1e8))
            cli_fail_usage("%s: not a number from 0 to 100000000", word);
        rest = end + 1;
    }
    if (argument == TEXT || argument == REPEATED || argument == CODE) {
        size_t times = argument == REPEATED ? (size_t)step.number : 1;
        size_t room = strlen(rest) + 1;
        step.text = malloc(room * (times > 0 ? times : 1));
        if (step.text == NULL)
            cli_fail("malloc: %s", strerror(errno));
        memcpy(step.text, rest, room);
        size_t once = unescape(step.text, word);
        step.length = once * times;
        for (size_t done = once; done < step.length; done += once)
            memcpy(step.text + done, step.text, once);
    }
    return step;
}
