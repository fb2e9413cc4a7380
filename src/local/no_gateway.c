/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Stands in where this build has no gateway: a cluster can be made, not served. */
#include "base/error.h"
#include "gateway/gateway.h"

struct gateway *gateway_start(uv_loop_t *loop, const struct gateway_options *options,
                              dsql_error *err)
{
    (void)loop;
    (void)options;
    fail(err, DSQL_ERR_USAGE, "this build has no gateway");
    return NULL;
}

int gateway_port(const struct gateway *gateway)
{
    (void)gateway;
    return 0;
}

void gateway_stop(struct gateway *gateway, void (*on_stopped)(void *arg), void *arg)
{
    (void)gateway;
    on_stopped(arg);
}

void gateway_free(struct gateway *gateway)
{
    (void)gateway;
}
