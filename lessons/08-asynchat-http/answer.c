/*
 * answer.c - makes answers, and sends them, as answer.h says.
 */
#include "answer.h"

#include "file.h"
#include "net.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ---- what is answered ---- */

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    size_t i = 0;
    while (table[i].status != status)
        i++;
    return table[i].reason;
}

/* An answer without a body. */
static struct answer begin(int status, const char *type)
{
    return (struct answer){
        .status = status, .reason = reason_of(status), .type = type, .fields = ""};
}

struct answer answer_status(int status)
{
    struct answer answer = begin(status, "text/plain; charset=utf-8");

    answer.length = snprintf(answer.text, sizeof answer.text, "%s\n", answer.reason);
    return answer;
}

static struct answer time_answer(void)
{
    struct answer answer = begin(200, "text/plain; charset=utf-8");
    static char text[sizeof answer.text];
    static time_t made; /* once a second is enough */
    struct tm parts;

    time_t second = time(NULL);
    if (second != made && localtime_r(&second, &parts) != NULL) {
        made = second;
        strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y\n", &parts);
    }
    strcpy(answer.text, text);
    answer.length = (long long)strlen(text);
    return answer;
}

/* Sends back what came as the body. */
static struct answer echo_answer(const char *body, size_t length)
{
    struct answer answer = begin(200, "application/octet-stream");

    answer.bytes = body;
    answer.length = (long long)length;
    return answer;
}

/* Why a file could not be opened. To whom a link was to lead outside, no more is answered. */
static struct answer no_file_answer(struct http_request *request, int error)
{
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        return answer_status(503);
    if (error == ELOOP)
        request->keep_alive = false;
    return answer_status(404);
}

static struct answer file_answer(struct http_request *request, int root, const char *path)
{
    struct answer answer = begin(200, file_type(path));
    struct stat about;

    int fd = file_open(root, path, &about); /* without a root: EBADF */
    if (fd == -1)
        return no_file_answer(request, errno);
    answer.length = about.st_size;
    answer.file = file_producer(fd, about.st_size);
    if (answer.file == NULL) {
        net_close_failed(fd);
        return no_file_answer(request, errno);
    }
    return answer;
}

struct answer answer_request(struct http_request *request, int root, const char *body,
                             size_t length)
{
    bool gets = text_is(request->method, "GET") || text_is(request->method, "HEAD");
    char path[HTTP_MAX_HEAD + 1];

    if (http_decode_path(request->target, path) != 0) {
        request->keep_alive = false;
        return answer_status(400);
    }
    if (!gets && !text_is(request->method, "POST"))
        return answer_status(501);
    bool is_echo = strcmp(path, "/echo") == 0;
    if (gets == is_echo) {
        struct answer answer = answer_status(405);
        answer.fields = is_echo ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n";
        return answer;
    }
    if (is_echo)
        return echo_answer(body, length);
    return strcmp(path, "/time") == 0 ? time_answer() : file_answer(request, root, path);
}

/* ---- how it is sent ---- */

/* The time, as HTTP writes it. It is made once a second. */
static const char *http_date(void)
{
    static char text[40];
    static time_t made;
    struct tm parts;

    time_t second = time(NULL);
    if (second != made && gmtime_r(&second, &parts) != NULL) {
        made = second;
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    }
    return text;
}

/* Pushes the head, and a short body behind it. Every answer says how long its body is: else the
 * client could not know where the next one begins. */
static int push_head(const struct answer *answer, const struct http_request *request,
                     struct async_chat *chat)
{
    bool is_head = text_is(request->method, "HEAD");
    char bytes[1024];

    int size = snprintf(bytes, sizeof bytes,
                        "HTTP/1.1 %d %s\r\n"
                        "Date: %s\r\n"
                        "Content-Type: %s\r\n"
                        "Content-Length: %lld\r\n"
                        "Connection: %s\r\n"
                        "%s\r\n%s",
                        answer->status, answer->reason, http_date(), answer->type,
                        answer->length, request->keep_alive ? "keep-alive" : "close",
                        answer->fields, is_head ? "" : answer->text);
    return async_chat_push(chat, bytes, (size_t)size);
}

int answer_push(const struct answer *answer, const struct http_request *request,
                struct async_chat *chat)
{
    struct producer *file = answer->file;

    int result = push_head(answer, request, chat);
    if (result == 0 && answer->bytes != NULL)
        result = async_chat_push(chat, answer->bytes, (size_t)answer->length);
    if (file == NULL)
        return result;
    if (result == -1 || text_is(request->method, "HEAD")) {
        file->ops.destroy(file);
        return result;
    }
    /* EXERCISE 4: the file follows, piece by piece, as there is room */
    return async_chat_push_with_producer(chat, file);
    /* END EXERCISE */
}
