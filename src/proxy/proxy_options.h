/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proxy is started with: the clusters and where each of them is offered, how clients prove
 * who they are, and the limits.  The command line fills these in; nothing here reads a file or the
 * environment.  Every number may be 0 for its default, so that {0} with one cluster is complete.
 */
#ifndef DSQL_PROXY_PROXY_OPTIONS_H
#define DSQL_PROXY_PROXY_OPTIONS_H

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    PROXY_DEFAULT_PORT = 5432,
    PROXY_DEFAULT_MAX_CLIENTS = 10000,
    PROXY_DEFAULT_MAX_SERVERS = 1000,  /* connections to one cluster */
    PROXY_DEFAULT_CONNECTS_PER_S = 80, /* Aurora DSQL: 100 a second for all of its clients */
    PROXY_DEFAULT_CONNECT_BURST = 100, /* Aurora DSQL: 1000 */
    PROXY_DEFAULT_WAIT_MS = 30000,     /* a client waits at most so long for a connection */
    PROXY_DEFAULT_LOGIN_MS = 60000,    /* a client logs in within this time */
    PROXY_DEFAULT_LIFETIME_S = 3300,   /* of a server connection; the service ends it after 3600 */
    PROXY_DEFAULT_LIFETIME_GRACE_S = 240 /* after the lifetime, until the client gets 57P01 */
};

/** When a server connection is lent to a client. */
enum proxy_pool_mode {
    PROXY_POOL_SESSION,    /* for the whole session */
    PROXY_POOL_TRANSACTION /* for one transaction, or one batch up to Sync */
};

/** How a TCP client proves who it is.  On the Unix socket, the kernel says which user it is. */
enum proxy_authentication {
    PROXY_AUTH_SCRAM, /* SCRAM-SHA-256 */
    PROXY_AUTH_TRUST  /* not at all; for loopback addresses only */
};

/** One cluster. */
struct proxy_cluster_options {
    const char *host;    /* endpoint, cluster id or interface endpoint, as for libdsql */
    const char *region;  /* NULL: found as by libdsql */
    const char *profile; /* NULL: as by libdsql */
    const char *user;    /* every session has this role; NULL: the one that the client asks for */
    const char *dbname;  /* NULL: the one that the client asks for */
    const char *ca_file; /* NULL: found as by libdsql */
    /** Numeric: the address to connect to; the certificate must still name the host.  NULL:
        PGHOSTADDR, else DNS. */
    const char *hostaddr;
    /** For a PostgreSQL that is not Aurora DSQL and asks for a password; NULL: IAM tokens. */
    const struct secret *password;
    int server_port;   /* the cluster's; 0: 5432 */
    int port;          /* where the proxy offers it, TCP and in the name of the socket; 0: 5432 */
    int max_servers;   /* connections to it at once; 0: PROXY_DEFAULT_MAX_SERVERS */
    int min_idle;      /* kept ready for each role in transaction mode; 0: 1, and negative: none */
    int token_seconds; /* how long a token is valid; 0: as by libdsql */
};

/** A listening socket that a service manager has passed; net/service_sockets.h. */
struct proxy_socket {
    int fd;
    bool is_unix;
    bool is_loopback; /* of TCP */
    int port;         /* of TCP, or in the name of the Unix socket */
};

struct scram_verifier;

struct proxy_options {
    /** At least one, with different ports.  The proxy copies them. */
    const struct proxy_cluster_options *clusters;
    size_t cluster_count;
    enum proxy_pool_mode pool_mode;

    /* ---- Where clients come in ---- */
    const char *socket_directory; /* of .s.PGSQL.PORT, mode 0600; NULL: no Unix socket */
    const uid_t *socket_users;    /* who may use it, beside the user of the proxy ... */
    size_t socket_user_count;     /* ... and root, who may anyway */
    const char *listen_address;   /* numeric; NULL: no TCP */
    /** For the clusters with their ports, instead of sockets of the proxy's own.  The proxy owns
       the descriptors from proxy_start() on. */
    const struct proxy_socket *sockets;
    size_t socket_count;
    enum proxy_authentication authentication; /* of clients on TCP */
    /** Whether there is such a user, and its verifier; if there is not, one that no password
        matches, for the same exchange.  Called at each login, so users may change. */
    bool (*find_verifier)(void *arg, struct text user, struct scram_verifier *out);
    void *find_verifier_arg;
    /** PEM; both or none.  With them TLS is offered everywhere, and demanded on every address that
        is not loopback. */
    const char *certificate_file;
    const char *key_file;

    /* ---- Limits ---- */
    int max_clients;    /* that have logged in; also limited by the file descriptors */
    int connects_per_s; /* new connections to a cluster */
    int connect_burst;
    int wait_ms;          /* for a server connection */
    int login_timeout_ms; /* of a client */
    int lifetime_s; /* of a server connection; a tenth less at random, so not all end at once */
    int lifetime_grace_s; /* after it, until the session ends with 57P01 */
    int retries;          /* of a statement after a conflict; 0: none */
    bool is_strict;       /* startup parameters that the service refuses are refused, not dropped */
    bool is_for_dump;     /* every client is treated as pg_dump, whatever its name is */
    const char *application_name; /* goes before that of the client; NULL: "dsql-proxy" */

    const struct clock *clock; /* NULL: the system clock */
    struct logger logger;
};

#endif
