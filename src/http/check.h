/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Whether a request may be sent at all, whatever the sender. */
#ifndef DSQL_HTTP_CHECK_H
#define DSQL_HTTP_CHECK_H

#include "http/http.h"

/** DSQL_ERR_USAGE if not; the message contains at most the host. */
dsql_status http_check(const struct http_request *request, dsql_error *err);

#endif
