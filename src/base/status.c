/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What the public header says about itself: the version, and names for statuses. */
#include <dsql.h>

int dsql_version(void)
{
    return DSQL_VERSION_NUM;
}

const char *dsql_status_name(dsql_status status)
{
    static const char *const names[] = {
        [DSQL_OK] = "ok",
        [DSQL_ERR_USAGE] = "usage",
        [DSQL_ERR_NOMEM] = "nomem",
        [DSQL_ERR_CREDENTIALS] = "credentials",
        [DSQL_ERR_TOKEN] = "token",
        [DSQL_ERR_CONNECT] = "connect",
        [DSQL_ERR_TIMEOUT] = "timeout",
        [DSQL_ERR_CLOSED] = "closed",
        [DSQL_ERR_QUERY] = "query",
        [DSQL_ERR_OCC] = "occ",
        [DSQL_ERR_COMMIT_UNKNOWN] = "commit_unknown",
        [DSQL_ERR_CALLBACK] = "callback",
        [DSQL_ERR_SYSTEM] = "system",
    };
    size_t index = (size_t)status;
    return index < sizeof names / sizeof names[0] ? names[index] : "unknown";
}
