/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* `dsql local stop`, `status`, `logs` and `destroy`. */
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "local/cluster_lock.h"
#include "local/file.h"
#include "local/log_file.h"
#include "local/supervisor.h"

#include <unistd.h>

/* A cluster that is not running is not an error, so that scripts can always stop it. */
int local_stop_run(const struct command_line *line)
{
    struct cluster cluster;
    bool was_running = false;
    dsql_error err = {0};
    int opened = local_open(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (supervisor_stop(&cluster, &was_running, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    fprintf(stderr, was_running ? "stopped\n" : "the cluster was not running\n");
    return EXIT_DONE;
}

/*
 * Exit status 1 means "not running" (pg_ctl status has 3 for that).  The port is read from the
 * cluster's files only while the lock is held: after a crash they are old.
 */
int local_status_run(const struct command_line *line)
{
    struct cluster cluster;
    bool is_json = false;
    if (!command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    int opened = local_open(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    pid_t pid = cluster_lock_holder(&cluster);
    int port = pid > 0 ? cluster_last_port(&cluster) : 0;
    if (is_json) {
        /* Scripts read these names: they do not change. */
        printf("{\"running\": %s, \"pid\": %d, \"port\": %d, \"endpoint\": \"%s\"}\n",
               pid > 0 ? "true" : "false", (int)pid, port, cluster.endpoint);
    } else if (pid > 0) {
        printf("running on port %d (process %d): %s\n", port, (int)pid, cluster.endpoint);
    } else {
        printf("not running\n");
    }
    return pid > 0 ? EXIT_DONE : EXIT_FAILED;
}

static dsql_status print_log(const char *path, dsql_error *err)
{
    char earlier[PATH_MAX];
    dsql_status status = DSQL_OK;
    if (log_file_earlier(path, earlier) && file_exists(earlier)) {
        status = file_copy_to(earlier, STDOUT_FILENO, err);
    }
    return status == DSQL_OK ? file_copy_to(path, STDOUT_FILENO, err) : status;
}

/*
 * The gateway's log first: it says why PostgreSQL was not started, in which case there is no
 * second log.
 */
int local_logs_run(const struct command_line *line)
{
    struct cluster cluster;
    dsql_error err = {0};
    int opened = local_open(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (!local_has_files(&cluster)) {
        return EXIT_FAILED;
    }
    if (print_log(cluster.daemon_log, &err) != DSQL_OK ||
        (file_exists(cluster.postgres_log) && print_log(cluster.postgres_log, &err) != DSQL_OK)) {
        return cli_fail(&err);
    }
    return EXIT_DONE;
}

/* Only a stopped cluster is deleted.  If it cannot be stopped, its files stay. */
int local_destroy_run(const struct command_line *line)
{
    struct cluster cluster;
    bool was_running = false;
    dsql_error err = {0};
    int opened = local_open(line, &cluster);
    if (opened != EXIT_DONE) {
        return opened;
    }
    if (!local_has_files(&cluster)) {
        return EXIT_FAILED;
    }
    if (supervisor_stop(&cluster, &was_running, &err) != DSQL_OK ||
        supervisor_destroy(&cluster, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    return EXIT_DONE;
}
