/*
 * settings.c - how something is transferred, as settings.h says.
 */
#include "settings.h"

#include "listing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* TYPE A: text, in which each line ends with "\r\n" on the way. TYPE I: bytes as they are. */
void handle_type(struct session *self, const char *argument)
{
    if (strcasecmp(argument, "A") == 0 || strcasecmp(argument, "A N") == 0) {
        self->is_binary = false;
        self->restart = 0; /* it counts the bytes of TYPE I */
    } else if (strcasecmp(argument, "I") == 0 || strcasecmp(argument, "L 8") == 0) {
        self->is_binary = true;
    } else {
        control_reply(&self->control, 504, "TYPE A or TYPE I");
        return;
    }
    control_reply(&self->control, 200, "TYPE is %s", self->is_binary ? "I" : "A");
}

/* Answers STRU and MODE, which have one value today. */
static void accept_only(struct session *self, const char *argument, const char *value,
                        const char *verb)
{
    if (strcasecmp(argument, value) == 0)
        control_reply(&self->control, 200, "%s is %s", verb, value);
    else
        control_reply(&self->control, 504, "%s %s, nothing else", verb, value);
}

void handle_stru(struct session *self, const char *argument)
{
    accept_only(self, argument, "F", "STRU");
}

void handle_mode(struct session *self, const char *argument)
{
    accept_only(self, argument, "S", "MODE");
}

void handle_rest(struct session *self, const char *argument)
{
    char *end;

    errno = 0;
    const intmax_t offset = strtoimax(argument, &end, 10);
    if (*argument < '0' || *argument > '9' || *end != '\0' || errno != 0 ||
        (off_t)offset != offset)
        control_reply(&self->control, 501, "REST takes a number of bytes");
    else if (offset > 0 && !self->is_binary)
        control_reply(&self->control, 504, "REST counts the bytes of TYPE I");
    else {
        self->restart = (off_t)offset;
        control_reply(&self->control, 350, "the next transfer begins at byte %jd",
                      offset);
    }
}

/* OPTS MLST: which facts the client wants to know (RFC 3659, 7.9). */
static void set_facts(struct session *self, const char *names)
{
    struct buffer facts = {0};

    self->facts = listing_parse_facts(names);
    listing_write_facts(&facts, self->facts, false);
    control_reply(&self->control, 200, "MLST OPTS %.*s", (int)buffer_length(&facts),
                  buffer_front(&facts));
    buffer_free(&facts);
}

void handle_opts(struct session *self, const char *argument)
{
    const size_t length = strcspn(argument, " ");
    const char *rest = argument + length + (argument[length] == ' ');

    if (length == 4 && strncasecmp(argument, "MLST", length) == 0)
        set_facts(self, rest);
    else if (strcasecmp(argument, "UTF8 ON") == 0)
        control_reply(&self->control, 200, "names are UTF-8 always");
    else if (strcasecmp(argument, "HASH") == 0 ||
             strcasecmp(argument, "HASH SHA-256") == 0)
        control_reply(&self->control, 200, "SHA-256");
    else
        control_reply(&self->control, 501, "there is no such option");
}

void handle_noop(struct session *self, const char *argument)
{
    (void)argument;
    control_reply(&self->control, 200, "OK");
}

void handle_syst(struct session *self, const char *argument)
{
    (void)argument;
    control_reply(&self->control, 215, "UNIX Type: L8");
}

/* CLNT and CSID: client and server say what they are (draft-peterson-ftp-csid). */
void handle_clnt(struct session *self, const char *argument)
{
    (void)argument;
    control_reply(&self->control, 200, "good to know");
}

void handle_csid(struct session *self, const char *argument)
{
    (void)argument;
    control_reply(&self->control, 200,
                  "Name=Twelve Sockets; Version=12; CaseSensitive=1; DirSep=/;");
}
