/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/local_login.h"

#include "base/error.h"
#include "local/database.h"
#include "local/identity.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 10000 };

/* The cluster's files and not the environment decide, which may be set for another cluster. */
static PGconn *connect_with(const struct cluster *cluster, dsql_credentials_provider *credentials,
                            dsql_error *err)
{
    struct cluster_state state;
    char port[16];
    cluster_read_state(cluster, &state);
    snprintf(port, sizeof port, "%d", state.port);
    const char *const keywords[] = {"hostaddr", NULL};
    const char *const values[] = {state.address, NULL};
    database_forget_environment();
    return dsql_connect(DSQL_OPTIONS(.host = cluster->endpoint, .region = CLUSTER_REGION,
                                     .user = "admin", .dbname = "postgres", .port = port,
                                     .application_name = "dsql local", .ca_file = cluster->ca,
                                     .credentials = credentials, .connect_timeout_ms = TIMEOUT_MS,
                                     .pq_keywords = keywords, .pq_values = values),
                        err);
}

/* A limit of the cluster (53xxx) is an answer of a cluster that serves. */
static bool is_served(const struct gateway_identity *identity, const dsql_error *err)
{
    bool is_limit = strncmp(err->sqlstate, "53", 2) == 0;
    /* Whoever has edited identities.json may have taken the login as admin from the first one. */
    bool is_denied = !identity->may_connect_admin && err->sqlstate[0] != '\0';
    return is_limit || is_denied;
}

dsql_status local_login_try(const struct cluster *cluster, dsql_error *err)
{
    char key_id[IDENTITY_KEY_ID_SIZE];
    struct gateway_identity identity = {0};
    dsql_error own = {0};
    dsql_status status = identity_read_first(cluster->identities, key_id, &identity, err);
    if (status != DSQL_OK) {
        return status;
    }
    dsql_credentials_provider *credentials =
        dsql_credentials_static(key_id, secret_string(&identity.secret_access_key),
                                secret_string(&identity.session_token), &own);
    PGconn *conn = credentials == NULL ? NULL : connect_with(cluster, credentials, &own);
    status = conn != NULL || is_served(&identity, &own) ? DSQL_OK : own.status;
    PQfinish(conn);
    dsql_credentials_unref(credentials);
    secret_clear(&identity.secret_access_key);
    secret_clear(&identity.session_token);
    if (status != DSQL_OK && err != NULL) {
        *err = own;
    }
    return status;
}
