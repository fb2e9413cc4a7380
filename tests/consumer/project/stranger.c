/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What somebody else's program does first: it needs no server. */
#include <dsql.h>

#include <stdio.h>

int main(void)
{
    dsql_error err = {0};
    dsql_credentials_provider *keys =
        dsql_credentials_static("AKIAIOSFODNN7EXAMPLE", "not-a-secret", NULL, &err);
    char *token =
        dsql_token(DSQL_OPTIONS(.host = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws",
                                .credentials = keys),
                   NULL, &err);
    int ok = token != NULL && strstr(token, "Action=DbConnectAdmin") != NULL &&
             dsql_version() == DSQL_VERSION_NUM;
    if (!ok)
        fprintf(stderr, "%s\n", err.message);
    dsql_token_free(token);
    dsql_credentials_unref(keys);
    return !ok;
}
