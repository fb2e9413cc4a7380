/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The names are those that AWS's samples read (CLUSTER_ENDPOINT, REGION), the AWS SDKs, and libpq.
 * PGHOSTADDR leads to this machine while host name, region and certificate stay as for a real
 * endpoint.  What is unset is left over from earlier work and would change which credentials are
 * used.
 */
#include "cli/local_environment.h"

#include <stdio.h>
#include <string.h>

dsql_status local_environment_read(struct local_environment *environment,
                                   const struct cluster *cluster, const char *user, dsql_error *err)
{
    *environment = (struct local_environment){0};
    dsql_status status =
        identity_read_first(cluster->identities, environment->key_id, &environment->identity, err);
    if (status != DSQL_OK) {
        return status;
    }
    cluster_last_address(cluster, environment->address);
    snprintf(environment->port, sizeof environment->port, "%d", cluster_last_port(cluster));
    const struct local_variable variables[LOCAL_VARIABLES] = {
        {"CLUSTER_ENDPOINT", cluster->endpoint},
        {"CLUSTER_USER", user == NULL ? "admin" : user},
        {"REGION", CLUSTER_REGION},
        {"AWS_REGION", CLUSTER_REGION},
        {"AWS_ACCESS_KEY_ID", environment->key_id},
        {"AWS_SECRET_ACCESS_KEY", secret_string(&environment->identity.secret_access_key)},
        {"PGHOSTADDR", environment->address},
        {"PGPORT", environment->port},
        {"PGSSLROOTCERT", cluster->ca},
        {"NODE_EXTRA_CA_CERTS", cluster->ca}, /* Node does not read PGSSLROOTCERT */
        {"AWS_SESSION_TOKEN", NULL},
        {"AWS_PROFILE", NULL},
    };
    memcpy(environment->variables, variables, sizeof variables);
    return DSQL_OK;
}

void local_environment_clear(struct local_environment *environment)
{
    secret_clear(&environment->identity.secret_access_key);
    secret_clear(&environment->identity.session_token);
}
