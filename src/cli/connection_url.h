/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A login as one postgresql:// URL, for drivers that do not read libpq's PG* variables.  The URL
 * contains the token: it is written to standard output or into an environment, never into an
 * argument or a log.
 */
#ifndef DSQL_CLI_CONNECTION_URL_H
#define DSQL_CLI_CONNECTION_URL_H

#include <dsql.h>

/**
 * User, token, host, port and database name, each percent-encoded, then sslmode and sslrootcert.
 * Free it with secret_free_string().  NULL: out of memory.
 */
char *connection_url(const dsql_params *params);

/** The value of a keyword; "" if the parameters do not have it. */
const char *connection_param(const dsql_params *params, const char *keyword);

/**
 * The value of sslrootcert as a file.  "system" is known to libpq 16 and later only, so the file
 * of the operating system stands in for it where there is one.
 */
const char *connection_root_file(const dsql_params *params);

#endif
