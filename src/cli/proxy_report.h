/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running proxy says of itself to `dsql proxy status`, `wait` and `env`: one JSON object,
 * without a secret.  Its names are an interface: they are added, never changed.
 */
#ifndef DSQL_CLI_PROXY_REPORT_H
#define DSQL_CLI_PROXY_REPORT_H

#include "base/buf.h"
#include "proxy/proxy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proxy_report_cluster {
    const char *host;
    const char *user;   /* NULL: the client's */
    const char *dbname; /* NULL: the client's */
    int port;
    const struct proxy_counters *counters;
};

/** Strings may be NULL: there is none. */
struct proxy_report {
    int pid;
    enum proxy_condition condition;
    enum proxy_pool_mode pool_mode;
    const char *socket_directory;
    const char *listen_address;
    const char
        *password_file; /* that the proxy has made; NULL: one of the user's, or --auth trust */
    bool has_trust;
    bool has_tls;
    const struct proxy_report_cluster *clusters;
    size_t cluster_count;
    int64_t now_s;
};

/** "starting", "ready" or "draining". */
const char *proxy_condition_name(enum proxy_condition condition);

/** Breaks the buffer if memory runs out. */
void proxy_report_write(struct buf *out, const struct proxy_report *report);

#endif
