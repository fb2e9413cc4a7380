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
#include "local/postmaster.h"
#include "local/report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Above what a fast shutdown of PostgreSQL with its checkpoint usually takes. */
enum { STOP_LIMIT_MS = 40000, STOP_POLL_MS = 10 };

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
    int fd = start_daemon(cluster, options, &pid, err);
    if (fd < 0) {
        return DSQL_ERR_SYSTEM;
    }
    struct report report = {.progress = options->progress, .port = -1};
    /* What to say if the daemon crashes before it reports anything. */
    fail(&report.error, DSQL_ERR_SYSTEM,
         "the process of the cluster ended without reporting why. See \"%s\"", cluster->daemon_log);
    report_read(fd, &report);
    *port = report.port;
    bool is_up = *port >= 0;
    if (!is_up || options->is_init_only) {
        waitpid(pid, NULL, 0);
    }
    if (!is_up && err != NULL) {
        *err = report.error;
    }
    return is_up ? DSQL_OK : report.error.status;
}

/*
 * Root runs the step in a child process that becomes the cluster's owner: files that the owner
 * has put into its directory must not be followed with root's rights.  The child prints its own
 * error: the text would not fit into an exit status.
 */
static dsql_status as_owner(const struct cluster *cluster,
                            dsql_status (*step)(const struct cluster *, dsql_error *),
                            dsql_error *err)
{
    if (!cluster->owner.is_other) {
        return step(cluster, err);
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dsql_error own = {0};
        bool ok = cluster_owner_become(cluster, &own) == DSQL_OK && step(cluster, &own) == DSQL_OK;
        if (!ok) {
            fprintf(stderr, "dsql: %s\n", own.message);
        }
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        return fail(err, DSQL_ERR_SYSTEM, "could not do that as user \"%s\"", cluster->owner.name);
    }
    return DSQL_OK;
}

/*
 * Also when no daemon is running: a server may have outlived it.  The lock is polled, because the
 * daemon is not this command's child.  A new daemon that takes the lock meanwhile has another
 * process id and is not waited for.
 */
dsql_status supervisor_stop(const struct cluster *cluster, bool *was_running, dsql_error *err)
{
    pid_t pid = cluster_lock_holder(cluster);
    *was_running = pid > 0;
    if (pid > 0 && kill(pid, SIGTERM) != 0 && errno != ESRCH) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not send a signal to process %d", (int)pid);
    }
    /* The kernel releases the lock when the process has ended, however it ends. */
    int64_t waited = 0;
    while (cluster_lock_holder(cluster) == pid && pid > 0 && waited < STOP_LIMIT_MS) {
        clock_sleep_ms(clock_system(), STOP_POLL_MS);
        waited += STOP_POLL_MS;
    }
    if (waited >= STOP_LIMIT_MS) {
        return fail(err, DSQL_ERR_SYSTEM, "process %d has not stopped within %d s. See \"%s\"",
                    (int)pid, STOP_LIMIT_MS / 1000, cluster->daemon_log);
    }
    return as_owner(cluster, postmaster_stop_orphan, err);
}

/* The directory itself stays for the caller: its parent may be closed to the owner. */
static dsql_status remove_content(const struct cluster *cluster, dsql_error *err)
{
    return directory_remove(cluster->dir, true, err);
}

/* The caller has stopped the cluster.  Nothing is undone if a part cannot be removed. */
dsql_status supervisor_destroy(const struct cluster *cluster, dsql_error *err)
{
    dsql_status status = as_owner(cluster, remove_content, err);
    if (status == DSQL_OK && rmdir(cluster->dir) != 0 && errno != ENOENT) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not remove \"%s\"", cluster->dir);
    }
    return status;
}
