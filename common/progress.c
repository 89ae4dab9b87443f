/*
 * progress.c - the line that tells how far a transfer is, as progress.h says.
 */
#include "progress.h"

#include "cli.h"
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Returns how many columns the terminal has. */
static int count_columns(void)
{
    struct winsize window = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == -1 || window.ws_col == 0)
        return 80;
    return window.ws_col;
}

/* Draws "NAME  45%   450.0 MiB  110.3 MiB/s  0:05 left", of which as much as there is room for: a
 * line that is folded could not be drawn over. */
static void draw(struct progress *progress)
{
    const double MIB = 1024 * 1024;
    const double took = progress->drawn - progress->began;
    const double rate = took > 0 ? (double)(progress->done - progress->from) / took : 0;
    char facts[100];
    double left = rate > 0 ? (double)(progress->size - progress->done) / rate : 0;

    if (left > 359999) /* 99:59:59 */
        left = 359999;
    int length = snprintf(facts, sizeof facts, "%3.0f%%  %8.1f MiB  %7.1f MiB/s",
                          100 * (double)progress->done / (double)progress->size,
                          (double)progress->done / MIB, rate / MIB);
    if (rate > 0)
        length += snprintf(facts + length, sizeof facts - (size_t)length,
                           "  %ld:%02ld left", (long)left / 60, (long)left % 60);
    /* In the last column, some terminals begin a new row. */
    int columns = count_columns() - 1;
    int room = columns - length - (int)strlen("  ");
    if (room >= 8)
        fprintf(stderr, "\r\033[K%.*s  %s", room, progress->name, facts);
    else
        fprintf(stderr, "\r\033[K%.*s", columns, facts);
}

void progress_begin(struct progress *progress, const char *name, off_t from, off_t size)
{
    size_t length;

    *progress = (struct progress){.size = size, .from = from, .done = from};
    if (!isatty(STDERR_FILENO))
        return;
    FILE *text = open_memstream(&progress->name, &length);
    if (text == NULL)
        return;
    cli_print_bytes(text, name, strlen(name));
    if (fclose(text) == EOF)
        progress->name = NULL;
    progress->began = progress->drawn = net_now();
}

void progress_add(struct progress *progress, size_t count)
{
    if (progress == NULL || progress->name == NULL)
        return;
    progress->done += (off_t)count;
    double now = net_now();
    if (now - progress->drawn < 0.1)
        return;
    progress->drawn = now;
    draw(progress);
}

void progress_end(struct progress *progress)
{
    if (progress->name != NULL && progress->drawn > progress->began)
        fputs("\r\033[K", stderr);
    free(progress->name);
    progress->name = NULL;
}
