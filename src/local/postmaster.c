/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts the server as a process.  It must not outlive its daemon, or the next start would find
 * the data directory in use: the kernel sends it SIGINT when the daemon dies (PR_SET_PDEATHSIG),
 * and server_processes.c is for where that has failed.
 */
#include "local/postmaster.h"

#include "base/error.h"
#include "local/database.h"
#include "local/program.h"
#include "local/report.h"
#include "local/wait.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 1 };

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
    "restart_after_crash=off", /* by the daemon, which knows of it and waits longer each time */
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
    /* Ctrl-C in a terminal is for the daemon, which tells the clients before it stops the server.
     */
    setsid();
    /* A parent that ended before prctl() sends no signal. */
    if (getppid() != parent) {
        _exit(1);
    }
    program_become(arguments->values, log, log);
}

/*
 * Standard error is inherited, and not a pipe that the daemon copies from: while the daemon waits
 * for an answer of the server, it could not empty it.
 */
static int open_log(const struct cluster *cluster)
{
    return cluster->is_foreground ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                                  : cluster_open_postgres_log(cluster);
}

const char *postmaster_log_name(const struct cluster *cluster)
{
    return cluster->is_foreground ? "standard error" : cluster->postgres_log;
}

void postmaster_reason(const struct cluster *cluster, off_t log_from,
                       char out[POSTMASTER_COMPLAINT_SIZE])
{
    if (cluster->is_foreground) {
        snprintf(out, POSTMASTER_COMPLAINT_SIZE, "its last lines above give the reason");
        return;
    }
    postmaster_log_complaint(cluster, log_from, out);
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
    int log = open_log(cluster);
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

/* ---- Waiting for it ---- */

/* What postmaster_wait() asks: the server process itself. */
struct server {
    const struct cluster *cluster;
    pid_t *pid;
    PGconn *conn; /* once it has answered POSTMASTER_READY */
};

/* When it has said that it is ready.  It may be shutting down already, or refuse its owner. */
static enum postmaster_answer log_in(struct server *server, dsql_error *err)
{
    server->conn = database_connect(server->cluster, "dsql_owner", err);
    if (server->conn != NULL) {
        return POSTMASTER_READY;
    }
    switch (database_ping(server->cluster, "dsql_owner")) {
    case PQPING_REJECT:
        return POSTMASTER_STARTING;
    case PQPING_OK:
        return POSTMASTER_REFUSES;
    default:
        return POSTMASTER_SILENT;
    }
}

/*
 * Its pid file first, as pg_ctl does: a connection that is refused while it starts is a process
 * more for it to create, and a line in its log.
 */
static enum postmaster_answer ask_server(void *arg, dsql_error *err)
{
    struct server *server = arg;
    struct postmaster_pid file = postmaster_pid_read(server->cluster);
    bool is_its_own = file.pid == *server->pid;
    if (is_its_own && file.status == POSTMASTER_STATUS_READY) {
        return log_in(server, err);
    }
    fail(err, DSQL_ERR_CONNECT, "postmaster.pid does not say that it is ready");
    return is_its_own && file.status == POSTMASTER_STATUS_STARTING ? POSTMASTER_STARTING
                                                                   : POSTMASTER_SILENT;
}

/* The loop does not run yet, so nobody else waits for this child. */
static bool has_server_ended(void *arg)
{
    const struct server *server = arg;
    bool has_ended = waitpid(*server->pid, NULL, WNOHANG) == *server->pid;
    if (has_ended) {
        *server->pid = 0;
    }
    return has_ended;
}

/*
 * As long as the server says that it is starting, it is waited for: recovery takes as long as it
 * takes, and a server that is stopped in the middle of it begins again.  Only a server that says
 * nothing, or refuses, is given up.
 */
bool postmaster_wait_for(const struct postmaster_questions *questions, const struct clock *clock,
                         dsql_error *err)
{
    struct wait wait = wait_begin(clock);
    int64_t without_progress_since = 0;
    for (;;) {
        enum postmaster_answer answer = questions->ask(questions->arg, err);
        int64_t elapsed = wait_elapsed_ms(&wait);
        if (answer == POSTMASTER_READY) {
            return true;
        }
        if (questions->has_ended(questions->arg)) {
            return false;
        }
        if (answer == POSTMASTER_STARTING) {
            without_progress_since = elapsed;
        }
        int64_t limit =
            answer == POSTMASTER_REFUSES ? POSTMASTER_REFUSAL_MS : POSTMASTER_SILENCE_MS;
        if (elapsed - without_progress_since >= limit) {
            return false;
        }
        if (wait_is_note_due(&wait)) {
            questions->progress(questions->arg, elapsed / 1000, answer);
        }
        clock_sleep_ms(clock, POLL_MS);
    }
}

static void report_wait(void *arg, int64_t seconds, enum postmaster_answer answer)
{
    (void)arg;
    report_progress(answer == POSTMASTER_STARTING
                        ? "PostgreSQL is starting, perhaps with recovery after a crash (%lld s)"
                        : "waiting for PostgreSQL to accept connections (%lld s)",
                    (long long)seconds);
}

#define REMEDY                                                                                     \
    "If the data directory or its settings are damaged, restore them from a backup, or delete "    \
    "the "                                                                                         \
    "cluster with 'dsql local destroy'"

/* The words of the server: its last answer, or its log if it has ended. */
static dsql_status explain(const struct cluster *cluster, pid_t pid, off_t log_from,
                           const dsql_error *answer, dsql_error *err)
{
    char words[POSTMASTER_COMPLAINT_SIZE];
    if (pid != 0) {
        postmaster_log_find_complaint(text_of(answer->message), words);
        return fail(err, DSQL_ERR_SYSTEM,
                    "PostgreSQL runs, but its owner cannot connect: %.*s. See \"%s\". " REMEDY,
                    POSTMASTER_COMPLAINT_SIZE, words[0] == '\0' ? answer->message : words,
                    postmaster_log_name(cluster));
    }
    postmaster_reason(cluster, log_from, words);
    return fail(err, DSQL_ERR_SYSTEM,
                "PostgreSQL terminated while starting: %s. See \"%s\". " REMEDY,
                words[0] == '\0' ? "it wrote no reason" : words, postmaster_log_name(cluster));
}

/* NOLINTNEXTLINE(readability-non-const-parameter): has_server_ended() sets it */
PGconn *postmaster_wait(const struct cluster *cluster, pid_t *pid, off_t log_from, dsql_error *err)
{
    dsql_error answer = {0};
    struct server server = {.cluster = cluster, .pid = pid};
    const struct postmaster_questions questions = {
        .ask = ask_server, .has_ended = has_server_ended, .progress = report_wait, .arg = &server};
    if (!postmaster_wait_for(&questions, clock_system(), &answer)) {
        explain(cluster, *pid, log_from, &answer, err);
    }
    return server.conn;
}
