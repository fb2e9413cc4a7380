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

enum {
    GATEWAY_IDENTITY_ARN_SIZE = 256,
    GATEWAY_MAX_CONNECTIONS = 10000, /* AWS docs: connections per cluster */
    GATEWAY_CONNECTION_RATE = 100,   /* new connections a second ... */
    GATEWAY_CONNECTION_BURST = 1000, /* ... and how many may come at once */
    GATEWAY_SESSION_SECONDS = 3600,  /* a connection lives one hour at most */
    GATEWAY_LOGIN_TIMEOUT_MS = 60000 /* PostgreSQL: authentication_timeout */
};

/** Who holds an access key.  secret_access_key is the caller's to clear. */
struct gateway_identity {
    char arn[GATEWAY_IDENTITY_ARN_SIZE];
    struct secret secret_access_key;
    struct secret session_token; /* empty: a long-term key, which must come without one */
    bool may_connect_admin;      /* dsql:DbConnectAdmin */
    bool may_connect;            /* dsql:DbConnect */
};

struct gateway_options {
    const char *listen_address;   /* NULL: 127.0.0.1 and, where there is one, ::1 */
    int port;                     /* 0: any free one */
    const char *certificate_file; /* PEM, chain */
    const char *key_file;         /* PEM */
    const char *endpoint;         /* host that tokens must be signed for, and SNI */
    const char *region;
    const char *server_socket; /* path of PostgreSQL's Unix socket */
    /** False: no such key.  Called at each login, so identities may change. */
    bool (*find_identity)(void *arg, struct text access_key_id, struct gateway_identity *out);
    void *find_identity_arg;
    int max_connections; /* 0: the service's; -1: no limit; likewise below */
    int connections_per_s;
    int connection_burst;
    int session_s;
    int login_timeout_ms;
    const struct clock *clock; /* NULL: the system's */
    struct logger logger;
};

#endif
