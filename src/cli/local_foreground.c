/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * `dsql local start --foreground`: the daemon in this process, for a container or a service
 * manager.  Standard output has the result, as without the option; everything else is a log.
 */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "cli/local_commands.h"
#include "cli/local_start_options.h"
#include "local/cluster_lock.h"
#include "local/cluster_owner.h"
#include "local/daemon.h"
#include "local/init_process.h"
#include "local/supervisor.h"
#include "net/service_notify.h"
#include "net/service_sockets.h"

#include <stdlib.h>

/* What is passed on through the daemon to print_ready(). */
struct output {
    bool is_json;
};

static void print_ready(void *arg, const struct cluster *cluster)
{
    const struct output *output = arg;
    struct cluster_state state;
    cluster_read_state(cluster, &state);
    printf(output->is_json ? "{\"endpoint\": \"%s\", \"port\": %d, \"pid\": %d}\n"
                           : "%s (port %d)\n",
           cluster->endpoint, state.port, (int)state.pid);
    fflush(stdout);
}

/* A cluster is not served twice, and this process would have nothing to do. */
static dsql_status fail_running(const struct cluster *cluster,
                                const struct cluster_process *process, dsql_error *err)
{
    if (process->pid == 0) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "the cluster in \"%s\" is %s in another container or on another machine. Stop "
                    "it there, or choose another directory with --dir",
                    cluster->dir, cluster_phase_name(process->phase));
    }
    return fail(err, DSQL_ERR_SYSTEM,
                "the cluster in \"%s\" is %s already (process %d). Stop it with 'dsql local stop', "
                "or choose another directory with --dir",
                cluster->dir, cluster_phase_name(process->phase), (int)process->pid);
}

/* One that is stopping is waited for: a service manager restarts at once. */
static dsql_status check_stopped(const struct cluster *cluster, dsql_error *err)
{
    struct cluster_process process;
    dsql_status status = cluster_lock_read(cluster, &process, err);
    if (status == DSQL_OK && process.phase == CLUSTER_STOPPING && process.pid != 0) {
        status = supervisor_finish_stop(cluster, process.pid, local_print_progress, err);
        if (status == DSQL_OK) {
            status = cluster_lock_read(cluster, &process, err);
        }
    }
    if (status != DSQL_OK) {
        return status;
    }
    return process.phase == CLUSTER_STOPPED ? DSQL_OK : fail_running(cluster, &process, err);
}

static dsql_status serve(const struct cluster *cluster, const struct start_options *options,
                         dsql_error *err)
{
    dsql_status status = check_stopped(cluster, err);
    if (status == DSQL_OK) {
        status = cluster_owner_prepare(cluster, err);
    }
    if (status == DSQL_OK) {
        status = daemon_serve(cluster, options, err);
    }
    /* Another process was faster.  This is no mistake in the call. */
    if (status != DSQL_OK && cluster_lock_is_busy(err)) {
        err->status = DSQL_ERR_SYSTEM;
    }
    return status;
}

static int run(const struct command_line *line, const struct service_notify *notify, const int *fds,
               int fd_count)
{
    struct cluster cluster;
    struct local_start_options start = {0};
    struct output output = {false};
    dsql_error err = {0};
    int status = command_wants_json(line, &output.is_json) ? local_start_options_read(line, &start)
                                                           : EXIT_USAGE;
    if (status == EXIT_DONE) {
        status = local_find(line, &cluster);
    }
    if (status != EXIT_DONE) {
        local_start_options_clear(&start);
        return status;
    }
    start.options.notify = notify;
    start.options.listen_fds = fds;
    start.options.listen_fd_count = fd_count;
    start.options.on_ready = print_ready;
    start.options.on_ready_arg = &output;
    if (serve(&cluster, &start.options, &err) == DSQL_OK) {
        fprintf(stderr, "stopped\n");
    } else {
        status = cli_fail(&err);
    }
    local_start_options_clear(&start);
    return status;
}

/*
 * Sockets are taken first: they are at fixed descriptors, and meant for this process.  As the first
 * process of a container it goes on in a child.
 */
int local_foreground_run(const struct command_line *line)
{
    const struct service_variables variables = {.listen_pid = getenv("LISTEN_PID"),
                                                .listen_fds = getenv("LISTEN_FDS"),
                                                .listen_fdnames = getenv("LISTEN_FDNAMES")};
    struct service_sockets sockets;
    struct service_notify notify;
    int fds[SERVICE_SOCKETS_MAX];
    int status = EXIT_FAILED;
    dsql_error err = {0};
    if (service_sockets_take(&sockets, &variables, SERVICE_SOCKETS_FIRST, &err) != DSQL_OK ||
        service_notify_init(&notify, getenv("NOTIFY_SOCKET"), &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    for (int i = 0; i < sockets.count; i++) {
        fds[i] = sockets.sockets[i].fd;
    }
    if (init_process_is_first() &&
        !init_process_fork(clock_system(), INIT_PROCESS_REST_MS, &status)) {
        return status;
    }
    return run(line, &notify, fds, sockets.count);
}
