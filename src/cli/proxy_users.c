/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/proxy_users.h"

#include "base/secret.h"

dsql_status proxy_users_reload(struct proxy_users *users, dsql_error *err)
{
    struct password_list *list = NULL;
    dsql_status status = password_file_read(users->path, users->key, &list, err);
    if (status == DSQL_OK) {
        password_list_free(users->list);
        users->list = list;
    }
    return status;
}

dsql_status proxy_users_open(struct proxy_users *users, const struct proxy_places *places,
                             const char *file, dsql_error *err)
{
    *users = (struct proxy_users){.path = file == NULL ? places->password : file,
                                  .is_generated = file == NULL};
    dsql_status status = password_file_read_key(places->key, users->key, err);
    if (status == DSQL_OK && users->is_generated) {
        status = password_file_generate(users->path, err);
    }
    return status == DSQL_OK ? proxy_users_reload(users, err) : status;
}

void proxy_users_close(struct proxy_users *users)
{
    password_list_free(users->list);
    secret_wipe(users, sizeof *users);
}

bool proxy_users_find(void *arg, struct text user, struct scram_verifier *out)
{
    const struct proxy_users *users = arg;
    return password_list_find(users->list, user, out);
}
