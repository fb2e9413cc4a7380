/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The environment variables of a client of a local cluster. */
#ifndef DSQL_CLI_LOCAL_ENVIRONMENT_H
#define DSQL_CLI_LOCAL_ENVIRONMENT_H

#include "local/cluster.h"
#include "local/identity.h"

enum { LOCAL_VARIABLES = 12 };

/** A variable without a value is unset. */
struct local_variable {
    const char *name;
    const char *value;
};

/** The values point into the struct and into the cluster, so neither may be moved. */
struct local_environment {
    struct local_variable variables[LOCAL_VARIABLES + 1]; /* ends with a name that is NULL */
    struct gateway_identity identity;
    char key_id[IDENTITY_KEY_ID_SIZE];
    char address[CLUSTER_ADDRESS_SIZE];
    char port[16];
};

/** user NULL: admin.  Clear it afterwards, on failure too. */
dsql_status local_environment_read(struct local_environment *environment,
                                   const struct cluster *cluster, const char *user,
                                   dsql_error *err);
/** Overwrites the secrets. */
void local_environment_clear(struct local_environment *environment);

#endif
