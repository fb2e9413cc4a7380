/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a local cluster really serves: a login as a client makes it, through TLS, the gateway
 * and PostgreSQL.
 */
#ifndef DSQL_CLI_LOCAL_LOGIN_H
#define DSQL_CLI_LOCAL_LOGIN_H

#include "local/cluster.h"

#include <dsql.h>

/**
 * Logs in once.  A cluster that has no place left for a session serves, too.  An error of the
 * server has its SQLSTATE: with 57P03 it will serve soon.
 */
dsql_status local_login_try(const struct cluster *cluster, dsql_error *err);

#endif
