/*
 * addresses.c - has lesson 12 read any bytes as the arguments of PORT and EPRT. What it accepts must be
 * what it would write for that address.
 *
 * Run it:       make fuzz ARGS="60 addresses"
 * Its partner:  lessons/12-ftp-multiuser/address.h; libFuzzer, which chooses the bytes and has main
 */
#include "../../lessons/12-ftp-multiuser/address.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the run if `condition` is not true: libFuzzer keeps the input. */
static void check(bool condition)
{
    if (!condition)
        abort();
}

/* Two texts are the same numbers: leading zeros do not count. */
static bool has_same_numbers(const char *a, const char *b)
{
    unsigned long x, y;

    do {
        char *end_of_a, *end_of_b;
        x = strtoul(a, &end_of_a, 10);
        y = strtoul(b, &end_of_b, 10);
        a = end_of_a;
        b = end_of_b;
    } while (x == y && *a++ == ',' && *b++ == ',');
    return x == y && a[-1] == '\0' && *b == '\0';
}

static void check_port(const char *text)
{
    struct sockaddr_storage address;
    char again[ADDRESS_TEXT_SIZE];

    if (address_parse_port(text, &address) == -1) {
        check(errno == EINVAL);
        return;
    }
    check(address.ss_family == AF_INET && strspn(text, "0123456789,") == strlen(text));
    check(has_same_numbers(text, address_format_pasv(&address, again)));
    check(address_is_same_host(&address, &address));
}

static void check_eprt(const char *text)
{
    struct sockaddr_storage address, other;
    char host[ADDRESS_TEXT_SIZE], again[2 * ADDRESS_TEXT_SIZE];

    if (address_parse_eprt(text, &address) == -1) {
        check(errno == EINVAL || errno == EAFNOSUPPORT);
        return;
    }
    check(address.ss_family == AF_INET || address.ss_family == AF_INET6);
    check(address_port(&address) <= 65535 && text[strlen(text) - 1] == text[0]);
    snprintf(again, sizeof again, "|%d|%s|%u|", address.ss_family == AF_INET ? 1 : 2,
             address_format_host(&address, host), address_port(&address));
    check(address_parse_eprt(again, &other) == 0);
    check(memcmp(&address, &other, sizeof address) == 0);
    address_unmap(&other);
    check(address_is_same_host(&address, &other));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    check(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_port(text);
    check_eprt(text);
    free(text);
    return 0;
}
