/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file of `dsql proxy`, line by line: the name of an option without its dashes,
 * and its value.  A flag has no value.  Lines that are empty or begin with '#' are skipped.
 *
 *   cluster foo0bar1baz2quux3quuux4abc.dsql.us-east-1.on.aws?port=5433&user=app
 *   pool-mode transaction
 *   strict
 *
 * A pure function: which names there are is not known here.
 */
#ifndef DSQL_CLI_PROXY_CONFIG_H
#define DSQL_CLI_PROXY_CONFIG_H

#include "base/text.h"

#include <stdbool.h>

enum { PROXY_CONFIG_MAX = 256 * 1024 }; /* bytes of the file */

/** A position in the file; begin with the whole content and line 0. */
struct proxy_config {
    struct text rest;
    int line; /* number of the line that was returned last, from 1 */
};

struct proxy_config_line {
    struct text name;  /* never empty */
    struct text value; /* empty for a flag */
};

/** The next line with content.  False at the end. */
bool proxy_config_next(struct proxy_config *config, struct proxy_config_line *out);

#endif
