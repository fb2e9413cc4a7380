/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include "cli/options.h"

#include <stdlib.h>

const struct command_option *const target_options[] = {
    &option_host, &option_port, &option_user, &option_region, &option_profile, NULL};

const char *target_environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

bool target_read(const struct command_line *line, dsql_options *options)
{
    const char *host = command_argument(line, 0);
    host = host == NULL ? command_value(line, "host") : host;
    options->port = command_value(line, "port");
    options->user = command_value(line, "user");
    options->region = command_value(line, "region");
    options->profile = command_value(line, "profile");
    if (host == NULL && target_environment("CLUSTER_ENDPOINT") != NULL) {
        host = target_environment("CLUSTER_ENDPOINT");
        options->user = options->user == NULL ? target_environment("CLUSTER_USER") : options->user;
    }
    options->host = host == NULL ? target_environment("PGHOST") : host;
    if (options->host == NULL) {
        command_usage(line->command, "no cluster given: name its endpoint or cluster id, or set "
                                     "CLUSTER_ENDPOINT");
        return false;
    }
    return true;
}
