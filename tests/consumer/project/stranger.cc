/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The header from C++11. */
#include <dsql.h>

#include <cstring>

int main()
{
    dsql_options options = dsql_options_init();
    options.host = "not an endpoint";
    dsql_error err = {};
    PGconn *conn = dsql_connect(&options, &err);
    return conn == nullptr && err.status != DSQL_OK && err.message[0] != '\0' &&
                   std::strcmp(dsql_status_name(DSQL_ERR_USAGE), "usage") == 0
               ? 0
               : 1;
}
