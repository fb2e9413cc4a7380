/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Asks the proxies that run for a page of theirs, through their control sockets. */
#ifndef DSQL_CLI_PROXY_ASK_H
#define DSQL_CLI_PROXY_ASK_H

#include "cli/proxy_places.h"

#include <dsql.h>
#include <jansson.h>

/**
 * The reports of all proxies whose control socket is in the directory, as a JSON array; those that
 * do not answer are left out.  port: 0, or only the one that has a cluster on this port.  Waits for
 * at most 5 s for each.  The caller calls json_decref().
 */
dsql_status proxy_ask_all(const struct proxy_places *places, int port, json_t **out,
                          dsql_error *err);

#endif
