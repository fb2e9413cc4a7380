/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The command's side of the daemon: fork it, read its report, send it signals.  It keeps no
 * state; what is known about a running cluster is known from its lock.
 */
#include "local/supervisor.h"

#include "base/clock.h"
#include "base/error.h"
#include "local/cluster_lock.h"
#include "local/cluster_owner.h"
#include "local/daemon.h"
#include "local/file.h"
#include "local/report.h"
#include "local/server_processes.h"
#include "local/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than the daemon takes for all steps of stopping PostgreSQL (server_processes.h). */
enum {
    STOP_LIMIT_MS = 30000,
    ORPHAN_LIMIT_MS = 60000,
    POLL_MS = 10,
    DESTROY_ATTEMPTS = 100,
    HOPELESS_FAILURES = 3
};

/* The exit status of a child for as_owner(): the lock was taken by another process. */
enum { CHILD_FAILED = 1, CHILD_BUSY = 2 };

/*
 * Returns the reading end of the daemon's pipe, or -1.  fork() without exec(): the daemon is the
 * same program and needs the options as they are.  The command has one thread, so this is safe.
 */
static int start_daemon(const struct cluster *cluster, const struct start_options *options,
                        pid_t *pid, dsql_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fail_errno(err, DSQL_ERR_SYSTEM, "could not create a pipe");
        return -1;
    }
    /* Otherwise the child would inherit unwritten output, and write it again. */
    fflush(NULL);
    *pid = fork();
    if (*pid == 0) {
        daemon_main(cluster, options, ends[1]);
    }
    if (*pid < 0) {
        fail_errno(err, DSQL_ERR_SYSTEM, "could not start a process");
        close(ends[0]);
        ends[0] = -1;
    }
    close(ends[1]);
    return ends[0];
}

/* The daemon ended and reported nothing. */
static void explain_end(const struct cluster *cluster, int status, dsql_error *err)
{
    if (WIFSIGNALED(status)) {
        fail(
            err, DSQL_ERR_SYSTEM,
            "the process of the cluster was ended by signal %d (%s) while it was starting, perhaps "
            "by 'dsql local stop' or 'destroy'. Start it again",
            WTERMSIG(status), strsignal(WTERMSIG(status)));
        return;
    }
    fail(err, DSQL_ERR_SYSTEM, "the process of the cluster ended without reporting why. See \"%s\"",
         cluster->daemon_log);
}

/*
 * A daemon that has reported is not waited for: it goes on when the command has ended, and init
 * becomes its parent.  One that failed, or that was for init only, ends by itself.
 */
dsql_status supervisor_start(const struct cluster *cluster, const struct start_options *options,
                             int *port, dsql_error *err)
{
    dsql_status status = cluster_owner_prepare(cluster, err);
    if (status != DSQL_OK) {
        return status;
    }
    pid_t pid = 0;
    int exit_status = 0;
    int fd = start_daemon(cluster, options, &pid, err);
    if (fd < 0) {
        return DSQL_ERR_SYSTEM;
    }
    struct report report = {.progress = options->progress, .port = -1};
    report_read(fd, &report);
    *port = report.port;
    bool is_up = *port >= 0;
    if (!is_up || options->is_init_only) {
        waitpid(pid, &exit_status, 0);
    }
    if (!is_up && report.error.status == DSQL_OK) {
        explain_end(cluster, exit_status, &report.error);
    }
    if (!is_up && err != NULL) {
        *err = report.error;
    }
    return is_up ? DSQL_OK : report.error.status;
}

/* What a step of stop or destroy needs. */
struct step {
    const struct cluster *cluster;
    void (*progress)(const char *line);
};

/*
 * Root runs the step in a child process that becomes the cluster's owner: files that the owner
 * has put into its directory must not be followed with root's rights.  The child prints its own
 * error: the text would not fit into an exit status.
 */
static dsql_status as_owner(const struct step *step,
                            dsql_status (*run)(const struct step *, dsql_error *), dsql_error *err)
{
    const struct cluster *cluster = step->cluster;
    if (!cluster->owner.is_other) {
        return run(step, err);
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dsql_error own = {0};
        bool ok = cluster_owner_become(cluster, &own) == DSQL_OK && run(step, &own) == DSQL_OK;
        bool is_busy = !ok && cluster_lock_is_busy(&own);
        if (!ok && !is_busy) {
            fprintf(stderr, "dsql: %s [%s]\n", own.message, dsql_error_code(&own));
        }
        _exit(ok ? 0 : is_busy ? CHILD_BUSY : CHILD_FAILED);
    }
    int status = -1;
    bool has_ended = pid > 0 && waitpid(pid, &status, 0) == pid;
    if (has_ended && WIFEXITED(status) && WEXITSTATUS(status) == CHILD_BUSY) {
        return cluster_lock_fail_busy(cluster, err);
    }
    if (!has_ended || status != 0) {
        return fail(err, DSQL_ERR_SYSTEM, "the command failed as user \"%s\", for the reason above",
                    cluster->owner.name);
    }
    return DSQL_OK;
}

/* ---- Stopping ---- */

/* As long as the same process has the lock; a new one is another start's. */
static bool has_lock(const struct cluster *cluster, pid_t pid)
{
    struct cluster_process process;
    return cluster_lock_read(cluster, &process, NULL) == DSQL_OK &&
           process.phase != CLUSTER_STOPPED && process.pid == pid;
}

/* The daemon reports in state.json when PostgreSQL does not stop. */
static void print_problem(const struct step *step, pid_t pid, char last[CLUSTER_PROBLEM_SIZE])
{
    struct cluster_state state;
    cluster_read_state(step->cluster, &state);
    if (state.pid == pid && strcmp(state.problem, last) != 0) {
        memcpy(last, state.problem, CLUSTER_PROBLEM_SIZE);
        if (state.problem[0] != '\0') {
            step->progress(state.problem);
        }
    }
}

static void print_wait(const struct step *step, struct wait *wait, pid_t pid)
{
    char line[128];
    if (wait_is_note_due(wait)) {
        snprintf(line, sizeof line, "waiting for the end of the cluster's process %d (%lld s)",
                 (int)pid, (long long)(wait_elapsed_ms(wait) / 1000));
        step->progress(line);
    }
}

/*
 * The kernel releases the lock when the process has ended, however it ends.  A daemon that is
 * frozen is killed; PostgreSQL, which is told by the kernel, is then stopped as an orphan.
 */
static dsql_status wait_for_end(const struct step *step, pid_t pid, dsql_error *err)
{
    struct wait wait = wait_begin(clock_system());
    struct cluster_state before;
    char line[160];
    cluster_read_state(step->cluster, &before);
    while (has_lock(step->cluster, pid) && wait_elapsed_ms(&wait) < STOP_LIMIT_MS) {
        print_problem(step, pid, before.problem);
        print_wait(step, &wait, pid);
        clock_sleep_ms(wait.clock, POLL_MS);
    }
    if (!has_lock(step->cluster, pid)) {
        return DSQL_OK;
    }
    snprintf(line, sizeof line, "the cluster's process %d did not end within %d s: it is killed",
             (int)pid, STOP_LIMIT_MS / 1000);
    step->progress(line);
    if (kill(pid, SIGKILL) != 0 && errno != ESRCH) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not kill process %d", (int)pid);
    }
    for (wait = wait_begin(wait.clock); has_lock(step->cluster, pid);) {
        if (wait_elapsed_ms(&wait) >= STOP_LIMIT_MS) {
            return fail(err, DSQL_ERR_SYSTEM,
                        "process %d has not ended after SIGKILL: it waits for a disk or another "
                        "device",
                        (int)pid);
        }
        clock_sleep_ms(wait.clock, POLL_MS);
    }
    return DSQL_OK;
}

/*
 * Also when no daemon was running: a server may have outlived it.  With the lock, because a start
 * that has taken it meanwhile has a server of its own.
 */
static dsql_status stop_orphans(const struct step *step, dsql_error *err)
{
    struct cluster_lock lock = {0};
    struct server_stop stop = {0};
    const char *message = NULL;
    if (server_processes_signal(step->cluster, 0) == 0) {
        return DSQL_OK;
    }
    dsql_status status = cluster_lock_take(step->cluster, &lock, err);
    if (status != DSQL_OK) {
        return status;
    }
    cluster_lock_set_phase(&lock, CLUSTER_STOPPING);
    struct wait wait = wait_begin(clock_system());
    while (!server_stop_continue(&stop, step->cluster, clock_monotonic_ms(wait.clock), &message)) {
        if (message != NULL) {
            step->progress(message);
        }
        if (wait_elapsed_ms(&wait) >= ORPHAN_LIMIT_MS) {
            return fail(err, DSQL_ERR_SYSTEM,
                        "PostgreSQL has not ended after SIGKILL: a process waits for a disk or "
                        "another device. See \"%s\"",
                        step->cluster->postgres_log);
        }
        clock_sleep_ms(wait.clock, SERVER_STOP_POLL_MS);
    }
    /* Until the process ends the lock stays: nothing is started while it is being deleted. */
    return DSQL_OK;
}

static dsql_status end_process(const struct step *step, const struct cluster_process *process,
                               dsql_error *err)
{
    if (process->pid == 0) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "the cluster in \"%s\" runs in another container or on another machine. Stop "
                    "it there",
                    step->cluster->dir);
    }
    if (process->phase != CLUSTER_STOPPING && kill(process->pid, SIGTERM) != 0 && errno != ESRCH) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not send a signal to process %d",
                          (int)process->pid);
    }
    return wait_for_end(step, process->pid, err);
}

dsql_status supervisor_stop(const struct cluster *cluster, void (*progress)(const char *line),
                            bool *was_running, dsql_error *err)
{
    const struct step step = {.cluster = cluster, .progress = progress};
    struct cluster_process process;
    *was_running = false;
    dsql_status status = cluster_lock_read(cluster, &process, err);
    if (status == DSQL_OK && process.phase != CLUSTER_STOPPED) {
        *was_running = true;
        status = end_process(&step, &process, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    dsql_error own = {0};
    status = as_owner(&step, stop_orphans, &own);
    if (status != DSQL_OK && cluster_lock_is_busy(&own)) {
        return DSQL_OK; /* another start, which has the server now */
    }
    if (status != DSQL_OK && err != NULL) {
        *err = own;
    }
    return status;
}

/*
 * The directory itself stays for the caller: its parent may be closed to the owner.  The lock's
 * file goes last, so no start can create anything that would be deleted.
 */
static dsql_status remove_content(const struct step *step, dsql_error *err)
{
    struct cluster_lock lock = {0};
    dsql_status status = cluster_lock_take(step->cluster, &lock, err);
    if (status != DSQL_OK) {
        return status;
    }
    cluster_lock_set_phase(&lock, CLUSTER_STOPPING);
    status = directory_remove_except(step->cluster->dir, step->cluster->lock, err);
    if (status == DSQL_OK && unlink(step->cluster->lock) != 0) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not remove \"%s\"", step->cluster->lock);
    }
    return status;
}

/* A start that runs at the same time may win the lock; its cluster is stopped and deleted too. */
dsql_status supervisor_destroy(const struct cluster *cluster, void (*progress)(const char *line),
                               dsql_error *err)
{
    const struct step step = {.cluster = cluster, .progress = progress};
    dsql_status status = DSQL_OK;
    dsql_error own;
    int attempts = 0;
    do {
        bool was_running = false;
        own = (dsql_error){0};
        status = supervisor_stop(cluster, progress, &was_running, &own);
        if (status == DSQL_OK) {
            status = as_owner(&step, remove_content, &own);
        }
        attempts++;
    } while (status != DSQL_OK && cluster_lock_is_busy(&own) && attempts < DESTROY_ATTEMPTS);
    /* Not empty: another start has created a new cluster in it. */
    if (status == DSQL_OK && rmdir(cluster->dir) != 0 && errno != ENOENT && errno != ENOTEMPTY &&
        errno != EEXIST) {
        status = fail_errno(&own, DSQL_ERR_SYSTEM, "could not remove \"%s\"", cluster->dir);
    }
    if (status != DSQL_OK && err != NULL) {
        *err = own;
    }
    return status;
}

/* ---- Waiting for another command ---- */

dsql_status supervisor_finish_stop(const struct cluster *cluster, pid_t pid,
                                   void (*progress)(const char *line), dsql_error *err)
{
    const struct step step = {.cluster = cluster, .progress = progress};
    const struct cluster_process process = {.phase = CLUSTER_STOPPING, .pid = pid};
    return end_process(&step, &process, err);
}

bool supervisor_is_hopeless(const struct cluster *cluster, pid_t pid, dsql_error *err)
{
    struct cluster_state state;
    cluster_read_state(cluster, &state);
    if (state.pid != pid || state.failures < HOPELESS_FAILURES || state.problem[0] == '\0') {
        return false;
    }
    fail(err, DSQL_ERR_SYSTEM, "the cluster is running, but PostgreSQL is not: %s. See \"%s\"",
         state.problem, cluster->postgres_log);
    return true;
}
