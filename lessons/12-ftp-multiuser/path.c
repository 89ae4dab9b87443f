/*
 * path.c - paths of clients, as path.h says.
 */
#include "path.h"

#include "net.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the virtual path: nothing is looked up on the disk ---- */

int path_resolve(const char *directory, const char *argument, char path[PATH_SIZE])
{
    size_t length =
        0; /* of the path so far, which has no slash at its end: "" is the root */

    if (argument[0] == '\0') {
        errno = EINVAL;
        return -1;
    }
    if (argument[0] != '/' && directory[1] != '\0') {
        length = strlen(directory);
        memcpy(path, directory, length);
    }
    /* EXERCISE 2: go through the components of `argument`: ".." takes the last one away from the
     * path, but none from the root; "." and an empty one change nothing; any other one is added
     * behind a slash, if it and the path are not too long */
    while (*argument != '\0') {
        size_t count = strcspn(argument, "/");
        if (count == 2 && memcmp(argument, "..", 2) == 0) {
            while (length > 0 && path[--length] != '/')
                continue;
        } else if (count > 1 || (count == 1 && argument[0] != '.')) {
            if (count >= PATH_NAME_SIZE || length + 1 + count >= PATH_SIZE) {
                errno = ENAMETOOLONG;
                return -1;
            }
            path[length] = '/';
            memcpy(path + length + 1, argument, count);
            length += 1 + count;
        }
        argument += count;
        argument += strspn(argument, "/");
    }
    /* END EXERCISE */
    if (length == 0)
        path[length++] = '/';
    path[length] = '\0';
    return 0;
}

const char *path_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* ---- names, as a client sees them ---- */

static bool is_control(char byte)
{
    return (unsigned char)byte < ' ' || byte == 0x7f;
}

const char *path_shown_name(const char *name, char shown[PATH_NAME_SIZE])
{
    size_t length = 0;

    for (; length < PATH_NAME_SIZE - 1 && name[length] != '\0'; length++)
        shown[length] = is_control(name[length]) ? '?' : name[length];
    shown[length] = '\0';
    return shown;
}

bool path_is_part(const char *name)
{
    return strncmp(name, PATH_PART_PREFIX, sizeof PATH_PART_PREFIX - 1) == 0;
}

int path_may_be_named(const char *name)
{
    const size_t length = strlen(name);

    errno = EEXIST;
    if (length == 0)
        return -1;
    errno = EINVAL;
    if (path_is_part(name))
        return -1;
    for (const char *at = name; *at != '\0'; at++) {
        if (is_control(*at))
            return -1;
    }
    errno = ENAMETOOLONG;
    return length < PATH_NEW_NAME_SIZE ? 0 : -1;
}

/* Reads all entries, and copies the one that is shown as `name` into `actual`. Returns 0; or -1 with
 * errno ENOENT, if there is none, or a second one; or set by readdir(3). */
static int search(DIR *entries, const char *name, char actual[PATH_NAME_SIZE])
{
    char shown[PATH_NAME_SIZE];
    int found = 0;

    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (entry == NULL)
            break;
        if (strlen(entry->d_name) >= PATH_NAME_SIZE ||
            strcmp(path_shown_name(entry->d_name, shown), name) != 0)
            continue;
        strcpy(actual, entry->d_name);
        found++;
    }
    if (errno == 0 && found != 1)
        errno = ENOENT;
    return errno == 0 ? 0 : -1;
}

int path_actual_name(int directory, const char *name, char actual[PATH_NAME_SIZE])
{
    struct stat about;

    errno = ENOENT;
    if (path_is_part(name))
        return -1;
    if (strchr(name, '?') == NULL ||
        fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0) {
        snprintf(actual, PATH_NAME_SIZE, "%s", name);
        return 0;
    }
    if (errno != ENOENT)
        return -1;
    /* Opened anew, and not duplicated: who else reads this directory stays where it is. */
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again == -1)
        return -1;
    DIR *entries = fdopendir(again);
    if (entries == NULL)
        return net_close_keep_errno(again);
    int status = search(entries, name, actual);
    int error = errno;
    closedir(entries);
    errno = error;
    return status;
}

/* ---- the walk ---- */

/*
 * Opens the directory that a client means with `name` in `directory`. O_NOFOLLOW is what makes a home
 * a jail: a link is not followed, and what a name means is decided by the kernel at once, so there is
 * no moment between a look and a step in which somebody could put a link there.
 */
static int step(int directory, const char *name)
{
    char actual[PATH_NAME_SIZE];

    if (path_actual_name(directory, name, actual) == -1)
        return -1;
    int next = openat(directory, actual,
                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (next == -1 &&
        errno == ELOOP) /* some systems say so of a link; Linux says ENOTDIR */
        errno = ENOTDIR;
    return next;
}

/* Opens the directory to which the bytes from `path` to `end` lead, "", "/", "/a" or "/a/b". */
static int walk(int home, const char *path, const char *end)
{
    char name[PATH_NAME_SIZE] = ".";
    int here = step(home, name);

    if (end - path <= 1)
        return here;
    /* EXERCISE 5: for each component up to `end`: copy it into `name`, and go from `here` one step
     * on; the directory before is closed, whether the step succeeds or not; if not, that is the
     * end, and errno is the step's */
    while (here != -1 && path < end) {
        size_t count = strcspn(path + 1, "/");
        snprintf(name, sizeof name, "%.*s", (int)count, path + 1);
        int next = step(here, name);
        net_close_keep_errno(here);
        here = next;
        path += 1 + count;
    }
    /* END EXERCISE */
    return here;
}

int path_open_parent(int home, const char *path)
{
    return walk(home, path, path_name(path) - 1);
}

int path_open_directory(int home, const char *path)
{
    return walk(home, path, path + strlen(path));
}

/* Opens the directory in which the last component lies, and looks for its actual name there; for the
 * root that is ".". Returns as path_open_parent. */
static int find(int home, const char *path, char actual[PATH_NAME_SIZE])
{
    const char *name = path_name(path);
    int parent = path_open_parent(home, path);

    if (parent == -1)
        return -1;
    if (path_actual_name(parent, name[0] == '\0' ? "." : name, actual) == -1)
        return net_close_keep_errno(parent);
    return parent;
}

/* Whether it is a regular file. Returns 0, or -1 with errno set. */
static int check_regular(int file, struct stat *about)
{
    if (fstat(file, about) == -1)
        return -1;
    errno = S_ISDIR(about->st_mode) ? EISDIR : EACCES;
    return S_ISREG(about->st_mode) ? 0 : -1;
}

int path_open_file(int home, const char *path, struct stat *about)
{
    char name[PATH_NAME_SIZE];
    int parent = find(home, path, name);

    if (parent == -1)
        return -1;
    /* O_NONBLOCK: to open a named pipe would wait for a writer. */
    int file =
        openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    net_close_keep_errno(parent);
    if (file == -1 && errno == ENXIO) /* a socket */
        errno = EACCES;
    if (file == -1)
        return -1;
    return check_regular(file, about) == 0 ? file : net_close_keep_errno(file);
}

int path_stat(int home, const char *path, struct stat *about)
{
    char name[PATH_NAME_SIZE];
    int parent = find(home, path, name);

    if (parent == -1)
        return -1;
    int status = fstatat(parent, name, about, AT_SYMLINK_NOFOLLOW);
    net_close_keep_errno(parent);
    return status;
}
