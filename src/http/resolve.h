/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The system's resolver. */
#ifndef DSQL_HTTP_RESOLVE_H
#define DSQL_HTTP_RESOLVE_H

#include "http/http.h"

/** As struct http's resolve.  More addresses than fit are an error: the rest would be unchecked. */
dsql_status resolve_system(void *arg, const char *host, struct http_addresses *out,
                           dsql_error *err);

#endif
