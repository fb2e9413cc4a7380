/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts and stops the server as a process.  It must not outlive its daemon, or the next start
 * would find the data directory in use: the kernel sends it SIGINT when the daemon dies
 * (PR_SET_PDEATHSIG), and postmaster_stop_orphan() is for where that has failed.
 */
#include "local/postmaster.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "local/database.h"
#include "local/file.h"
#include "local/program.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A start may have to recover from the write-ahead log, so the wait for it is long. */
enum { WAIT_START_MS = 30000, WAIT_STOP_MS = 15000, POLL_MS = 15 };

/*
 * Given on the command line, so that postgresql.conf cannot change them and older clusters have
 * them too.  Each UPDATE leaves a dead row version and touches every index, so autovacuum
 * runs often.
 */
static const char *const start_settings[] = {
    "shared_preload_libraries=dsql_local",
    "default_table_access_method=dsql",
    "default_transaction_isolation=repeatable read",
    "default_text_search_config=pg_catalog.simple",
    "max_prepared_transactions=0",
    "autovacuum=on",
    "autovacuum_naptime=5s",
    "autovacuum_vacuum_scale_factor=0.02",
    "autovacuum_vacuum_threshold=500",
    "autovacuum_vacuum_cost_delay=0",
};

/* ---- Starting it ---- */

static void add_setting(struct arguments *arguments, const char *setting)
{
    arguments_add(arguments, "-c");
    arguments_add(arguments, setting);
}

static void add_extra_settings(struct arguments *arguments, const char *const *extra)
{
    for (; extra != NULL && *extra != NULL; extra++) {
        add_setting(arguments, *extra);
    }
}

/*
 * PostgreSQL's command line overrides its files, and the last of several -c wins, so extra comes
 * last.
 */
static void add_arguments(struct arguments *arguments, const struct cluster *cluster,
                          const char *const *extra)
{
    arguments_add(arguments, "-D");
    arguments_add(arguments, cluster->data);
    /* An argument and not a setting in the file: the cluster's directory may be moved. */
    arguments_add(arguments, "-k");
    arguments_add(arguments, cluster->run);
    for (size_t i = 0; i < sizeof start_settings / sizeof *start_settings; i++) {
        add_setting(arguments, start_settings[i]);
    }
    add_extra_settings(arguments, extra);
}

/* In the child: becomes the server, or exits when the daemon has gone already. */
static _Noreturn void become_postmaster(const struct arguments *arguments, pid_t parent, int log)
{
    /* libuv may have blocked signals, and exec() keeps the mask. */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGINT);
    /* A parent that ended before prctl() sends no signal. */
    if (getppid() != parent) {
        _exit(1);
    }
    program_become(arguments->values, log, log);
}

/*
 * Everything is prepared before fork(), so the child only calls functions that are safe there.
 * The child is the caller's to wait for.
 */
pid_t postmaster_start(const struct cluster *cluster, const char *bindir, const char *const *extra,
                       dsql_error *err)
{
    char program[PATH_MAX];
    char library_path[CLUSTER_PATH_SIZE + 64];
    snprintf(program, sizeof program, "%s/postgres", bindir);
    snprintf(library_path, sizeof library_path, "dynamic_library_path=%s:$libdir", cluster->lib);
    struct arguments arguments = {0};
    arguments_add(&arguments, program);
    add_setting(&arguments, library_path);
    add_arguments(&arguments, cluster, extra);
    pid_t parent = getpid();
    int log = cluster_open_postgres_log(cluster);
    pid_t pid = fork();
    if (pid == 0) {
        become_postmaster(&arguments, parent, log);
    }
    if (pid < 0) {
        fail_errno(err, DSQL_ERR_SYSTEM, "could not start PostgreSQL");
    }
    if (log >= 0) {
        close(log);
    }
    return pid;
}

/*
 * By connecting, the only proof that it accepts connections.  A SIGCHLD may come in between, but
 * the loop does not run yet, so nobody else waits for this child.
 */
PGconn *postmaster_wait(const struct cluster *cluster, pid_t *pid, dsql_error *err)
{
    for (int64_t waited = 0; waited < WAIT_START_MS; waited += POLL_MS) {
        PGconn *conn = database_connect(cluster, "dsql_owner", err);
        if (conn != NULL) {
            return conn;
        }
        int status = 0;
        if (waitpid(*pid, &status, WNOHANG) == *pid) {
            *pid = 0;
            fail(err, DSQL_ERR_SYSTEM, "PostgreSQL terminated while starting. See \"%s\"",
                 cluster->postgres_log);
            return NULL;
        }
        clock_sleep_ms(clock_system(), POLL_MS);
    }
    return NULL;
}

/* ---- Stopping a server whose daemon has gone ---- */

/* EPERM: it exists, and belongs to another user. */
static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0 || errno == EPERM;
}

/*
 * The process id in postmaster.pid may by now be that of another program.  A postmaster's working
 * directory is its data directory (postmaster.c changes to it), which is a surer sign than its
 * name.
 */
static bool is_our_postmaster(const struct cluster *cluster, pid_t pid)
{
    char link[64];
    char folder[PATH_MAX] = "";
    char data[PATH_MAX] = "";
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    ssize_t len = readlink(link, folder, sizeof folder - 1);
    if (len <= 0 || realpath(cluster->data, data) == NULL) {
        return false;
    }
    folder[len] = '\0';
    return strcmp(folder, data) == 0;
}

/* The first line of postmaster.pid; 0 if it cannot be read. */
static pid_t read_postmaster_pid(const char *path)
{
    struct buf content AUTO_BUF;
    buf_init(&content, 4096);
    struct text line = {0};
    int64_t pid = 0;
    if (file_read(path, &content, NULL) == DSQL_OK) {
        struct text rest = buf_text(&content);
        if (text_next_line(&rest, &line)) {
            text_to_int64(line, 2, INT_MAX, &pid);
        }
    }
    return (pid_t)pid;
}

/* Polled: the process is not a child of this one, so waitpid() does not know it. */
static bool wait_gone(pid_t pid, int64_t limit_ms)
{
    for (int64_t waited = 0; waited < limit_ms && is_alive(pid); waited += POLL_MS) {
        clock_sleep_ms(clock_system(), POLL_MS);
    }
    return !is_alive(pid);
}

/*
 * postmaster.pid is removed when the process that it names is another program, because PostgreSQL
 * would take that program for a running server.
 */
dsql_status postmaster_stop_orphan(const struct cluster *cluster, dsql_error *err)
{
    char path[CLUSTER_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data);
    if (!file_exists(path)) {
        return DSQL_OK;
    }
    pid_t pid = read_postmaster_pid(path);
    if (pid == 0 || !is_alive(pid)) {
        return DSQL_OK; /* PostgreSQL finds a stale file itself, and also checks its shared memory
                         */
    }
    if (!is_our_postmaster(cluster, pid)) {
        unlink(path);
        return DSQL_OK;
    }
    /* Fast shutdown; if it takes too long, immediate shutdown, which the next start recovers from.
     */
    kill(pid, SIGINT);
    if (wait_gone(pid, WAIT_STOP_MS)) {
        return DSQL_OK;
    }
    kill(pid, SIGQUIT);
    return wait_gone(pid, WAIT_STOP_MS)
               ? DSQL_OK
               : fail(err, DSQL_ERR_SYSTEM, "PostgreSQL (process %d) has not stopped", (int)pid);
}
