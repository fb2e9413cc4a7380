/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a container's agent is, and whether requests to it are allowed: with https anything, with
 * http only this machine and the agents' own link-local addresses.  A name is resolved
 * here, once, and the request goes to the addresses that were checked: a name that means
 * something else a moment later (DNS rebinding) gains nothing.
 */
#ifndef DSQL_CREDENTIALS_CONTAINER_ENDPOINT_H
#define DSQL_CREDENTIALS_CONTAINER_ENDPOINT_H

#include "http/http.h"

enum {
    CONTAINER_URL_SIZE = 4096,
    CONTAINER_PINNED_SIZE = HTTP_MAX_ADDRESSES * (HTTP_ADDRESS_SIZE + 1)
};

struct container_endpoint {
    char url[CONTAINER_URL_SIZE];
    char pinned[CONTAINER_PINNED_SIZE]; /* addresses with commas; "": the host is one itself, or
                                           the server is verified */
};

/** A path below the agent of ECS. */
dsql_status container_endpoint_relative(const char *path, struct container_endpoint *out,
                                        dsql_error *err);

/** A whole URL. */
dsql_status container_endpoint_full(const char *url, const struct http *http,
                                    struct container_endpoint *out, dsql_error *err);

#endif
