/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* From a dsql_error to what the command prints, and to its exit status. */
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
