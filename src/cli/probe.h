/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The network path to a cluster, one layer at a time, as libpq takes it: name, TCP, TLS.
 * Each function describes in one line what it found.
 */
#ifndef DSQL_CLI_PROBE_H
#define DSQL_CLI_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { PROBE_DETAIL_SIZE = 512, PROBE_MAX_ADDRESSES = 8 };

struct probe_addresses {
    size_t count;
    struct {
        struct sockaddr_storage address;
        socklen_t len;
    } list[PROBE_MAX_ADDRESSES];
};

/** All addresses of a name, or of numeric addresses that are separated by commas. */
bool probe_resolve(const char *hosts, const char *port, struct probe_addresses *out,
                   char detail[PROBE_DETAIL_SIZE]);

/** Connects to the first address that answers.  Returns a socket to close(), or -1. */
int probe_tcp(const struct probe_addresses *addresses, int timeout_ms,
              char detail[PROBE_DETAIL_SIZE]);

/**
 * Asks for TLS as PostgreSQL clients do, and verifies the certificate chain and the name
 * with ca_file ("system": what OpenSSL trusts), within timeout_ms.  Afterwards the socket is
 * of no use but to be closed.
 */
bool probe_tls(int socket, const char *host, const char *ca_file, int timeout_ms,
               char detail[PROBE_DETAIL_SIZE]);

#endif
