/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* An error that the server answered, as a dsql_error. */
#ifndef DSQL_CONNECT_SERVER_ERROR_H
#define DSQL_CONNECT_SERVER_ERROR_H

#include <dsql.h>

/**
 * Fills in *err from a result that has a SQLSTATE, with all that the server said, and returns
 * DSQL_ERR_OCC for a conflict and DSQL_ERR_QUERY for any other error.
 */
dsql_status server_error_read(const PGresult *res, dsql_error *err);

#endif
