/*
 * prompt.c - the line that is typed, as prompt.h says.
 */
#include "prompt.h"

#include "complete.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

enum {
    REMEMBERED = 500,
    SHOWN = 200
}; /* lines of history; names that Tab shows at once */

static char *show_prompt(EditLine *line)
{
    (void)line;
    static char text[] = "ftp> ";
    return text;
}

static struct prompt *prompt_of(EditLine *line)
{
    void *prompt = NULL;
    el_get(line, EL_CLIENTDATA, &prompt);
    return prompt;
}

/* ---- the keys ---- */

/* Ctrl-C: the line is given up. While a line is edited, this is a key like others, and no signal:
 * libedit would send that to the programs of the whole process group. */
static unsigned char on_interrupt(EditLine *line, int key)
{
    (void)key;
    prompt_of(line)->was_cleared = true;
    return CC_NEWLINE;
}

/* Ctrl-Z: the program is stopped, with the terminal as it was. */
static unsigned char on_suspend(EditLine *line, int key)
{
    (void)key;
    el_set(line, EL_PREP_TERM, 0);
    kill(0, SIGTSTP);
    el_set(line, EL_PREP_TERM, 1);
    return CC_REDISPLAY;
}

/* How many characters the bytes are: libedit counts in those. */
static int count_characters(const char *bytes, size_t length)
{
    mbstate_t state = {0};
    int count = 0;

    while (length > 0) {
        wchar_t character;
        size_t size = mbrtowc(&character, bytes, length, &state);
        if (size == 0 || size > length) {
            size = 1;
            state = (mbstate_t){0};
        }
        bytes += size;
        length -= size;
        count++;
    }
    return count;
}

/* Prints all candidates under the line, without the directories that they have in common. */
static void show_candidates(const struct complete *complete)
{
    const size_t common = complete_common(complete);
    size_t skipped = 0, column = 0;

    for (size_t i = 0; i < common; i++)
        if (complete->words[0][i] == '/' && complete->words[0][i + 1] != '\0')
            skipped = i + 1;
    putchar('\n');
    for (size_t i = 0; i < complete->count && i < SHOWN; i++) {
        const char *name = complete->words[i] + skipped;
        if (column > 0 && column + strlen(name) + 2 > 78) {
            putchar('\n');
            column = 0;
        }
        printf("%s%s", column > 0 ? "  " : "", name);
        column += strlen(name) + 2;
    }
    if (complete->count > SHOWN)
        printf("\n... and %zu more", complete->count - SHOWN);
    putchar('\n');
    fflush(stdout);
}

/* Puts into the line what is sure of the word, in the place of what was typed of it. Returns what libedit is
 * to do. */
static unsigned char insert(EditLine *line, const struct complete *complete,
                            const char *typed, size_t length)
{
    const size_t common = complete_common(complete);
    char *word = malloc(common + 2);

    if (word == NULL)
        return CC_ERROR;
    memcpy(word, complete->words[0], common);
    word[common] = '\0';
    /* A half of an escape is none. */
    if (complete->count > 1 && common > 0 && word[common - 1] == '\\' &&
        (common < 2 || word[common - 2] != '\\'))
        word[common - 1] = '\0';
    const bool is_directory = common > 0 && word[common - 1] == '/';
    if (complete->count == 1 && !is_directory)
        strcat(word, " ");
    const bool is_longer = strlen(word) > length || strncmp(word, typed, length) != 0;
    if (is_longer) {
        if (length > 0)
            el_deletestr(line, count_characters(typed, length));
        el_insertstr(line, word);
    }
    free(word);
    if (is_longer || complete->count == 1)
        return CC_REFRESH;
    show_candidates(complete);
    return CC_REDISPLAY;
}

/* Tab. */
static unsigned char on_tab(EditLine *line, int key)
{
    (void)key;
    struct prompt *prompt = prompt_of(line);
    const LineInfo *info = el_line(line);
    const size_t length = (size_t)(info->cursor - info->buffer);
    struct complete complete = {0};
    unsigned char result = CC_ERROR;
    char *text = strndup(info->buffer, length);

    if (text == NULL)
        return CC_ERROR;
    /* The server may take its time, and then Ctrl-C should be a signal again. */
    el_set(line, EL_PREP_TERM, 0);
    int found = complete_find(prompt->verbs, text, length, &complete);
    el_set(line, EL_PREP_TERM, 1);
    if (found == 0 && complete.count > 0)
        result = insert(line, &complete, text + complete.begin, length - complete.begin);
    complete_free(&complete);
    free(text);
    return result;
}

/* ---- the history ---- */

/* Makes each directory of the path, up to its last slash. */
static void make_directories(char *path)
{
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        mkdir(path, 0700); /* if it fails, so will the history, and nobody needs that */
        *at = '/';
    }
}

/* Returns the name of the file, which free(3) gives back; or NULL. */
static char *find_history(void)
{
    static const char name[] = "twelve-sockets/ftp_history";
    const char *state = getenv("XDG_STATE_HOME");
    const char *between = "";

    if (state == NULL || *state != '/') {
        state = getenv("HOME");
        between = "/.local/state";
    }
    if (state == NULL || *state != '/')
        return NULL;
    size_t size = strlen(state) + strlen(between) + sizeof name + 1;
    char *path = malloc(size);
    if (path != NULL) {
        snprintf(path, size, "%s%s/%s", state, between, name);
        make_directories(path);
    }
    return path;
}

/* ---- the whole ---- */

int prompt_begin(struct prompt *prompt, struct verbs *verbs)
{
    HistEvent event;

    *prompt = (struct prompt){.verbs = verbs};
    prompt->line = el_init("ftp", stdin, stdout, stderr);
    prompt->history = history_init();
    if (prompt->line == NULL || prompt->history == NULL) {
        prompt_end(prompt);
        errno = ENOMEM;
        return -1;
    }
    prompt->file = find_history();
    history(prompt->history, &event, H_SETSIZE, REMEMBERED);
    history(prompt->history, &event, H_SETUNIQUE, 1);
    if (prompt->file != NULL)
        history(prompt->history, &event, H_LOAD, prompt->file);
    el_set(prompt->line, EL_CLIENTDATA, prompt);
    el_set(prompt->line, EL_PROMPT, show_prompt);
    el_set(prompt->line, EL_EDITOR, "emacs");
    el_set(prompt->line, EL_SIGNAL, 1); /* after SIGTERM the terminal is as it was */
    el_set(prompt->line, EL_HIST, history, prompt->history);
    el_set(prompt->line, EL_ADDFN, "ftp-complete", "Completes the word.", on_tab);
    el_set(prompt->line, EL_BIND, "^I", "ftp-complete", NULL);
    el_set(prompt->line, EL_ADDFN, "ftp-interrupt", "Gives the line up.", on_interrupt);
    el_set(prompt->line, EL_ADDFN, "ftp-suspend", "Stops the program.", on_suspend);
    /* While a line is edited (-d), the terminal makes no signals of keys. */
    el_set(prompt->line, EL_SETTY, "-d", "-isig", NULL);
    el_set(prompt->line, EL_BIND, "^C", "ftp-interrupt", NULL);
    el_set(prompt->line, EL_BIND, "^Z", "ftp-suspend", NULL);
    return 0;
}

char *prompt_read(struct prompt *prompt)
{
    HistEvent event;
    int count;

    for (;;) {
        prompt->was_cleared = false;
        errno = 0;
        const char *text = el_gets(prompt->line, &count);
        if (prompt->was_cleared) {
            puts("^C");
            continue;
        }
        if (text == NULL || count <= 0) {
            if (errno == EINTR)
                continue;
            putchar('\n');
            return NULL;
        }
        char *line = strndup(text, strcspn(text, "\r\n"));
        if (line != NULL && line[strspn(line, " \t")] != '\0')
            history(prompt->history, &event, H_ENTER, line);
        return line;
    }
}

void prompt_end(struct prompt *prompt)
{
    HistEvent event;

    if (prompt->file != NULL) {
        mode_t before = umask(077);
        history(prompt->history, &event, H_SAVE, prompt->file);
        umask(before);
    }
    free(prompt->file);
    if (prompt->history != NULL)
        history_end(prompt->history);
    if (prompt->line != NULL)
        el_end(prompt->line);
    *prompt = (struct prompt){0};
}
