/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The network path to a cluster, a layer at a time, as libpq goes down it at once: name,
 * TCP, TLS.  Each answers with one line that says what was found.
 */
#ifndef DSQL_CLI_PROBE_H
#define DSQL_CLI_PROBE_H

#include <libpq-fe.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { PROBE_DETAIL_SIZE = 256, PROBE_MAX_ADDRESSES = 8 };

struct probe_addresses {
    size_t count;
    struct {
        struct sockaddr_storage address;
        socklen_t len;
    } list[PROBE_MAX_ADDRESSES];
};

/** All addresses of a name, or of numeric addresses with commas between. */
bool probe_resolve(const char *hosts, const char *port, struct probe_addresses *out,
                   char detail[PROBE_DETAIL_SIZE]);

/** Connects to the first address that answers: a socket to close(), or -1. */
int probe_tcp(const struct probe_addresses *addresses, int timeout_ms,
              char detail[PROBE_DETAIL_SIZE]);

/**
 * Asks for TLS as PostgreSQL clients do, and verifies chain and name against ca_file
 * ("system": what OpenSSL trusts), within timeout_ms.  The socket can only be closed afterwards.
 */
bool probe_tls(int socket, const char *host, const char *ca_file, int timeout_ms,
               char detail[PROBE_DETAIL_SIZE]);

/** The first result; NULL: none within timeout_ms, and the connection can only be closed. */
PGresult *probe_query(PGconn *conn, const char *sql, int timeout_ms);

#endif
