/*
 * client.c - puts files to the server, gets files from it, or lists what it has.
 *
 * Run it:       make client-11 ARGS="put README.md"      (first: make server-11, elsewhere)
 *               make client-11 ARGS="get README.md"
 *               make client-11 ARGS=list
 * Its partner:  server.c; put.c and get.c have the two verbs
 *
 * The calls, in order: connect; then for each file a line, which says how many bytes will come, the
 * bytes, and their digest. What was interrupted goes on where it stopped, when it is called again.
 */
#include "cli.h"
#include "get.h"
#include "net.h"
#include "protocol.h"
#include "put.h"
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints one line of the list. If it is none, the program ends. */
static void print_entry(const char *line, size_t length)
{
    char name[NAME_SIZE];
    off_t size;

    if (protocol_parse_entry(line, length, name, &size) == -1)
        cli_fail("this is no answer of such a server");
    printf("%12jd  ", (intmax_t)size);
    cli_print_bytes(stdout, name, strlen(name));
    putchar('\n');
}

static bool list(struct session *session)
{
    struct reply reply;
    const char *line;
    size_t length;
    int result;

    session_open(session);
    transfer_write_line(&session->transfer, "LIST");
    if (session_receive(session, &reply) == -1 || !reply.is_ok)
        return session_complain_reply(session, ".", &reply);
    while ((result = transfer_receive_line(&session->transfer, &line, &length)) == 1 &&
           !(length == 1 && *line == '.'))
        print_entry(line, length);
    if (result == 1)
        return true;
    return session_complain(session, ".",
                            result == 0 ? "the end is missing" : strerror(errno));
}

int main(int argc, char **argv)
{
    static struct session session = {.host = "127.0.0.1", .port = 9997, .timeout = 60};
    const struct cli_option options[] = {
        {"host", 'H', "H", "the server's name or address", .text = &session.host},
        {"port", 'p', "P", "the server's port", .number = &session.port, .min = 1,
         .max = 65535},
        {"no-verify", 0, NULL, "get: without a digest, unless it goes on",
         .flag = &session.no_verify},
        {"no-sync", 0, NULL, "get: do not wait until the bytes are on the disk",
         .flag = &session.no_sync},
        {"timeout", 't', "SEC", "give up on a silent server; 0 never does",
         .seconds = &session.timeout},
        {0},
    };
    int first =
        cli_parse(argc, argv, "put FILE... | get NAME... | list",
                  "Put files to the server, get files, or list what it has.", options);
    char **words = argv + first;
    bool success;

    session.verb = words[0];
    if (words[0] == NULL)
        cli_fail_usage("put, get or list?");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        cli_fail("signal: %s", strerror(errno));
    if (strcmp(words[0], "put") == 0 && words[1] != NULL)
        success = put_files(&session, words + 1);
    else if (strcmp(words[0], "get") == 0 && words[1] != NULL)
        success = get_files(&session, words + 1);
    else if (strcmp(words[0], "list") == 0 && words[1] == NULL)
        success = list(&session);
    else
        cli_fail_usage("%s: not put FILE..., get NAME... or list", words[0]);
    session_close(&session);
    return success ? EXIT_SUCCESS : EXIT_FAILURE;
}
