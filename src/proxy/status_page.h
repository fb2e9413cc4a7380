/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP server in the proxy's event loop, for monitors and, on a Unix socket, for the
 * commands that ask a running proxy: see status_response.h for its pages. It is slow for clients
 * that are slow: a request must be complete within 5 s and an answer taken within 10 s, an idle
 * connection is closed after 75 s, and of more than 32 connections the oldest is closed.
 */
#ifndef DSQL_PROXY_STATUS_PAGE_H
#define DSQL_PROXY_STATUS_PAGE_H

#include "base/clock.h"
#include "proxy/status_response.h"

#include <dsql.h>

#include <uv.h>

enum {
    STATUS_PAGE_CONNECTIONS_MAX = 32,
    STATUS_PAGE_REQUEST_MS = 5000,
    STATUS_PAGE_ANSWER_MS = 10000,
    STATUS_PAGE_IDLE_MS = 75000
};

struct status_page;

struct status_page_options {
    const char *address; /* numeric */
    int port;            /* 0: any free one */
    const char *path;    /* of a Unix socket, mode 0600, instead of address and port; or NULL */
    struct status_source source;
    const struct clock *clock; /* NULL: the system clock */
    int request_ms;            /* 0: the defaults above */
    int answer_ms;
    int idle_ms;
};

/** Listens.  After a failure, run the loop until it has nothing to do before freeing it. */
dsql_status status_page_start(uv_loop_t *loop, const struct status_page_options *options,
                              struct status_page **out, dsql_error *err);

/** The TCP port. */
int status_page_port(const struct status_page *page);

/** Closes all connections, calls on_stopped from the loop, and frees the page.  NULL does nothing,
    and calls nothing. */
void status_page_stop(struct status_page *page, void (*on_stopped)(void *arg), void *arg);

#endif
