/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The users of a running proxy: those of a file of the user's, or everybody with the password that
 * the proxy makes at its first start.  They may be read again while the proxy runs.
 */
#ifndef DSQL_CLI_PROXY_USERS_H
#define DSQL_CLI_PROXY_USERS_H

#include "cli/proxy_places.h"
#include "proxy/password_file.h"

#include <dsql.h>

struct proxy_users {
    const char *path; /* of the file that is used */
    bool is_generated;
    unsigned char key[PASSWORD_FILE_KEY_SIZE];
    struct password_list *list;
};

/** file: NULL for the generated one.  Both paths must live as long as the users. */
dsql_status proxy_users_open(struct proxy_users *users, const struct proxy_places *places,
                             const char *file, dsql_error *err);
/** After a failure the old users stay. */
dsql_status proxy_users_reload(struct proxy_users *users, dsql_error *err);
void proxy_users_close(struct proxy_users *users);

/** For struct proxy_options; arg is the struct proxy_users. */
bool proxy_users_find(void *arg, struct text user, struct scram_verifier *out);

#endif
