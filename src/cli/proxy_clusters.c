/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/proxy_clusters.h"

#include "base/error.h"
#include "proxy/password_file.h"
#include "proxy/private_file.h"

/* The password is all of the file but a line break at its end. */
static dsql_status read_password(const struct proxy_target *target, struct secret *out,
                                 dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, PASSWORD_FILE_MAX);
    if (target->password_file == NULL) {
        return DSQL_OK;
    }
    dsql_status status = private_file_read("password file", target->password_file, &content, err);
    if (status != DSQL_OK) {
        return status;
    }
    struct text rest = buf_text(&content);
    struct text password = text_of("");
    text_next_line(&rest, &password);
    if (text_is_empty(password) || !text_is_empty(rest)) {
        return fail(err, DSQL_ERR_USAGE,
                    "the password file \"%s\" of cluster \"%s\" must have one line: the password",
                    target->password_file, target->host);
    }
    return secret_set(out, password.data, password.len) ? DSQL_OK : fail_nomem(err);
}

static dsql_status read_one(struct proxy_clusters *clusters, const struct proxy_target *target,
                            dsql_error *err)
{
    size_t i = clusters->count++;
    struct secret *password = &clusters->passwords[i];
    dsql_status status = read_password(target, password, err);
    clusters->options[i] = (struct proxy_cluster_options){
        .host = target->host,
        .region = target->region,
        .profile = target->profile,
        .user = target->user,
        .dbname = target->dbname,
        .ca_file = target->sslrootcert,
        .hostaddr = target->hostaddr,
        .password = secret_is_empty(password) ? NULL : password,
        .server_port = target->server_port,
        .port = target->port,
        .max_servers = target->max_servers,
        .min_idle = target->min_idle,
        .token_seconds = target->token_seconds,
    };
    return status;
}

dsql_status proxy_clusters_read(struct proxy_clusters *clusters,
                                const struct proxy_settings *settings, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    for (size_t i = 0; status == DSQL_OK && i < settings->target_count; i++) {
        status = read_one(clusters, &settings->targets[i], err);
    }
    return status;
}

void proxy_clusters_clear(struct proxy_clusters *clusters)
{
    for (size_t i = 0; i < clusters->count; i++) {
        secret_clear(&clusters->passwords[i]);
    }
    clusters->count = 0;
}
