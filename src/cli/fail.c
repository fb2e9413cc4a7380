/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * From a dsql_error to what the command prints, and to its exit status.  Scripts decide by the
 * exit status: 2 is a mistake in the call, 3 that no connection came about, 4 a conflict, which
 * is worth a retry.  The message is complete and has no secret in it, so it is printed as it is.
 */
#include "cli/commands.h"

int cli_fail(const dsql_error *err)
{
    fprintf(stderr, "dsql: %s\n", err->message);
    switch (err->status) {
    case DSQL_ERR_CONNECT:
    case DSQL_ERR_CREDENTIALS:
    case DSQL_ERR_TOKEN:
    case DSQL_ERR_TIMEOUT:
        return EXIT_CONNECT;
    case DSQL_ERR_OCC:
        return EXIT_CONFLICT;
    case DSQL_ERR_USAGE:
        return EXIT_USAGE;
    default:
        return EXIT_FAILED;
    }
}
