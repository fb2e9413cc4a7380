/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* `dsql local stop`, `status`, `logs` and `destroy`. */
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "local/cluster_lock.h"
#include "local/cluster_owner.h"
#include "local/file.h"
#include "local/log_file.h"
#include "local/supervisor.h"

#include <jansson.h>

#include <unistd.h>

/* A cluster that is not running is not an error, so that scripts can always stop it. */
int local_stop_run(const struct command_line *line)
{
    struct cluster cluster;
    bool was_running = false;
    dsql_error err = {0};
    int found = local_find(line, &cluster);
    if (found != EXIT_DONE) {
        return found;
    }
    if (supervisor_stop(&cluster, local_print_progress, &was_running, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    fprintf(stderr, was_running ? "stopped\n" : "the cluster was not running\n");
    return EXIT_DONE;
}

/* One object.  Scripts read these names: they do not change. */
static int print_status_json(const struct cluster *cluster, const struct cluster_process *process,
                             const struct cluster_state *state)
{
    json_t *root =
        json_pack("{s:b, s:i, s:i, s:s, s:s, s:s}", "running", process->phase == CLUSTER_RUNNING,
                  "pid", (int)process->pid, "port", state->port, "endpoint", cluster->endpoint,
                  "phase", cluster_phase_name(process->phase), "problem", state->problem);
    if (root == NULL) {
        cli_error("out of memory");
        return EXIT_FAILED;
    }
    json_dumpf(root, stdout, JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(root);
    return EXIT_DONE;
}

static void print_status(const struct cluster *cluster, const struct cluster_process *process,
                         const struct cluster_state *state)
{
    if (process->phase == CLUSTER_RUNNING) {
        printf("running on port %d (process %d): %s\n", state->port, (int)process->pid,
               cluster->endpoint);
    } else if (process->phase == CLUSTER_STOPPED) {
        printf("not running\n");
    } else {
        printf("%s (process %d)\n", cluster_phase_name(process->phase), (int)process->pid);
    }
    if (state->problem[0] != '\0') {
        printf("%s\n", state->problem);
    }
}

/*
 * Whoever may look can ask.  What the daemon has written counts only while it lives: after a crash
 * it is old.
 */
static dsql_status read_status(struct cluster *cluster, struct cluster_process *process,
                               struct cluster_state *state, dsql_error *err)
{
    dsql_status status = cluster_lock_read(cluster, process, err);
    bool is_known = cluster_read_state(cluster, state) && process->phase != CLUSTER_STOPPED &&
                    (state->pid == process->pid || process->pid == 0);
    if (!is_known) {
        *state = (struct cluster_state){0};
    }
    return status == DSQL_OK ? cluster_read_settings(cluster, err) : status;
}

/* Exit status 1 means "not running" (pg_ctl status has 3 for that). */
int local_status_run(const struct command_line *line)
{
    struct cluster cluster;
    struct cluster_process process;
    struct cluster_state state;
    bool is_json = false;
    dsql_error err = {0};
    if (!command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    if (cluster_locate(&cluster, command_value(line, "dir"), &err) != DSQL_OK ||
        (!cluster_owner_is_visible(&cluster) && cluster_owner_check(&cluster, &err) != DSQL_OK) ||
        read_status(&cluster, &process, &state, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    if (!is_json) {
        print_status(&cluster, &process, &state);
    } else if (print_status_json(&cluster, &process, &state) != EXIT_DONE) {
        return EXIT_FAILED;
    }
    return process.phase == CLUSTER_RUNNING ? EXIT_DONE : EXIT_FAILED;
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

/* Files of earlier starts may be there, so they are printed all the same. */
static void report_logs_elsewhere(const struct cluster *cluster)
{
    struct cluster_state state;
    cluster_read_state(cluster, &state);
    if (state.is_foreground) {
        fprintf(stderr, "the last start was in the foreground: its log went to its standard error "
                        "('docker logs', 'journalctl'), and not to these files\n");
    }
}

/*
 * The gateway's log first: it says why PostgreSQL was not started, in which case there is no
 * second log.
 */
int local_logs_run(const struct command_line *line)
{
    struct cluster cluster;
    dsql_error err = {0};
    int found = local_find(line, &cluster);
    if (found != EXIT_DONE) {
        return found;
    }
    if (!local_has_files(&cluster)) {
        return EXIT_FAILED;
    }
    report_logs_elsewhere(&cluster);
    if ((file_exists(cluster.daemon_log) && print_log(cluster.daemon_log, &err) != DSQL_OK) ||
        (file_exists(cluster.postgres_log) && print_log(cluster.postgres_log, &err) != DSQL_OK)) {
        return cli_fail(&err);
    }
    return EXIT_DONE;
}

/* Only a stopped cluster is deleted.  If it cannot be stopped, its files stay. */
int local_destroy_run(const struct command_line *line)
{
    struct cluster cluster;
    dsql_error err = {0};
    int found = local_find(line, &cluster);
    if (found != EXIT_DONE) {
        return found;
    }
    if (!local_has_files(&cluster)) {
        return EXIT_FAILED;
    }
    return supervisor_destroy(&cluster, local_print_progress, &err) == DSQL_OK ? EXIT_DONE
                                                                               : cli_fail(&err);
}
