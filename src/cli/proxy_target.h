/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One cluster of `dsql proxy`, as it is written on the command line, in the environment and in the
 * configuration file: a host, and after '?' the words of its settings, as in a URL:
 *
 *   foo0bar1baz2quux3quuux4abc.dsql.us-east-1.on.aws?port=5433&user=app&profile=prod
 *
 * Values are percent-decoded.  A pure function: whether the host exists is not known here.
 */
#ifndef DSQL_CLI_PROXY_TARGET_H
#define DSQL_CLI_PROXY_TARGET_H

#include "base/text.h"

#include <dsql.h>

enum {
    PROXY_TARGET_TEXT_MAX = 4096, /* bytes of the whole text */
    PROXY_TARGET_ZERO = -1        /* for a number that was given as 0 */
};

/** Strings that were not given are NULL, numbers 0.  All strings belong to the target. */
struct proxy_target {
    char *host;
    char *region;
    char *profile;
    char *user;
    char *dbname;
    char *sslrootcert;
    char *hostaddr;
    char *password_file; /* with the password of a PostgreSQL that is not Aurora DSQL */
    int port;            /* where the proxy listens; PROXY_TARGET_ZERO for "0" */
    int server_port;
    int max_servers;
    int min_idle; /* PROXY_TARGET_ZERO: none */
    int token_seconds;
};

/** DSQL_ERR_USAGE: not valid; the error never repeats a value.  To be cleared in any case. */
dsql_status proxy_target_parse(struct text text, struct proxy_target *out, dsql_error *err);
void proxy_target_clear(struct proxy_target *target);

#endif
