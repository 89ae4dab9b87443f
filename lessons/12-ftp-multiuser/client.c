/*
 * client.c - an FTP client: with a prompt, from a script, or for one URL.
 *
 * Run it:       make client-12 ARGS="--user alice --tls --insecure"     (first: make server-12, elsewhere)
 *               make client-12 ARGS="ftp://alice@127.0.0.1/hello"       (fetches a file)
 *               make client-12 ARGS="--user alice --password-stdin" <<< $'secret\nls\nget hello'
 * Its partner:  server.c; verbs.c has the commands, remote.c the connection
 *
 * The calls, in order: connect; a dialog of lines on this control connection; and for each file or list
 * another connection, which remote_data.c makes.
 */
#include "cli.h"
#include "logon.h"
#include "net.h"
#include "password.h"
#include "prompt.h"
#include "remote.h"
#include "url.h"
#include "verbs.h"
#include "verbs_files.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the command line asks for, besides what belongs to the modules. */
struct task {
    struct url url;
    bool has_url;
    bool tls, password_stdin;
    const char *output, *upload;
};

/* ---- the three ways to be used ---- */

/* The file or the list that the URL names. */
static bool run_url(struct verbs *verbs, struct task *task)
{
    char *path = task->url.path, *words[] = {path, NULL, NULL};
    const size_t length = strlen(path);

    if (task->upload != NULL) {
        words[0] = (char *)task->upload;
        words[1] = path;
        return verbs_files_put(verbs, words, length > 0 ? 2 : 1);
    }
    if (length == 0 || path[length - 1] == '/')
        return verbs_list(verbs, path);
    if (task->output != NULL && strcmp(task->output, "-") == 0)
        return verbs_files_cat(verbs, words, 1);
    words[1] = (char *)task->output;
    return verbs_files_get(verbs, words, task->output != NULL ? 2 : 1);
}

/* The commands of a script, up to the first that fails. */
static bool run_script(struct verbs *verbs)
{
    char *line = NULL;
    size_t size = 0;
    bool success = true;

    while (success && !verbs->is_done && !net_stopping &&
           getline(&line, &size, stdin) != -1) {
        line[strcspn(line, "\r\n")] = '\0';
        success = verbs_run(verbs, line);
    }
    free(line);
    if (success && (net_stopping || ferror(stdin)))
        cli_warn("stdin: %s", net_stopping ? "interrupted" : strerror(errno));
    return success && !net_stopping && !ferror(stdin);
}

/* What is typed at the prompt, until the end. What fails has been said, and the prompt comes again. */
static bool run_prompt(struct verbs *verbs)
{
    struct prompt prompt;
    char *line;

    if (prompt_begin(&prompt, verbs) == -1)
        cli_fail("the terminal: %s", strerror(errno));
    while (verbs->remote->is_open && !verbs->is_done &&
           (line = prompt_read(&prompt)) != NULL) {
        verbs_run(verbs, line);
        free(line);
        remote_calm();
    }
    prompt_end(&prompt);
    if (!verbs->remote->is_open)
        cli_warn("the connection to %s is closed", verbs->remote->host);
    return verbs->remote->is_open;
}

/* ---- the command line ---- */

/* What the URL says counts for more than options. */
static void take_url(struct task *task, struct remote *remote, struct logon *logon,
                     const char *text)
{
    struct url *url = &task->url;
    const char *reason = url_parse(text, url);

    if (reason != NULL)
        cli_fail_usage("the URL: %s", reason);
    task->has_url = true;
    remote->host = url->host;
    if (url->port != -1)
        remote->port = url->port;
    if (url->user[0] != '\0')
        logon->user = url->user;
    if (url->has_password && strlen(url->password) >= sizeof logon->password)
        cli_fail_usage("the URL: the password is too long");
    if (url->has_password && !task->password_stdin) {
        strcpy(logon->password, url->password);
        logon->has_password = true;
    }
}

static void check_task(const struct task *task)
{
    if ((task->output != NULL || task->upload != NULL) && !task->has_url)
        cli_fail_usage("--output and --upload need an URL");
    if (task->output != NULL && task->upload != NULL)
        cli_fail_usage("--output and --upload: only one of them");
}

/* Who logs in, if nobody has said it: asks the terminal. */
static void find_user(struct logon *logon, bool is_interactive)
{
    static char user[256];

    if (logon->user == NULL && is_interactive) {
        fputs("User: ", stdout);
        fflush(stdout);
        if (fgets(user, sizeof user, stdin) == NULL)
            cli_fail("the name of a user is needed");
        user[strcspn(user, "\r\n")] = '\0';
        logon->user = user;
    }
    if (logon->user == NULL || *logon->user == '\0')
        logon->user = "anonymous";
}

static void prepare(void)
{
    struct sigaction terminate = {.sa_handler = SIG_DFL};

    setlocale(LC_CTYPE, ""); /* for the prompt: which bytes are one character */
    sigemptyset(&terminate.sa_mask);
    /* Ctrl-C only ends what is going on; but SIGTERM ends the program. */
    if (net_handle_signals() == -1 || sigaction(SIGTERM, &terminate, NULL) == -1)
        cli_fail("sigaction: %s", strerror(errno));
}

static bool run(struct verbs *verbs, struct task *task)
{
    const bool is_interactive = !task->has_url && isatty(STDIN_FILENO);

    find_user(verbs->logon, is_interactive && !task->password_stdin);
    if (logon_open(verbs->logon, verbs->remote, task->tls) == -1)
        return verbs_complain(verbs, "login");
    if (task->has_url)
        return run_url(verbs, task);
    if (!is_interactive)
        return run_script(verbs);
    if (!verbs->quiet)
        printf("logged in as %s; try help\n", verbs->logon->user);
    return run_prompt(verbs);
}

int main(int argc, char **argv)
{
    static struct remote remote = {.host = "127.0.0.1", .port = 2121, .timeout = 60};
    static struct logon logon;
    static struct task task;
    struct verbs verbs = {.remote = &remote, .logon = &logon};
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &remote.host},
        {"port", 'p', "P", "the server's port", .number = &remote.port, .min = 1,
         .max = 65535},
        {"user", 0, "U", "who logs in", .text = &logon.user},
        {"password-stdin", 0, NULL, "the first line of stdin is the password",
         .flag = &task.password_stdin},
        {"tls", 0, NULL, "begin TLS before the login (AUTH TLS)", .flag = &task.tls},
        {"ca", 0, "FILE", "trust these authorities, too (PEM)",
         .text = &logon.authorities},
        {"insecure", 0, NULL, "take any certificate", .flag = &logon.insecure},
        {"active", 0, NULL, "let the server make the data connections",
         .flag = &remote.is_active},
        {"no-verify", 0, NULL, "take a file without its digest",
         .flag = &verbs.no_verify},
        {"output", 0, "FILE", "an URL: where it goes; -: stdout", .text = &task.output},
        {"upload", 0, "FILE", "an URL: put this file there", .text = &task.upload},
        {"timeout", 't', "SEC", "give up on a silent server; 0 never does",
         .seconds = &remote.timeout},
        {"quiet", 'q', NULL, "print only what was asked for", .flag = &verbs.quiet},
        {0},
    };
    int first = cli_parse(argc, argv, "[URL]",
                          "Transfer files by FTP: with a prompt, the commands of stdin, "
                          "or ftp://[USER@]HOST[:PORT]/PATH.",
                          options);

    if (argc - first > 1)
        cli_fail_usage("unexpected argument '%s'", argv[first + 1]);
    if (first < argc)
        take_url(&task, &remote, &logon, argv[first]);
    check_task(&task);
    prepare();
    if (task.password_stdin) {
        if (password_read(logon.password, sizeof logon.password) == -1)
            cli_fail("the password: %s", password_reason(errno));
        logon.has_password = true;
    }
    bool success = run(&verbs, &task);
    remote_list_free(&verbs.names);
    logon_close(&logon, &remote);
    return success ? EXIT_SUCCESS : EXIT_FAILURE;
}
