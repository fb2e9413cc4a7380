/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway is started with: addresses, certificate, limits, and whose access keys
 * it knows.  The other files of this folder need these options, but not the gateway.
 */
#ifndef DSQL_GATEWAY_GATEWAY_OPTIONS_H
#define DSQL_GATEWAY_GATEWAY_OPTIONS_H

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"

/**
 * Except where noted, limits of the service ("Cluster quotas and database limits"), so that a
 * program meets them in tests and not first in production.
 */
enum {
    GATEWAY_IDENTITY_ARN_SIZE = 256,
    GATEWAY_MAX_CONNECTIONS = 10000, /* AWS docs, as all of these */
    GATEWAY_CONNECTION_RATE = 100,   /* new connections per second ... */
    GATEWAY_CONNECTION_BURST = 1000, /* ... and how many at once */
    GATEWAY_SESSION_SECONDS = 3600,  /* a connection may last one hour */
    GATEWAY_LOGIN_TIMEOUT_MS = 60000 /* PostgreSQL: authentication_timeout */
};

#define GATEWAY_EVERY_ADDRESS "*"

enum { GATEWAY_LISTENERS = 2 }; /* one for each family of addresses */

/** The owner of an access key.  The caller clears the secrets. */
struct gateway_identity {
    char arn[GATEWAY_IDENTITY_ARN_SIZE];
    struct secret secret_access_key;
    struct secret session_token; /* empty: a long-term key, whose tokens must have none */
    bool may_connect_admin;      /* dsql:DbConnectAdmin */
    bool may_connect;            /* dsql:DbConnect */
};

struct gateway_options {
    const char *listen_address;   /* GATEWAY_EVERY_ADDRESS: all interfaces; NULL: 127.0.0.1 and, if
                                     the machine has it, ::1 */
    int port;                     /* 0: any free port */
    const int *listen_fds;        /* bound sockets, instead of address and port; the gateway's */
    int listen_fd_count;          /* 0: none; at most GATEWAY_LISTENERS */
    const char *certificate_file; /* PEM, chain */
    const char *key_file;         /* PEM */
    const char *endpoint;         /* the host that tokens are signed for and SNI names */
    const char *const *other_names; /* more host names of the cluster, and a NULL; or NULL */
    const char *region;
    const char *server_socket; /* path of PostgreSQL's Unix socket */
    int server_major;          /* its major version; 0: as Aurora DSQL's */
    /** False: the key is not known.  Called at each login, so identities may change. */
    bool (*find_identity)(void *arg, struct text access_key_id, struct gateway_identity *out);
    void *find_identity_arg;
    int max_connections; /* 0: the limit of the service; -1: no limit; also below */
    int connections_per_s;
    int connection_burst;
    int session_s;
    int login_timeout_ms;
    long max_descriptors;      /* file descriptors; 0: the limit of the process; -1: no limit */
    const struct clock *clock; /* NULL: the system clock */
    struct logger logger;
};

#endif
