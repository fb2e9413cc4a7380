/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* postgresql:// URLs that lead to a proxy. */
#ifndef DSQL_CLI_PROXY_DSN_H
#define DSQL_CLI_PROXY_DSN_H

#include "base/buf.h"

/** Where a proxy offers a cluster, and as whom to log in. */
struct proxy_dsn {
    const char *user;      /* NULL: admin */
    const char *dbname;    /* NULL: postgres */
    const char *password;  /* NULL: none in the URL; give a secret buffer otherwise */
    const char *directory; /* of the Unix socket; NULL: TCP */
    const char *address;   /* numeric; of any interface: the loopback one */
    int port;
};

#define PROXY_DSN_USER   "admin"
#define PROXY_DSN_DBNAME "postgres"

void proxy_dsn_write(struct buf *out, const struct proxy_dsn *dsn);

/** The address that a client on this machine connects to. */
const char *proxy_dsn_address(const char *listen_address);

#endif
