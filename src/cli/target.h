/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The options that say which cluster and who: the same for every command that connects. */
#ifndef DSQL_CLI_TARGET_H
#define DSQL_CLI_TARGET_H

#include "cli/command.h"

#include <dsql.h>

/* For a command's list of options; psql's letters. */
#define TARGET_OPTION_USER                                                                         \
    {                                                                                              \
        "user", 'U', "ROLE", "database role (default: CLUSTER_USER, PGUSER, admin)"                \
    }
#define TARGET_OPTION_REGION                                                                       \
    {                                                                                              \
        "region", 0, "REGION", "where a host name does not say (default: AWS_REGION)"              \
    }
#define TARGET_OPTION_PROFILE                                                                      \
    {                                                                                              \
        "profile", 0, "NAME", "AWS profile (default: AWS_PROFILE)"                                 \
    }

/**
 * Host (argument, --host, CLUSTER_ENDPOINT, PGHOST), user, region, profile.  The
 * strings are the command line's.  False: no host; that has been said.
 */
bool target_read(const struct command_line *line, dsql_options *options);

#endif
