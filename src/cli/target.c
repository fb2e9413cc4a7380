/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See target.h. */
#include "cli/target.h"

#include <stdlib.h>

/* NULL when unset or empty. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

bool target_read(const struct command_line *line, dsql_options *options)
{
    const char *host = command_argument(line, 0);
    host = host == NULL ? command_value(line, "host") : host;
    options->user = command_value(line, "user");
    options->region = command_value(line, "region");
    options->profile = command_value(line, "profile");
    if (host == NULL && environment("CLUSTER_ENDPOINT") != NULL) {
        host = environment("CLUSTER_ENDPOINT");
        options->user = options->user == NULL ? environment("CLUSTER_USER") : options->user;
    }
    options->host = host == NULL ? environment("PGHOST") : host;
    if (options->host == NULL) {
        command_usage(line->command, "which cluster? give its endpoint or id, or set "
                                     "CLUSTER_ENDPOINT");
        return false;
    }
    return true;
}
