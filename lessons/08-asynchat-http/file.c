/*
 * file.c - opens files beneath a directory, and reads them piece by piece, as file.h says.
 */
#include "file.h"

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int file_open(int root, const char *path, struct stat *about)
{
    char name[256]; /* as long as a name may be */
    int at = root;

    do {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (length >= sizeof name) {
            errno = ENAMETOOLONG;
            return at == root ? -1 : net_close_keep_errno(at);
        }
        memcpy(name, path, length);
        name[length] = '\0';
        path += length;
        /* O_NONBLOCK: to open a named pipe would wait */
        int next = openat(at, length > 0 ? name : "index.html",
                          O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (at != root)
            net_close_keep_errno(at);
        if (next == -1)
            return -1;
        at = next;
    } while (*path != '\0');
    if (fstat(at, about) == 0 && S_ISREG(about->st_mode))
        return at;
    errno = ENOENT;
    return net_close_keep_errno(at);
}

const char *file_type(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".txt", "text/plain; charset=utf-8"},
        {".css", "text/css"},
        {".js", "text/javascript"},
        {".json", "application/json"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".gif", "image/gif"},
        {".svg", "image/svg+xml"},
        {".ico", "image/x-icon"},
    };
    const char *end = strrchr(path, '.');

    if (path[strlen(path) - 1] == '/')
        end = ".html";
    for (size_t i = 0; end != NULL && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(end, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

/* ---- a producer ---- */

struct file_producer {
    struct producer producer;
    int fd;
    off_t left; /* bytes that were promised, and are still to come */
    char bytes[65536];
};

static ssize_t more(struct producer *producer, const char **bytes)
{
    struct file_producer *file = container_of(producer, struct file_producer, producer);
    size_t size = sizeof file->bytes;

    if (file->left == 0)
        return 0;
    if (file->left < (off_t)size)
        size = (size_t)file->left;
    ssize_t count = read(file->fd, file->bytes, size);
    if (count == 0) {
        errno = EIO; /* it has become shorter: what was promised can't be kept */
        return -1;
    }
    *bytes = file->bytes;
    file->left -= count > 0 ? count : 0;
    return count;
}

static void destroy(struct producer *producer)
{
    struct file_producer *file = container_of(producer, struct file_producer, producer);

    close(file->fd);
    free(file);
}

static const struct producer_ops file_ops = {
    .more = more,
    .destroy = destroy,
};

struct producer *file_producer(int fd, off_t length)
{
    struct file_producer *file = malloc(sizeof *file);

    if (file == NULL)
        return NULL;
    producer_init(&file->producer, &file_ops);
    file->fd = fd;
    file->left = length;
    return &file->producer;
}
