/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The sockets that a service manager has passed to `dsql proxy`, each with the port that it is for.
 */
#ifndef DSQL_CLI_PROXY_SOCKETS_H
#define DSQL_CLI_PROXY_SOCKETS_H

#include "net/service_sockets.h"
#include "proxy/proxy_options.h"

struct proxy_sockets {
    struct proxy_socket sockets[SERVICE_SOCKETS_MAX];
    size_t count;
};

/** To be called before any other descriptor is opened.  first: as for service_sockets_take(). */
dsql_status proxy_sockets_take(struct proxy_sockets *out, const struct service_variables *variables,
                               int first, dsql_error *err);

#endif
