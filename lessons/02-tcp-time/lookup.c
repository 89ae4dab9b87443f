/*
 * lookup.c - what stands behind a name: hosts, services and protocols, both ways; the
 * order of a number's bytes; and a socket's options before and after they are set.
 *
 * Run it:       build/02-tcp-time/lookup localhost 127.0.0.1
 *               build/02-tcp-time/lookup --service http --protocol tcp --hostname
 *               build/02-tcp-time/lookup --bytes 258 --options
 * It has no partner. (To find a host, the system may ask a name server on the network.)
 */
#include "cli.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void print_bytes(const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < length; i++)
        printf(" %02x", byte[i]);
}

/* Returns the name of an error of getaddrinfo. gai_strerror returns a sentence instead. */
static const char *error_name(int error)
{
    switch (error) {
    case EAI_AGAIN:
        return "EAI_AGAIN";
    case EAI_FAIL:
        return "EAI_FAIL";
    case EAI_NONAME:
        return "EAI_NONAME";
    case EAI_SYSTEM:
        return "EAI_SYSTEM";
    default:
        return "another EAI_ error";
    }
}

/* Prints one address: as text, as bytes, and the name that it leads back to. */
static void print_address(const struct addrinfo *a)
{
    char text[INET6_ADDRSTRLEN];
    char name[256]; /* a host name has at most 255 bytes */
    const bool ipv4 = a->ai_family == AF_INET;
    const void *bytes =
        ipv4 ? (const void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
             : (const void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;

    /* inet_ntop writes the bytes of an address as text; inet_pton is its opposite. */
    inet_ntop(a->ai_family, bytes, text, sizeof text);
    printf("  %s  (%s, bytes", text, ipv4 ? "IPv4" : "IPv6");
    print_bytes(bytes, ipv4 ? sizeof(struct in_addr) : sizeof(struct in6_addr));
    printf(")\n");

    int error =
        getnameinfo(a->ai_addr, a->ai_addrlen, name, sizeof name, NULL, 0, NI_NAMEREQD);
    if (error == 0)
        printf("  %s  is the name of %s\n", name, text);
    else
        printf("  no name leads back from %s: %s (%s)\n", text, gai_strerror(error),
               error_name(error));
}

/* Prints every address of a host. Returns false if it has none. */
static bool look_up_host(const char *host)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    unsigned char bytes[sizeof(struct in6_addr)];
    bool numeric =
        inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;

    int error = getaddrinfo(host, NULL, &hints, &list);
    if (error != 0) {
        cli_warn("%s: %s (%s)", host, gai_strerror(error), error_name(error));
        return false;
    }
    printf("%s (%s)\n", host, numeric ? "an address" : "a name");
    for (struct addrinfo *a = list; a != NULL; a = a->ai_next)
        print_address(a);
    freeaddrinfo(list);
    return true;
}

/* Prints the port of a service, or the service of a port. Returns false if unknown. */
static bool look_up_service(const char *service)
{
    char *end;
    unsigned long port = strtoul(service, &end, 10);
    bool is_port = *service != '\0' && *end == '\0';
    struct servent *entry = NULL;

    if (!is_port)
        entry = getservbyname(service, "tcp");
    else if (port <= UINT16_MAX)
        entry = getservbyport(htons((uint16_t)port), "tcp");
    if (entry == NULL) {
        cli_warn("%s: no such TCP service", service);
        return false;
    }
    printf("%s/%s is port %u\n", entry->s_name, entry->s_proto,
           ntohs((uint16_t)entry->s_port));
    return true;
}

/* Prints the number of a protocol. Returns false if it is unknown. */
static bool look_up_protocol(const char *protocol)
{
    struct protoent *entry = getprotobyname(protocol);
    if (entry == NULL) {
        cli_warn("%s: no such protocol", protocol);
        return false;
    }
    printf("%s is protocol number %d\n", entry->p_name, entry->p_proto);
    return true;
}

static void print_hostname(void)
{
    char name[256] = ""; /* a longer one may be cut off, without a NUL */
    if (gethostname(name, sizeof name - 1) == -1)
        cli_fail("gethostname: %s", strerror(errno));
    printf("this host's name is %s\n", name);
}

/* Prints the bytes of a number as this machine and as the network order them. */
static void print_byte_order(uint32_t number)
{
    uint32_t network = htonl(number);
    printf("%u in this machine's memory:", number);
    print_bytes(&number, sizeof number);
    printf("\n%u after htonl, as the network sends it:", number);
    print_bytes(&network, sizeof network);
    putchar('\n');
}

static int read_option(int fd, int level, int option)
{
    int value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(fd, level, option, &value, &length) == -1)
        cli_fail("getsockopt: %s", strerror(errno));
    return value;
}

/* Prints some options of a new TCP socket, before and after setsockopt. */
static void print_options(void)
{
    static const struct {
        const char *name;
        int level, option, value;
    } table[] = {
        {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1},
        {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, 65536},
        {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 65536},
        {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1},
        {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1},
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        cli_fail("socket: %s", strerror(errno));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int before = read_option(fd, table[i].level, table[i].option);
        if (setsockopt(fd, table[i].level, table[i].option, &table[i].value,
                       sizeof table[i].value) == -1)
            cli_fail("setsockopt %s: %s", table[i].name, strerror(errno));
        printf("%-12s was %d, asked for %d, is %d\n", table[i].name, before,
               table[i].value, read_option(fd, table[i].level, table[i].option));
    }
    close(fd);
}

int main(int argc, char **argv)
{
    const char *service = NULL;
    const char *protocol = NULL;
    long number = -1;
    bool hostname = false;
    bool options_wanted = false;
    bool found = true;
    const struct cli_option options[] = {
        {"service", 0, "NAME", "the port of a service, or the service of a port",
         .text = &service},
        {"protocol", 0, "NAME", "the number of a protocol", .text = &protocol},
        {"hostname", 0, NULL, "the name of this host", .flag = &hostname},
        {"bytes", 0, "N", "the bytes of a number, in both orders", .number = &number,
         .max = LONG_MAX < UINT32_MAX ? LONG_MAX : UINT32_MAX},
        {"options", 0, NULL, "a socket's options, before and after they are set",
         .flag = &options_wanted},
        {0},
    };
    int first = cli_parse(argc, argv, "[HOST]...",
                          "Look up names, and show what stands behind them.", options);
    if (first == argc && !service && !protocol && !hostname && number == -1 &&
        !options_wanted)
        cli_fail_usage("nothing to look up: name a HOST or an option");

    for (; first < argc; first++)
        found &= look_up_host(argv[first]);
    if (service != NULL)
        found &= look_up_service(service);
    if (protocol != NULL)
        found &= look_up_protocol(protocol);
    if (hostname)
        print_hostname();
    if (number != -1)
        print_byte_order((uint32_t)number);
    if (options_wanted)
        print_options();
    return found ? EXIT_SUCCESS : EXIT_FAILURE;
}
