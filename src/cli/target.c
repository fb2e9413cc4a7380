/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which cluster a command is about.  The order is: the command line, then
 * CLUSTER_ENDPOINT (which AWS's samples use), then libpq's PGHOST.  Defaults of port, region and
 * role are libdsql's; they are not repeated here.
 */
#include "cli/target.h"

#include "cli/options.h"

#include <stdlib.h>

/*
 * SigV4's limit for presigned requests: 7 days.  Credentials that expire earlier end the token
 * earlier.
 */
enum { TOKEN_LONGEST_SECONDS = 604800 };

const struct command_option *const target_options[] = {
    &option_host, &option_port, &option_user, &option_region, &option_profile, NULL};

/* An empty variable counts as unset: `export PGHOST=` is how a shell user clears one. */
const char *target_environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/*
 * CLUSTER_USER belongs to CLUSTER_ENDPOINT: with another host it would name a role of another
 * cluster.
 */
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
        command_usage(line->command,
                      "no cluster given: name its endpoint or cluster id, or set CLUSTER_ENDPOINT; "
                      "for a local cluster run eval \"$(dsql local env)\"");
        return false;
    }
    return true;
}

bool target_read_token_seconds(const struct command_line *line, dsql_options *options)
{
    return command_number(line, "expires-in", 1, TOKEN_LONGEST_SECONDS, &options->token_seconds);
}
