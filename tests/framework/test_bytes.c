/*
 * test_bytes.c - the tests of common/buffer.c, common/lines.c and common/queue.c.
 *
 * Run it:       build/framework/test_bytes lines
 * Its partner:  harness.h
 */
#include "buffer.h"
#include "harness.h"
#include "lines.h"
#include "net.h"
#include "queue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* ---- buffer ---- */

static bool holds(const struct buffer *buffer, const char *text)
{
    return buffer_length(buffer) == strlen(text) &&
           memcmp(buffer_front(buffer), text, strlen(text)) == 0;
}

static void buffer_empty(void)
{
    struct buffer buffer = {0};

    CHECK(buffer_length(&buffer) == 0 && buffer_front(&buffer) == NULL);
    CHECK(buffer_append(&buffer, NULL, 0) == 0 && buffer.bytes == NULL);
    buffer_take(&buffer, 0);
    buffer_free(&buffer);
}

static void buffer_append_and_take(void)
{
    struct buffer buffer = {0};

    CHECK(buffer_append(&buffer, "one two", 7) == 0);
    buffer_take(&buffer, 4);
    CHECK(holds(&buffer, "two"));
    CHECK(buffer_append(&buffer, " three", 6) == 0);
    CHECK(holds(&buffer, "two three"));
    buffer_take(&buffer, 9);
    CHECK(buffer_length(&buffer) == 0 && buffer.start == 0);
    buffer_free(&buffer);
    CHECK(buffer.bytes == NULL);
    CHECK(buffer_append(&buffer, "again", 5) == 0 && holds(&buffer, "again"));
    buffer_free(&buffer);
}

/* The first memory is exactly what was asked for: often it is the last. */
static void buffer_reserve_and_added(void)
{
    struct buffer buffer = {0};

    char *room = buffer_reserve(&buffer, 1000);
    CHECK(room != NULL && buffer.size == 1000);
    memcpy(room, "some", 4);
    buffer_added(&buffer, 4);
    CHECK(holds(&buffer, "some"));
    CHECK(buffer_reserve(&buffer, 996) == room + 4);
    CHECK(buffer_reserve(&buffer, 0) == room + 4);
    buffer_free(&buffer);
}

static void buffer_limit(void)
{
    struct buffer buffer = {.limit = 10};

    CHECK(buffer_append(&buffer, "12345", 5) == 0);
    CHECK(buffer_append(&buffer, "678901", 6) == -1 && errno == ENOBUFS);
    CHECK(holds(&buffer, "12345")); /* unchanged */
    CHECK(buffer_append(&buffer, "67890", 5) == 0);
    CHECK(holds(&buffer, "1234567890") && buffer.size <= 10);
    CHECK(buffer_reserve(&buffer, 1) == NULL && errno == ENOBUFS);
    buffer_take(&buffer, 3);
    CHECK(buffer_append(&buffer, "abc", 3) == 0);
    CHECK(holds(&buffer, "4567890abc") && buffer.size <= 10);
    buffer_free(&buffer);
    CHECK(buffer.limit == 10);
    CHECK(buffer_append(&buffer, "12345678901", 11) == -1 && errno == ENOBUFS);
    CHECK(buffer.bytes == NULL);
}

/* No machine has so much. What waits is as it was. (A sanitizer would end the program.) */
static void buffer_without_memory(void)
{
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
    struct buffer buffer = {0};

    CHECK(buffer_reserve(&buffer, SIZE_MAX / 4) == NULL && errno == ENOMEM);
    CHECK(buffer_append(&buffer, "kept", 4) == 0);
    CHECK(buffer_reserve(&buffer, SIZE_MAX / 4) == NULL && errno == ENOMEM);
    CHECK(buffer_reserve(&buffer, SIZE_MAX - 4) == NULL && errno == ENOMEM);
    CHECK(buffer_reserve(&buffer, SIZE_MAX - 3) == NULL && errno == ENOBUFS);
    CHECK(holds(&buffer, "kept"));
    buffer_free(&buffer);
#endif
}

/* A million bytes pass through, a few at a time, and never more than 100 wait. */
static void buffer_many_small_adds_and_takes(void)
{
    struct buffer buffer = {0};
    unsigned char in = 0, out = 0;
    unsigned random = 1;
    size_t largest = 0;

    for (size_t passed = 0; passed < 1000000;) {
        random = random * 1103515245 + 12345;
        size_t add = random >> 16 & 15;
        size_t take = random >> 20 & 15;
        for (size_t i = 0; i < add && buffer_length(&buffer) < 100; i++)
            CHECK(buffer_append(&buffer, &in, 1) == 0 && in++ <= UINT8_MAX);
        if (take > buffer_length(&buffer))
            take = buffer_length(&buffer);
        for (size_t i = 0; i < take; i++)
            CHECK((unsigned char)buffer_front(&buffer)[i] == out++);
        buffer_take(&buffer, take);
        passed += take;
        largest = buffer.size > largest ? buffer.size : largest;
    }
    CHECK(largest <= 400);
    buffer_free(&buffer);
}

/* ---- lines ---- */

/* Gives `length` bytes to the lines, in as many pieces as it takes, and writes down what comes
 * out: "one|", and "!" for a line that is too long. */
static void feed(struct lines *lines, const char *bytes, size_t length, char *heard)
{
    char *line;
    size_t line_length, size;

    while (length > 0) {
        char *room = lines_room(lines, &size);
        CHECK(room != NULL && size > 0);
        size = size < length ? size : length;
        memcpy(room, bytes, size);
        lines_added(lines, size);
        bytes += size;
        length -= size;
        for (int result; (result = lines_next(lines, &line, &line_length)) != 0;) {
            CHECK(result == 1 || errno == EMSGSIZE);
            if (result == 1)
                strncat(heard, line, line_length);
            strcat(heard, result == 1 ? "|" : "!");
        }
    }
}

/* The text in two pieces, split at every place, and in single bytes. */
static void check_lines(const char *text, const char *expected, size_t max)
{
    size_t length = strlen(text);

    for (size_t at = 0; at <= length + 1; at++) {
        struct lines lines;
        char heard[200] = "";
        lines_init(&lines, max);
        if (at <= length) {
            feed(&lines, text, at, heard);
            feed(&lines, text + at, length - at, heard);
        } else {
            for (size_t i = 0; i < length; i++)
                feed(&lines, text + i, 1, heard);
        }
        if (strcmp(heard, expected) != 0)
            printf("# split at %zu: %s\n", at, heard);
        CHECK(strcmp(heard, expected) == 0);
        CHECK(lines_has_part(&lines) == (length > 0 && text[length - 1] != '\n'));
        CHECK(lines.buffer.size <= max + 2);
        lines_free(&lines);
    }
}

static void lines_over_every_split(void)
{
    check_lines("", "", 10);
    check_lines("one\ntwo\r\n\n\r\nthree\r\nrest", "one|two|||three|", 10);
    check_lines("a\rb\n\r\r\n", "a\rb|\r|", 10);
}

static void lines_of_exactly_max_bytes(void)
{
    check_lines("12345\r\n12345\n1234\r\n", "12345|12345|1234|", 5);
    check_lines("1\r\n1\n\n", "1|1||", 1);
}

static void lines_too_long_are_told_once(void)
{
    check_lines("123456\nok\n", "!ok|", 5);
    check_lines("123456\r\nok\r\n", "!ok|", 5);
    check_lines("12345678901234567890123456789\nok\n", "!ok|", 5);
    check_lines("ok\n1234567890123\n12345678\nok\n", "ok|!!ok|", 5);
    check_lines("12345\rx\nok\n", "!ok|", 5);
    check_lines("12345678", "!", 5);
}

static void lines_with_nul_bytes(void)
{
    static const char text[] = "a\0b\n\0\n\xff\0\n";
    struct lines lines;
    char *line;
    size_t length, size;

    lines_init(&lines, 100);
    memcpy(lines_room(&lines, &size), text, sizeof text - 1);
    lines_added(&lines, sizeof text - 1);
    CHECK(lines_next(&lines, &line, &length) == 1);
    CHECK(length == 3 && memcmp(line, "a\0b", 3) == 0);
    CHECK(lines_next(&lines, &line, &length) == 1 && length == 1 && *line == '\0');
    CHECK(lines_next(&lines, &line, &length) == 1);
    CHECK(length == 2 && memcmp(line, "\xff\0", 2) == 0);
    CHECK(lines_next(&lines, &line, &length) == 0);
    CHECK(lines.buffer.bytes == NULL); /* nothing waits: it has no memory */
}

/* A socket whose other end, in `other`, has sent the text. */
static int said(const char *text, int *other)
{
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(send(pair[1], text, strlen(text), 0) == (ssize_t)strlen(text));
    *other = pair[1];
    return pair[0];
}

static bool receives(struct lines *lines, int fd, const char *text)
{
    char *line;
    size_t length;

    return lines_receive(lines, fd, &line, &length) == 1 && length == strlen(text) &&
           memcmp(line, text, length) == 0;
}

static void lines_receive_until_the_end(void)
{
    struct lines lines;
    char *line;
    size_t length;
    int other;
    int fd = said("one\ntwo\r\n", &other);

    lines_init(&lines, 4);
    CHECK(receives(&lines, fd, "one") && receives(&lines, fd, "two"));
    shutdown(other, SHUT_WR);
    CHECK(lines_receive(&lines, fd, &line, &length) == 0);
    close(fd);
    CHECK(lines_receive(&lines, fd, &line, &length) == -1 && errno == EBADF);
    close(other);
    lines_free(&lines);
}

static void lines_receive_fails(void)
{
    struct lines lines;
    char *line;
    size_t length;
    int other;
    int fd = said("123456789\nok\nhalf", &other);

    lines_init(&lines, 4);
    CHECK(lines_receive(&lines, fd, &line, &length) == -1 && errno == EMSGSIZE);
    CHECK(receives(&lines, fd, "ok"));
    CHECK(net_set_timeout(fd, 0.05) == 0);
    CHECK(lines_receive(&lines, fd, &line, &length) == -1 && errno == EAGAIN);
    CHECK(send(other, "\nha", 3, 0) == 3);
    CHECK(receives(&lines, fd, "half")); /* what had come before was kept */
    close(other);
    CHECK(lines_receive(&lines, fd, &line, &length) == -1 && errno == EBADMSG);
    lines_free(&lines);
    close(fd);
}

/* The rest of a line that is too long is half a line, too. */
static void lines_receive_ends_in_a_line_that_is_too_long(void)
{
    struct lines lines;
    char *line;
    size_t length;
    int other;
    int fd = said("1234567890123", &other);

    lines_init(&lines, 4);
    close(other);
    CHECK(lines_receive(&lines, fd, &line, &length) == -1 && errno == EMSGSIZE);
    CHECK(lines_receive(&lines, fd, &line, &length) == -1 && errno == EBADMSG);
    lines_free(&lines);
    close(fd);
}

/* ---- queue ---- */

enum { LIMIT = 100000 };

/* What is sent is a row of numbers, so that an error of order is seen. */
static void fill(unsigned char *bytes, size_t length, size_t *next)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)((*next)++ * 7 % 251);
}

/* Receives all that is there. Returns how much it was. */
static size_t take_and_check(int fd, size_t *next)
{
    unsigned char got[1000], expected[sizeof got];
    ssize_t received;
    size_t all = 0;

    while ((received = recv(fd, got, sizeof got, MSG_DONTWAIT)) > 0) {
        fill(expected, (size_t)received, next);
        CHECK(memcmp(got, expected, (size_t)received) == 0);
        all += (size_t)received;
    }
    return all;
}

/* Makes two connected sockets; the first is non-blocking, as a queue wants it. */
static void make_pair(int pair[2])
{
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(net_set_nonblocking(pair[0]) == 0);
}

static void queue_for_one_who_reads(void)
{
    struct queue queue = {.buffer.limit = LIMIT};
    char bytes[10];
    int pair[2];

    make_pair(pair);
    CHECK(queue_flush(&queue, pair[0]) == 0); /* nothing waits */
    CHECK(queue_send(&queue, pair[0], "Hello", 5) == 0);
    CHECK(queue_length(&queue) == 0 && queue.buffer.bytes == NULL);
    CHECK(recv(pair[1], bytes, sizeof bytes, 0) == 5);
    queue_free(&queue);
    close(pair[0]);
    close(pair[1]);
}

/* It does not read, until the limit is reached; then it reads all. */
static void queue_for_one_who_does_not_read(void)
{
    struct queue queue = {.buffer.limit = LIMIT};
    unsigned char piece[700];
    size_t sent = 0, received = 0, next = 0, expected = 0;
    int pair[2];

    make_pair(pair);
    for (;;) {
        fill(piece, sizeof piece, &next);
        if (queue_send(&queue, pair[0], piece, sizeof piece) == -1)
            break;
        sent += sizeof piece;
        CHECK(queue_length(&queue) <= LIMIT);
    }
    CHECK(errno == ENOBUFS);
    CHECK(queue_length(&queue) > LIMIT - sizeof piece && queue.buffer.size <= LIMIT);
    while (received < sent) {
        received += take_and_check(pair[1], &expected);
        CHECK(queue_flush(&queue, pair[0]) == 0);
    }
    CHECK(received == sent && queue_length(&queue) == 0);
    queue_free(&queue);
    close(pair[0]);
    close(pair[1]);
}

static void queue_for_one_who_has_left(void)
{
    static const char bytes[1000000];
    struct queue queue = {0};
    int pair[2];

    make_pair(pair);
    CHECK(queue_send(&queue, pair[0], bytes, sizeof bytes) == 0);
    CHECK(queue_length(&queue) > 0);
    close(pair[1]);
    CHECK(queue_flush(&queue, pair[0]) == -1 && errno == EPIPE);
    queue_free(&queue);
    CHECK(queue_send(&queue, pair[0], "Hello", 5) == -1 && errno == EPIPE);
    close(pair[0]);
}

#define TEST(name)                                                                       \
    {                                                                                    \
#name, name                                                                      \
    }

static const struct test tests[] = {
    TEST(buffer_empty),
    TEST(buffer_append_and_take),
    TEST(buffer_reserve_and_added),
    TEST(buffer_limit),
    TEST(buffer_without_memory),
    TEST(buffer_many_small_adds_and_takes),
    TEST(lines_over_every_split),
    TEST(lines_of_exactly_max_bytes),
    TEST(lines_too_long_are_told_once),
    TEST(lines_with_nul_bytes),
    TEST(lines_receive_until_the_end),
    TEST(lines_receive_fails),
    TEST(lines_receive_ends_in_a_line_that_is_too_long),
    TEST(queue_for_one_who_reads),
    TEST(queue_for_one_who_does_not_read),
    TEST(queue_for_one_who_has_left),
    {0},
};

int main(int argc, char **argv)
{
    return run_tests(tests, argc, argv);
}
