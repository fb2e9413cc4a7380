/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the cluster that a command is about, with the errors that are common to these commands.
 * A cluster is a directory; whether it runs is asked of its lock, because a process id in a file
 * could be that of another program by now.
 */
#include "cli/local_cluster.h"

#include "cli/commands.h"
#include "local/cluster_lock.h"
#include "local/cluster_owner.h"

int local_find(const struct command_line *line, struct cluster *cluster)
{
    dsql_error err = {0};
    dsql_status status = cluster_locate(cluster, command_value(line, "dir"), &err);
    if (status == DSQL_OK) {
        status = cluster_owner_check(cluster, &err);
    }
    return status == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}

/* A cluster that is being restarted has all its files, and its server answers for itself. */
int local_open_running(const struct command_line *line, struct cluster *cluster)
{
    struct cluster_process process;
    dsql_error err = {0};
    int found = local_find(line, cluster);
    if (found != EXIT_DONE) {
        return found;
    }
    if (cluster_lock_read(cluster, &process, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    switch (process.phase) {
    case CLUSTER_RUNNING:
    case CLUSTER_RESTARTING:
        return cluster_read_settings(cluster, &err) == DSQL_OK ? EXIT_DONE : cli_fail(&err);
    case CLUSTER_STARTING:
    case CLUSTER_STOPPING:
        cli_error("the cluster in \"%s\" is %s. Wait for it with 'dsql local start'", cluster->dir,
                  cluster_phase_name(process.phase));
        return EXIT_FAILED;
    case CLUSTER_STOPPED:
        break;
    }
    cli_error("no cluster is running in \"%s\". Start it with 'dsql local start'", cluster->dir);
    return EXIT_FAILED;
}

/*
 * A directory that exists but is empty is no cluster yet.  destroy must not delete a directory
 * that dsql did not create.
 */
bool local_has_files(const struct cluster *cluster)
{
    bool found = cluster_owner_has_cluster(cluster);
    if (!found) {
        cli_error("there is no cluster in \"%s\"", cluster->dir);
    }
    return found;
}

/* To standard error, so that standard output has only the result and can be read by eval. */
void local_print_progress(const char *line)
{
    fprintf(stderr, "%s\n", line);
}
