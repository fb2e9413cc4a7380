/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a failed connect says.  libpq gives no fields for it, only a text: asked for
 * verbose, it carries the SQLSTATE and the HINT, in which Aurora DSQL hides the reason.
 */
#ifndef DSQL_CONNECT_REFUSAL_H
#define DSQL_CONNECT_REFUSAL_H

#include "base/text.h"

#include <dsql.h>

/** Turns PQerrorMessage() of a failed connect to host into DSQL_ERR_CONNECT with a next step. */
dsql_status refusal_to_error(const char *host, struct text message, dsql_error *err);

#endif
