/*
 * test_asynchat.c - the tests of common/asynchat.c, each with every poller.
 *
 * Run it:       build/framework/test_asynchat a_terminator_split_at_every_position
 * Its partner:  harness.h
 *
 * A probe writes down what is collected, and a bar where a message is complete: "one|two|".
 * A test may give it more to do, in functions that its handlers call.
 */
#include "asynchat.h"
#include "pollers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- probes ---- */

enum { ROOM = 1 << 20 };

struct probe {
    struct async_chat chat;
    char heard[ROOM]; /* what was collected, and the bars */
    size_t length;
    int collected, found, written, ended, destroyed, error;
    bool deaf;
    /* what more it is to do */
    int (*on_collect)(struct probe *probe);
    int (*on_found)(struct probe *probe);
};

static struct probe probe; /* a test has one, and its process is its own */
static int other;          /* the other end of its connection */

static struct probe *probe_of(struct async_chat *chat)
{
    return container_of(chat, struct probe, chat);
}

static int probe_collect(struct async_chat *chat, const char *bytes, size_t length)
{
    struct probe *p = probe_of(chat);

    CHECK(length > 0 && p->length + length < ROOM);
    memcpy(p->heard + p->length, bytes, length);
    p->length += length;
    p->collected++;
    return p->on_collect != NULL ? p->on_collect(p) : 0;
}

static int probe_found(struct async_chat *chat)
{
    struct probe *p = probe_of(chat);

    CHECK(!chat->dispatcher.closing);
    p->heard[p->length++] = '|';
    p->found++;
    return p->on_found != NULL ? p->on_found(p) : 0;
}

static bool probe_readable(struct dispatcher *d)
{
    return !probe_of(async_chat_of(d))->deaf;
}

static int probe_handle_write(struct dispatcher *d)
{
    probe_of(async_chat_of(d))->written++;
    return async_chat_handle_write(d);
}

static int probe_handle_close(struct dispatcher *d)
{
    probe_of(async_chat_of(d))->ended++;
    return dispatcher_handle_close(d);
}

static void probe_handle_error(struct dispatcher *d, int error)
{
    probe_of(async_chat_of(d))->error = error;
    dispatcher_close(d);
}

static void probe_destroy(struct dispatcher *d)
{
    probe_of(async_chat_of(d))->destroyed++;
    async_chat_destroy(d);
}

static const struct async_chat_ops probe_ops = {
    .dispatcher.readable = probe_readable,
    .dispatcher.handle_write = probe_handle_write,
    .dispatcher.handle_close = probe_handle_close,
    .dispatcher.handle_error = probe_handle_error,
    .dispatcher.destroy = probe_destroy,
    .collect_incoming_data = probe_collect,
    .found_terminator = probe_found,
};

/* Begins the probe on one end of a connection whose buffers are small. */
static void begin(const char *terminator, size_t length)
{
    int pair[2];
    int small = 4096;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
    CHECK(fcntl(pair[1], F_SETFL, O_NONBLOCK) == 0);
    other = pair[1];
    probe = (struct probe){0};
    CHECK(async_chat_init(&probe.chat, &probe_ops, pair[0], NULL) == 0);
    async_chat_set_terminator(&probe.chat, terminator, length);
}

/* Passes of the loop, each as short as possible. */
static void pass(long count)
{
    CHECK(asyncore_loop(0, poller, NULL, count) != -1);
}

static void give(const char *bytes, size_t length)
{
    CHECK(send(other, bytes, length, MSG_NOSIGNAL) == (ssize_t)length);
    pass(1);
}

static void say(const char *text)
{
    give(text, strlen(text));
}

static bool has_heard(const char *text)
{
    return probe.length == strlen(text) && memcmp(probe.heard, text, probe.length) == 0;
}

/* Takes what the probe sends, as long as something comes. Returns how much came. */
static size_t take(char *bytes, size_t size)
{
    size_t length = 0;

    for (;;) {
        pass(1);
        ssize_t received = recv(other, bytes + length, size - length, 0);
        if (received <= 0)
            return length;
        length += (size_t)received;
    }
}

static bool is_told(const char *text)
{
    char bytes[1000];
    size_t length = take(bytes, sizeof bytes);
    return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

static void finish(void)
{
    close(other);
    asyncore_close_all(NULL);
    CHECK(probe.destroyed == 1);
}

/* ---- terminators ---- */

/* Every text in two pieces, and in single bytes. */
static void splits(const char *text, const char *terminator, const char *heard)
{
    size_t length = strlen(text);

    for (size_t at = 0; at <= length; at++) {
        begin(terminator, strlen(terminator));
        if (at > 0)
            give(text, at);
        if (at < length)
            give(text + at, length - at);
        CHECK(has_heard(heard));
        finish();
    }
    begin(terminator, strlen(terminator));
    for (size_t i = 0; i < length; i++)
        give(text + i, 1);
    CHECK(has_heard(heard));
    finish();
}

static void a_terminator_split_at_every_position(void)
{
    splits("GET /\r\nHost: a\r\n\r\nrest", "\r\n\r\n", "GET /\r\nHost: a|rest");
    splits("one\r\ntwo\r\n\r\nthree", "\r\n", "one|two||three");
    splits("a.b.", ".", "a|b|");
}

static void a_terminator_that_begins_again_within_itself(void)
{
    splits("aaabaab", "aab", "a||");
    splits("ababac", "abac", "ab|");
    splits("aaaaa.", "aaa.", "aa|");
    splits("\r\r\n\r\r\n\r\n!", "\r\n\r\n", "\r\r\n\r|!");
}

/* A beginning of the terminator waits: it may be part of the message, after all. */
static void half_a_terminator_waits(void)
{
    begin("\r\n\r\n", 4);
    say("one\r\n\r");
    CHECK(has_heard("one") && probe.found == 0);
    say("x");
    CHECK(has_heard("one\r\n\rx") && probe.found == 0);
    finish();
}

static void bytes_that_are_no_text(void)
{
    begin("\0\xff\0", 3);
    give("a\0b\0\xff", 5);
    give("\0\0\xff\0", 4);
    CHECK(probe.length == 5 && memcmp(probe.heard, "a\0b||", 5) == 0);
    finish();
}

static void a_terminator_longer_than_the_buffer(void)
{
    begin("0123456789", 10);
    probe.chat.ac_in_buffer_size = 3;
    CHECK(send(other, "ab0123456789cd012345678", 23, 0) == 23);
    pass(9);
    CHECK(has_heard("ab|cd"));
    finish();
}

static void a_large_message(void)
{
    static char bytes[100000];

    begin("END", 3);
    memset(bytes, 'E', sizeof bytes);
    for (int i = 0; i < 5; i++) {
        for (size_t sent = 0; sent < sizeof bytes; sent += 1000)
            give(bytes + sent, 1000);
    }
    say("ND.");
    CHECK(probe.length == 5 * sizeof bytes - 1 + 2);
    CHECK(probe.found == 1 && memcmp(probe.heard + probe.length - 3, "E|.", 3) == 0);
    finish();
}

static void a_count(void)
{
    begin(NULL, 5);
    say("ab");
    CHECK(async_chat_get_terminator(&probe.chat).length == 3);
    CHECK(async_chat_get_terminator(&probe.chat).bytes == NULL);
    say("cdefg");
    CHECK(has_heard("abcde|fg")); /* and from then on there is no terminator */
    CHECK(async_chat_get_terminator(&probe.chat).length == 0);
    finish();
}

static void a_count_of_zero_and_no_bytes_are_none(void)
{
    begin(NULL, 0);
    say("one\r\ntwo");
    async_chat_set_terminator(&probe.chat, "", 0);
    say("three");
    CHECK(has_heard("one\r\ntwothree") && probe.found == 0);
    finish();
}

static void a_large_count(void)
{
    static const char bytes[1000];

    begin(NULL, 300001);
    for (int i = 0; i < 300; i++)
        give(bytes, sizeof bytes);
    CHECK(probe.found == 0 && probe.length == 300000);
    say("ab");
    CHECK(probe.found == 1 && memcmp(probe.heard + 300000, "a|b", 3) == 0);
    finish();
    begin(NULL, (size_t)-1);
    say("ab");
    CHECK(async_chat_get_terminator(&probe.chat).length == (size_t)-1 - 2);
    finish();
}

/* As HTTP does it: a line with a number, so many bytes, and again a line. */
static int line_or_count(struct probe *p)
{
    if (p->found % 2 == 1)
        async_chat_set_terminator(&p->chat, NULL, 3);
    else
        async_chat_set_terminator(&p->chat, "\n", 1);
    return 0;
}

static void another_terminator_inside_found_terminator(void)
{
    begin("\n", 1);
    probe.on_found = line_or_count;
    say("head\na\nbhead\nc");
    CHECK(has_heard("head|a\nb|head|c"));
    say("dehead\n");
    CHECK(has_heard("head|a\nb|head|cde|head|"));
    finish();
}

static int then_no_more(struct probe *p)
{
    async_chat_set_terminator(&p->chat, NULL, 0);
    return 0;
}

static void another_terminator_inside_collect(void)
{
    begin("\n", 1);
    probe.on_collect = then_no_more;
    say("one\ntwo\nthree\n");
    CHECK(has_heard("one|two\nthree\n"));
    finish();
    begin(NULL, 9);
    probe.on_collect = then_no_more;
    say("one");
    say("two and more");
    CHECK(has_heard("onetwo and more"));
    finish();
}

/* The beginning of the old terminator is data for the new one. */
static void another_terminator_while_half_of_the_old_one_waits(void)
{
    begin("\r\n", 2);
    say("one\r");
    async_chat_set_terminator(&probe.chat, "\rx", 2);
    say("xtwo");
    CHECK(has_heard("one|two"));
    finish();
}

static void find_agrees_with_a_naive_search(void)
{
    static const char *const needles[] = {"a", "ab", "aab", "abab", "aaaa", "ba"};
    char text[8];

    for (unsigned bits = 0; bits < 1 << 8; bits++)
        for (size_t n = 0; n < sizeof needles / sizeof *needles; n++) {
            struct terminator t = {needles[n], strlen(needles[n])};
            size_t at = 0;
            for (int i = 0; i < 8; i++)
                text[i] = bits >> i & 1 ? 'a' : 'b';
            while (at < 8 &&
                   memcmp(text + at, t.bytes, 8 - at < t.length ? 8 - at : t.length) != 0)
                at++;
            CHECK(async_chat_find(text, 8, t) == at);
        }
    CHECK(async_chat_find(text, 0, (struct terminator){"a", 1}) == 0);
}

/* ---- what the base collects ---- */

static const struct async_chat_ops plain_ops = {.collect_incoming_data = NULL};

static void the_base_collects_and_does_not_find(void)
{
    struct async_chat chat;
    int pair[2];
    size_t length;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(async_chat_init(&chat, &plain_ops, pair[0], NULL) == 0);
    CHECK(async_chat_get_data(&chat, &length) == NULL && length == 0);
    for (int i = 0; i < 10; i++) {
        CHECK(send(pair[1], "ten bytes.", 10, 0) == 10);
        pass(1);
    }
    char *bytes = async_chat_get_data(&chat, &length);
    CHECK(length == 100 && memcmp(bytes + 90, "ten bytes.", 10) == 0);
    free(bytes);
    async_chat_set_terminator(&chat, "\n", 1);
    CHECK(send(pair[1], "kept\n", 5, 0) == 5);
    fflush(stdout);
    CHECK(freopen("/dev/null", "w", stderr) != NULL);
    pass(1); /* ENOSYS: a line on stderr, and closed; what was kept is freed */
    CHECK(asyncore_loop(0, poller, NULL, 1) == 0);
    close(pair[1]);
}

static void a_descriptor_that_is_none(void)
{
    struct async_chat chat;
    CHECK(async_chat_init(&chat, &plain_ops, 12345, NULL) == -1 && errno == EBADF);
}

/* ---- the end ---- */

static int close_it(struct probe *p)
{
    dispatcher_close(&p->chat.dispatcher);
    return 0;
}

/* Python's async_chat goes on calling found_terminator for what is in its buffer. */
static void after_close_no_queued_command_runs(void)
{
    begin("\n", 1);
    probe.on_found = close_it;
    say("quit\ndelete everything\n");
    CHECK(has_heard("quit|"));
    CHECK(probe.destroyed == 1 && probe.ended == 0);
    close(other);
}

static void close_inside_collect(void)
{
    begin("\n", 1);
    probe.on_collect = close_it;
    say("one\ntwo\n");
    CHECK(has_heard("one") && probe.destroyed == 1);
    close(other);
}

static int fail_it(struct probe *p)
{
    (void)p;
    errno = EIO;
    return -1;
}

static void errors_in_the_methods(void)
{
    begin("\n", 1);
    probe.on_collect = fail_it;
    say("one\n");
    CHECK(probe.error == EIO && probe.destroyed == 1 && probe.found == 0);
    close(other);
    begin("\n", 1);
    probe.on_found = fail_it;
    say("one\ntwo\n");
    CHECK(probe.error == EIO && probe.destroyed == 1 && probe.found == 1);
    close(other);
}

static void the_other_side_ends(void)
{
    begin("\n", 1);
    say("one\ntw");
    shutdown(other, SHUT_WR);
    pass(1);
    CHECK(has_heard("one|tw") && probe.ended == 1 && probe.destroyed == 1);
    close(other);
}

/* ---- back-pressure ---- */

static int be_deaf(struct probe *p)
{
    p->deaf = true;
    return 0;
}

static void who_is_not_readable_gets_nothing_of_what_has_come(void)
{
    begin("\n", 1);
    probe.on_found = be_deaf;
    say("one\ntwo\nthree\n");
    CHECK(has_heard("one|"));
    pass(3);
    CHECK(has_heard("one|"));
    probe.deaf = false;
    CHECK(async_chat_push(&probe.chat, "", 0) == 0);
    say("four\n");
    CHECK(has_heard("one|two|"));
    finish();
}

static bool readable_when_nothing_waits(struct dispatcher *d)
{
    return !async_chat_has_output(async_chat_of(d));
}

static int answer_long(struct probe *p)
{
    static char answer[50000];
    memset(answer, '0' + p->found, sizeof answer);
    return async_chat_push(&p->chat, answer, sizeof answer);
}

/* It is handed out as soon as the answer before it is sent. No byte comes meanwhile. */
static void what_has_come_is_handed_out_when_there_is_room(void)
{
    static char answers[200000];

    begin("\n", 1);
    probe.chat.dispatcher.ops.readable = readable_when_nothing_waits;
    probe.on_found = answer_long;
    say("one\ntwo\nthree\n");
    pass(5);
    CHECK(has_heard("one|"));
    CHECK(take(answers, sizeof answers) == 150000);
    CHECK(has_heard("one|two|three|"));
    for (size_t i = 0; i < 150000; i++)
        CHECK(answers[i] == (char)('1' + i / 50000));
    finish();
}

/* ---- push ---- */

static void push_is_sent_at_once_and_then_costs_nothing(void)
{
    char bytes[10];

    begin("\n", 1);
    pass(2);
    CHECK(async_chat_push(&probe.chat, "Hello", 5) == 0);
    CHECK(recv(other, bytes, sizeof bytes, 0) == 5);
    CHECK(!async_chat_has_output(&probe.chat));
    pass(3);
    CHECK(probe.written == 0);
    finish();
}

/* What is pushed belongs to the caller, who may write over it; and the order is kept. */
static void what_does_not_fit_waits(void)
{
    static char bytes[100000], taken[400000];

    begin("\n", 1);
    for (int i = 0; i < 3; i++) {
        memset(bytes, 'a' + i, sizeof bytes);
        CHECK(async_chat_push(&probe.chat, bytes, sizeof bytes) == 0);
    }
    CHECK(async_chat_has_output(&probe.chat));
    CHECK(take(taken, sizeof taken) == 300000);
    for (size_t i = 0; i < 300000; i++)
        CHECK(taken[i] == (char)('a' + i / 100000));
    CHECK(!async_chat_has_output(&probe.chat));
    finish();
}

static void push_before_it_is_connected(void)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char bytes[10];

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    probe = (struct probe){0};
    CHECK(async_chat_init(&probe.chat, &probe_ops, -1, NULL) == 0);
    CHECK(async_chat_push(&probe.chat, "Hello", 5) == 0);
    CHECK(async_chat_has_output(&probe.chat));
    struct dispatcher *d = &probe.chat.dispatcher;
    CHECK(dispatcher_create_socket(d, AF_INET, SOCK_STREAM) == 0);
    CHECK(dispatcher_connect(d, (struct sockaddr *)&address, length) == 0);
    other = accept(listener, NULL, NULL);
    pass(3);
    CHECK(recv(other, bytes, sizeof bytes, MSG_DONTWAIT) == 5);
    close(listener);
    finish();
}

static int push_one(struct probe *p)
{
    return async_chat_push(&p->chat, "!", 1);
}

static void push_inside_collect_and_inside_found_terminator(void)
{
    begin("\n", 1);
    probe.on_collect = push_one;
    probe.on_found = push_one;
    say("one\ntwo\n");
    CHECK(is_told("!!!!"));
    finish();
}

static void ac_out_buffer_size_bounds_a_send(void)
{
    char bytes[100];

    begin("\n", 1);
    probe.chat.ac_out_buffer_size = 10;
    CHECK(async_chat_push(&probe.chat, "0123456789abcdefghijk", 21) == 0);
    CHECK(recv(other, bytes, sizeof bytes, 0) == 10);
    CHECK(async_chat_initiate_send(&probe.chat) == 0);
    CHECK(async_chat_initiate_send(&probe.chat) == 0);
    CHECK(recv(other, bytes, sizeof bytes, 0) == 11);
    finish();
}

static ssize_t refuse_to_send(struct dispatcher *d, const void *bytes, size_t length)
{
    (void)d;
    (void)bytes;
    (void)length;
    errno = ENOBUFS;
    return -1;
}

static void send_fails(void)
{
    begin("\n", 1);
    probe.chat.dispatcher.ops.send = refuse_to_send;
    CHECK(async_chat_push(&probe.chat, "Hello", 5) == -1 && errno == ENOBUFS);
    pass(1);
    CHECK(probe.error == ENOBUFS && probe.destroyed == 1);
    close(other);
}

/* ---- producers ---- */

struct counted {
    struct producer producer;
    int pieces;       /* still to come */
    const char *text; /* a piece; NULL: it fails */
    int asked, destroyed;
    int (*on_more)(struct probe *p);
};

static ssize_t counted_more(struct producer *producer, const char **bytes)
{
    struct counted *counted = container_of(producer, struct counted, producer);

    counted->asked++;
    if (counted->on_more != NULL && counted->on_more(&probe) == -1)
        return -1;
    if (counted->pieces-- == 0)
        return 0;
    if (counted->text == NULL) {
        errno = EIO;
        return -1;
    }
    *bytes = counted->text;
    return (ssize_t)strlen(counted->text);
}

static void counted_destroy(struct producer *producer)
{
    container_of(producer, struct counted, producer)->destroyed++;
    errno = 0;
}

static const struct producer_ops counted_ops = {
    .more = counted_more,
    .destroy = counted_destroy,
};

static int push_counted(struct counted *counted)
{
    producer_init(&counted->producer, &counted_ops);
    return async_chat_push_with_producer(&probe.chat, &counted->producer);
}

static void a_producer_in_pieces(void)
{
    struct counted one = {.pieces = 3, .text = "one "};
    struct counted none = {.pieces = 0};
    struct counted two = {.pieces = 2, .text = "two "};

    begin("\n", 1);
    CHECK(push_counted(&one) == 0);
    CHECK(push_counted(&none) == 0);
    CHECK(push_counted(&two) == 0);
    CHECK(async_chat_push(&probe.chat, "end", 3) == 0);
    CHECK(is_told("one one one two two end"));
    CHECK(one.destroyed == 1 && none.destroyed == 1 && two.destroyed == 1);
    CHECK(none.asked == 1);
    pass(3);
    finish();
}

static void a_producer_that_yields_nothing(void)
{
    struct counted none = {.pieces = 0};
    struct producer base;

    begin("\n", 1);
    producer_init(&base, &(struct producer_ops){0});
    CHECK(push_counted(&none) == 0);
    CHECK(async_chat_push_with_producer(&probe.chat, &base) == 0);
    CHECK(none.destroyed == 1 && !async_chat_has_output(&probe.chat));
    finish();
}

static void a_producer_is_only_asked_when_there_is_room(void)
{
    static char text[5001], taken[2000000];
    struct counted one = {.pieces = 300, .text = text};

    memset(text, 'x', 5000);
    begin("\n", 1);
    CHECK(push_counted(&one) == 0);
    pass(300);
    CHECK(one.asked > 0 && one.asked < 150); /* the rest does not fit into the kernel */
    CHECK(take(taken, sizeof taken) == 1500000);
    CHECK(one.destroyed == 1);
    finish();
}

static void a_producer_that_fails(void)
{
    struct counted bad = {.pieces = 1, .text = NULL};
    struct counted late = {.pieces = 3, .text = "one "};

    begin("\n", 1);
    CHECK(push_counted(&bad) == -1 && errno == EIO);
    CHECK(bad.destroyed == 1 && !async_chat_has_output(&probe.chat));
    CHECK(push_counted(&late) == 0);
    late.text = NULL;
    pass(1);
    CHECK(probe.error == EIO && probe.destroyed == 1 && late.destroyed == 1);
    close(other);
}

static int push_and_wait(struct probe *p)
{
    return async_chat_push(&p->chat, "pushed ", 7);
}

/* What `more` pushes comes behind what it yields. */
static void push_inside_more(void)
{
    struct counted one = {.pieces = 2, .text = "one ", .on_more = push_and_wait};

    begin("\n", 1);
    CHECK(push_counted(&one) == 0);
    CHECK(is_told("one one pushed pushed pushed "));
    CHECK(one.destroyed == 1);
    finish();
}

static void close_inside_more(void)
{
    struct counted one = {.pieces = 2, .text = "one ", .on_more = close_it};

    begin("\n", 1);
    CHECK(push_counted(&one) == 0);
    CHECK(is_told("") && probe.destroyed == 1 && one.destroyed == 1);
    close(other);
}

static int discard(struct probe *p)
{
    async_chat_discard_buffers(&p->chat);
    return 0;
}

static void discard_inside_more(void)
{
    struct counted one = {.pieces = 2, .text = "one ", .on_more = discard};
    struct counted two = {.pieces = 2, .text = "two "};

    begin("\n", 1);
    probe.chat.sending = true; /* so that both are in the queue */
    CHECK(push_counted(&one) == 0 && push_counted(&two) == 0);
    probe.chat.sending = false;
    CHECK(is_told(""));
    CHECK(one.asked == 1 && one.destroyed == 1);
    CHECK(two.asked == 0 && two.destroyed == 1);
    CHECK(async_chat_push(&probe.chat, "on", 2) == 0);
    CHECK(is_told("on"));
    finish();
}

static void the_other_side_is_gone(void)
{
    struct counted endless = {.pieces = -1, .text = "again "};

    begin("\n", 1);
    close(other);
    CHECK(push_counted(&endless) == 0);
    CHECK(endless.destroyed == 1 && !async_chat_has_output(&probe.chat));
    pass(1);
    CHECK(probe.ended == 1 && probe.destroyed == 1 && probe.error == 0);
}

static void simple_producers(void)
{
    const char *bytes;
    struct producer *producer = simple_producer("0123456", 7, 3);

    CHECK(producer->ops.more(producer, &bytes) == 3 && memcmp(bytes, "012", 3) == 0);
    CHECK(producer->ops.more(producer, &bytes) == 3 && memcmp(bytes, "345", 3) == 0);
    CHECK(producer->ops.more(producer, &bytes) == 1 && *bytes == '6');
    CHECK(producer->ops.more(producer, &bytes) == 0);
    producer->ops.destroy(producer);
    begin("\n", 1);
    CHECK(async_chat_push_with_producer(&probe.chat, simple_producer("abc", 3, 1)) == 0);
    CHECK(is_told("abc"));
    finish();
}

/* ---- close_when_done, discard_buffers ---- */

static void close_when_done_with_queued_data(void)
{
    static char bytes[100000], taken[200000];
    struct counted late = {.pieces = 1, .text = "late"};

    begin("\n", 1);
    CHECK(async_chat_push(&probe.chat, bytes, sizeof bytes) == 0);
    async_chat_close_when_done(&probe.chat);
    CHECK(async_chat_push(&probe.chat, "late", 4) == 0);
    CHECK(push_counted(&late) == 0 && late.destroyed == 1 && late.asked == 0);
    pass(3);
    CHECK(probe.ended == 0 && probe.destroyed == 0);
    CHECK(take(taken, sizeof taken) == sizeof bytes);
    CHECK(probe.ended == 1 && probe.destroyed == 1);
    close(other);
}

static void close_when_done_with_nothing_queued(void)
{
    begin("\n", 1);
    pass(1);
    async_chat_close_when_done(&probe.chat);
    CHECK(probe.ended == 0);
    pass(2);
    CHECK(probe.ended == 1 && probe.destroyed == 1);
    close(other);
}

static int say_goodbye(struct probe *p)
{
    if (async_chat_push(&p->chat, "bye", 3) == -1)
        return -1;
    async_chat_close_when_done(&p->chat);
    return 0;
}

static void close_when_done_inside_found_terminator(void)
{
    begin("\n", 1);
    probe.on_found = say_goodbye;
    say("quit\n");
    CHECK(is_told("bye") && probe.destroyed == 1);
    close(other);
}

static void discard_buffers_drops_both_ways(void)
{
    static char bytes[100000], taken[200000];
    size_t length;

    begin("\r\n", 2);
    say("one\r");
    CHECK(async_chat_collect_incoming_data(&probe.chat, "kept", 4) == 0);
    CHECK(async_chat_push(&probe.chat, bytes, sizeof bytes) == 0);
    async_chat_discard_buffers(&probe.chat);
    CHECK(!async_chat_has_output(&probe.chat));
    CHECK(async_chat_get_data(&probe.chat, &length) == NULL && length == 0);
    CHECK(take(taken, sizeof taken) < sizeof bytes);
    say("\ntwo\r\n"); /* its \r is gone */
    CHECK(has_heard("one\ntwo|"));
    finish();
}

static void discard_inside_found_terminator(void)
{
    begin("\n", 1);
    probe.on_found = discard;
    say("one\ntwo\nthree");
    say("four");
    CHECK(has_heard("one|four"));
    finish();
}

#define TEST(name)                                                                       \
    {                                                                                    \
#name, name                                                                      \
    }

static const struct test tests[] = {
    TEST(a_terminator_split_at_every_position),
    TEST(a_terminator_that_begins_again_within_itself),
    TEST(half_a_terminator_waits),
    TEST(bytes_that_are_no_text),
    TEST(a_terminator_longer_than_the_buffer),
    TEST(a_large_message),
    TEST(a_count),
    TEST(a_count_of_zero_and_no_bytes_are_none),
    TEST(a_large_count),
    TEST(another_terminator_inside_found_terminator),
    TEST(another_terminator_inside_collect),
    TEST(another_terminator_while_half_of_the_old_one_waits),
    TEST(find_agrees_with_a_naive_search),
    TEST(the_base_collects_and_does_not_find),
    TEST(a_descriptor_that_is_none),
    TEST(after_close_no_queued_command_runs),
    TEST(close_inside_collect),
    TEST(errors_in_the_methods),
    TEST(the_other_side_ends),
    TEST(who_is_not_readable_gets_nothing_of_what_has_come),
    TEST(what_has_come_is_handed_out_when_there_is_room),
    TEST(push_is_sent_at_once_and_then_costs_nothing),
    TEST(what_does_not_fit_waits),
    TEST(push_before_it_is_connected),
    TEST(push_inside_collect_and_inside_found_terminator),
    TEST(ac_out_buffer_size_bounds_a_send),
    TEST(send_fails),
    TEST(a_producer_in_pieces),
    TEST(a_producer_that_yields_nothing),
    TEST(a_producer_is_only_asked_when_there_is_room),
    TEST(a_producer_that_fails),
    TEST(push_inside_more),
    TEST(close_inside_more),
    TEST(discard_inside_more),
    TEST(the_other_side_is_gone),
    TEST(simple_producers),
    TEST(close_when_done_with_queued_data),
    TEST(close_when_done_with_nothing_queued),
    TEST(close_when_done_inside_found_terminator),
    TEST(discard_buffers_drops_both_ways),
    TEST(discard_inside_found_terminator),
    {0},
};

int main(int argc, char **argv)
{
    return run_with_each_poller(tests, argc, argv);
}
