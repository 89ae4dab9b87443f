/*
 * response.c - makes responses, and sends them, as response.h says.
 */
#include "response.h"

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

/* A response without a body. */
static struct response begin(int status, const char *type)
{
    return (struct response){
        .status = status, .reason = reason_of(status), .type = type, .fields = ""};
}

struct response response_of_status(int status)
{
    struct response response = begin(status, "text/plain; charset=utf-8");

    response.length =
        snprintf(response.text, sizeof response.text, "%s\n", response.reason);
    return response;
}

/* The time as text. It is made once a second: that is often enough. */
struct clock {
    time_t second;
    char local[40]; /* the body of /time */
    char date[40];  /* the field Date */
};

static const struct clock *read_clock(void)
{
    static struct clock now;
    struct tm local, utc;

    time_t second = time(NULL);
    if (second != now.second && localtime_r(&second, &local) != NULL &&
        gmtime_r(&second, &utc) != NULL) {
        now.second = second;
        strftime(now.local, sizeof now.local, "%a %b %e %H:%M:%S %Y\n", &local);
        strftime(now.date, sizeof now.date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    }
    return &now;
}

static struct response time_response(void)
{
    struct response response = begin(200, "text/plain; charset=utf-8");

    strcpy(response.text, read_clock()->local);
    response.length = (long long)strlen(response.text);
    return response;
}

/* Sends back what came as the body. */
static struct response echo_response(const char *body, size_t length)
{
    struct response response = begin(200, "application/octet-stream");

    response.bytes = body;
    response.length = (long long)length;
    return response;
}

/* There is no file to send: `error` is the errno that says why. */
static struct response no_file_response(int error)
{
    bool is_exhausted = error == EMFILE || error == ENFILE || error == ENOMEM;

    return response_of_status(is_exhausted ? 503 : 404);
}

static struct response file_response(int root, const char *path)
{
    struct response response = begin(200, file_type(path));
    struct stat about;

    int fd = file_open(root, path, &about); /* without a root: EBADF */
    if (fd == -1)
        return no_file_response(errno);
    response.length = about.st_size;
    response.file = file_producer(fd, about.st_size);
    if (response.file == NULL) {
        net_close_keep_errno(fd);
        return no_file_response(errno);
    }
    return response;
}

struct response response_to(struct http_request *request, int root, const char *body,
                            size_t length)
{
    bool gets = slice_is(request->method, "GET") || slice_is(request->method, "HEAD");
    char path[HTTP_MAX_HEAD + 1];

    if (http_decode_path(request->path, path) != 0) {
        request->keep_alive = false;
        return response_of_status(400);
    }
    if (!gets && !slice_is(request->method, "POST"))
        return response_of_status(501);
    bool is_echo = strcmp(path, "/echo") == 0;
    if (gets == is_echo) {
        struct response response = response_of_status(405);
        response.fields = is_echo ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n";
        return response;
    }
    if (is_echo)
        return echo_response(body, length);
    return strcmp(path, "/time") == 0 ? time_response() : file_response(root, path);
}

/* ---- how it is sent ---- */

/* Pushes the head, and a short body behind it. Every response says how long its body is: else
 * the client could not know where the next one begins. */
static int push_head(const struct response *response, const struct http_request *request,
                     struct async_chat *chat)
{
    bool is_head = slice_is(request->method, "HEAD");
    char bytes[1024];

    int size =
        snprintf(bytes, sizeof bytes,
                 "HTTP/1.1 %d %s\r\n"
                 "Date: %s\r\n"
                 "Content-Type: %s\r\n"
                 "Content-Length: %lld\r\n"
                 "Connection: %s\r\n"
                 "%s\r\n%s",
                 response->status, response->reason, read_clock()->date, response->type,
                 response->length, request->keep_alive ? "keep-alive" : "close",
                 response->fields, is_head ? "" : response->text);
    return async_chat_push(chat, bytes, (size_t)size);
}

int response_push(const struct response *response, const struct http_request *request,
                  struct async_chat *chat)
{
    struct producer *file = response->file;

    int result = push_head(response, request, chat);
    if (result == 0 && response->bytes != NULL)
        result = async_chat_push(chat, response->bytes, (size_t)response->length);
    if (file == NULL)
        return result;
    if (result == -1 || slice_is(request->method, "HEAD")) {
        file->ops.destroy(file);
        return result;
    }
    /* EXERCISE 4: the file follows, piece by piece, as there is room */
    return async_chat_push_with_producer(chat, file);
    /* END EXERCISE */
}
