/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the cluster that a command is about, with the errors that are common to these commands.
 * A cluster is a directory; whether it runs is asked of its lock, because a process id in a file
 * could be that of another program by now.
 */
#include "cli/local_cluster.h"

#include "cli/commands.h"
#include "local/cluster_lock.h"
#include "local/file.h"

int local_open(const struct command_line *line, struct cluster *cluster)
{
    dsql_error err = {0};
    dsql_status status = cluster_open(cluster, command_value(line, "dir"), &err);
    return status == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}

int local_open_running(const struct command_line *line, struct cluster *cluster)
{
    int status = local_open(line, cluster);
    if (status == EXIT_DONE && cluster_lock_holder(cluster) == 0) {
        fprintf(stderr, "dsql: no cluster is running in \"%s\". Start it with 'dsql local start'\n",
                cluster->dir);
        status = EXIT_FAILED;
    }
    return status;
}

/*
 * A directory that exists but is empty is no cluster yet.  destroy must not delete a directory
 * that dsql did not create.
 */
bool local_has_files(const struct cluster *cluster)
{
    bool found = file_exists(cluster->settings) || file_exists(cluster->lock);
    if (!found) {
        fprintf(stderr, "dsql: there is no cluster in \"%s\"\n", cluster->dir);
    }
    return found;
}

/* To standard error, so that standard output has only the result and can be read by eval. */
void local_print_progress(const char *line)
{
    fprintf(stderr, "%s\n", line);
}
