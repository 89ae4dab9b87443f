/*
 * session.h - what one client has, from the first reply to the last, and the server that it has it
 * from. A part of lesson 12.
 *
 * The modules that answer commands share a struct session. Their functions are named handle_NAME,
 * get the argument of the command ("" if there is none), and answer with control_reply. Nothing is
 * returned: what went wrong was told to the client.
 */
#ifndef SESSION_H
#define SESSION_H

#include "account.h"
#include "control.h"
#include "data.h"
#include "path.h"
#include "quota.h"
#include "socketserver.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/types.h>

/* class FtpServer(ThreadingTCPServer). main sets the first block before the first client comes; then it
 * is only read. */
struct ftp_server {
    struct server base;
    struct threading_mixin threads;
    int root;          /* the directory with the users' homes */
    const char *users; /* the file with the accounts */
    SSL_CTX *tls;      /* NULL: there is no TLS */
    bool require_tls;
    bool no_session_reuse;      /* data connections need not resume a session */
    long first_port, last_port; /* for passive data connections */
    struct sockaddr_storage
        public_address; /* told in the reply to PASV; AF_UNSPEC: our own */
    long max_clients, max_per_host;
    double idle; /* seconds without a command; 0: no limit */
    double
        timeout; /* seconds for a login, for a data connection that does not come or stands
                       still, and for replies that are not taken; 0: no limit */
    double penalty; /* seconds after a wrong password */
    long rate;      /* bytes a second of one transfer; 0: no limit */
    bool no_sync;
    bool quiet;

    struct quotas quotas;
};

/* The whole of a server that is a struct ftp_server. */
struct ftp_server *ftp_server_of(struct server *server);

/* Logs one event of a client with cli_log, unless the server is quiet. */
void ftp_server_log(struct server *server, const struct request *request,
                    const char *event, const char *bytes, size_t length);

struct session {
    struct request_handler base;
    struct control control;
    struct data data;
    struct sockaddr_storage local, peer; /* the two ends of the control connection */
    unsigned char tls_group[16]; /* of all its connections under TLS: tls_set_group */
    bool is_over;                /* after the last reply, the connection ends */

    /* Who it is: login.h. */
    char user[ACCOUNT_NAME_SIZE]; /* as USER has named it; "": nobody */
    bool is_logged_in;
    int wrong_passwords;
    double login_by;     /* when it must have logged in, or tried; on net_now's clock */
    int home;            /* a descriptor, or -1 */
    struct quota *quota; /* the user's, or NULL */

    /* How it transfers: settings.h. */
    bool is_binary;     /* TYPE I; else A, with "\r\n" at the ends of lines */
    bool has_pbsz;      /* PBSZ was given */
    bool protects_data; /* PROT P */
    int facts;          /* which MLST tells */
    off_t restart;      /* REST, for the next transfer only */

    /* Virtual paths from malloc, or NULL: most sessions never need 4096 bytes for each. */
    char *directory;   /* where it is; NULL: in the root */
    char *rename_from; /* RNFR, for the next command only */
};

/* The server of a session. */
struct ftp_server *session_server(const struct session *self);

/* How it transfers becomes as at the beginning of a session. */
void session_reset(struct session *self);

/* Logs an event of this client, with a text behind it that may have any bytes. */
void session_log(const struct session *self, const char *event, const char *text);

/* Where the client is: a virtual path. */
const char *session_directory(const struct session *self);

/* Sets one of the two virtual paths of a session to a copy of `path`, or to NULL. Returns whether that
 * is done; else there was no memory, and a reply says so. */
bool session_set_path(struct session *self, char **place, const char *path);

/* Makes a virtual path of an argument. If that can't be, replies 553. Returns whether it is one. */
bool session_resolve(struct session *self, const char *argument, char path[PATH_SIZE]);

/* Replies `code` (550, in most cases) with the name and what `error`, an errno, says. */
void session_refuse(struct session *self, int code, const char *name, int error);

/* The same for what has gone wrong with a file in a transfer: 552 (the quota), 452 (the disk is full) or 451. */
void session_refuse_file(struct session *self, const char *path, int error);

/* class FtpHandler(BaseRequestHandler). Its server must be a struct ftp_server. */
extern const struct request_handler_class session_class;

#endif
