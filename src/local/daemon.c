/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a start: read the extension (as the caller), become the owner, detach, take the
 * lock, create what is missing, start PostgreSQL, install the schema, open the gateway.  A later
 * step relies on the earlier ones; a failure of any is reported and ends the process.
 *
 * There is one thread.  After the start everything happens in callbacks of the event loop, so
 * struct daemon needs no lock.
 */
#include "local/daemon.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/platform.h"
#include "base/secret.h"
#include "gateway/gateway.h"
#include "local/cluster_lock.h"
#include "local/cluster_owner.h"
#include "local/data_directory.h"
#include "local/extension.h"
#include "local/file.h"
#include "local/identity.h"
#include "local/log_file.h"
#include "local/pki.h"
#include "local/postgres_install.h"
#include "local/postmaster.h"
#include "local/report.h"
#include "local/schema.h"
#include "local/wiped_memory.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

enum {
    START_ATTEMPTS = 40, /* times the pause: 10 s */
    START_PAUSE_MS = 250,
    FIRST_PORT = 5432,
    PORTS = 100
};

/*
 * The state of the process.  While a server runs, postgres is its process id; only a waitpid()
 * that has returned it sets it to 0.  Static and not on the stack: libuv's handles in it must not
 * move.  options and its strings are the command's, copied by fork().
 */
struct daemon {
    struct cluster cluster;
    const struct start_options *options;
    char bindir[POSTGRES_BINDIR_SIZE];
    struct extension extension;
    pid_t postgres; /* 0: not running */
    char address[CLUSTER_ADDRESS_SIZE];
    int port;
    bool is_stopping;
    uv_loop_t loop;
    uv_signal_t on_term, on_interrupt, on_child;
    uv_timer_t restart, check_logs;
    struct gateway *gateway;
};

/* Lines of daemon.log, with the time in UTC.  Debug messages would fill the disk. */
static void write_log(void *arg, dsql_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    (void)arg;
    if (level != DSQL_LOG_DEBUG) {
        char when[CLOCK_BASIC_SIZE] = "";
        clock_format_basic(clock_wall_s(clock_system()), when);
        fprintf(stderr, "%s %s: %s\n", when, names[level], message);
    }
}

/* ---- Becoming a daemon ---- */

/*
 * Order matters: the report pipe is at REPORT_FD by now, all descriptors above it are closed, and
 * then the log is opened.  SIGPIPE is ignored because a client may go away at any moment; SIGHUP,
 * because the terminal may.
 */
static dsql_status leave_terminal(const struct cluster *cluster, dsql_error *err)
{
    setsid();
    umask(0077);
    fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
    /* A program that waits for an inherited pipe to close would wait until the cluster stops. */
    platform_close_from(REPORT_FD + 1);
    wiped_memory_forbid_dumps();
    /* The log is opened after the user has changed, so it belongs to the owner. */
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log =
        open(cluster->daemon_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(log < 0 ? nothing : log, STDERR_FILENO);
    report_copy_to_log();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    return chdir(cluster->dir) == 0
               ? DSQL_OK
               : fail_errno(err, DSQL_ERR_SYSTEM, "could not change to \"%s\"", cluster->dir);
}

/*
 * The caller's AWS and PG variables must not reach the servers.  PATH stays, since pg_config is
 * looked for there.  clearenv() forgets the others but leaves them in memory, and the caller's keys
 * may be among them.
 */
static void clear_environment(void)
{
    const char *path = getenv("PATH");
    char copy[4096];
    bool has_path = path != NULL && text_copy(text_of(path), copy, sizeof copy);
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        secret_wipe(*variable, strlen(*variable));
    }
    clearenv();
    setenv("PATH", has_path ? copy : "/usr/local/bin:/usr/bin:/bin", 1);
}

/* ---- Creating what the cluster lacks ---- */

/*
 * At each start, so that certificates are renewed in time by a cluster that is started now and
 * then.
 */
static dsql_status create_certificates(struct daemon *daemon, dsql_error *err)
{
    const struct pki_files files = {
        .ca = daemon->cluster.ca,
        .ca_key = daemon->cluster.ca_key,
        .server_certificate = daemon->cluster.server_certificate,
        .server_key = daemon->cluster.server_key,
    };
    bool is_new = false;
    dsql_status status = pki_ensure(&files, daemon->cluster.endpoint, &is_new, err);
    if (status == DSQL_OK && is_new) {
        report_progress("created TLS certificates");
    }
    return status;
}

/*
 * The version is checked before the server starts, because PostgreSQL's own message does not say
 * what to do.
 */
static dsql_status create_data(struct daemon *daemon, dsql_error *err)
{
    if (data_directory_exists(&daemon->cluster)) {
        return data_directory_check_version(&daemon->cluster, daemon->extension.major, err);
    }
    report_progress("creating the data directory with %s/initdb", daemon->bindir);
    return data_directory_create(&daemon->cluster, daemon->bindir, err);
}

/* The extension decides the version: PostgreSQL loads only modules of its own major version. */
static dsql_status find_postgres(struct daemon *daemon, dsql_error *err)
{
    int major = 0;
    dsql_status status = postgres_find(daemon->options->pg_bindir, daemon->extension.major,
                                       daemon->bindir, &major, err);
    return status == DSQL_OK ? extension_check_major(&daemon->extension, major, daemon->bindir, err)
                             : status;
}

/*
 * Each step does nothing if its result exists, so a start that was interrupted is completed by the
 * next one.
 */
static dsql_status create_missing(struct daemon *daemon, dsql_error *err)
{
    dsql_status status = find_postgres(daemon, err);
    if (status == DSQL_OK) {
        status = cluster_create(&daemon->cluster, err);
    }
    if (status == DSQL_OK) {
        status = extension_write(&daemon->extension, &daemon->cluster, err);
    }
    if (status == DSQL_OK) {
        status = create_certificates(daemon, err);
    }
    if (status == DSQL_OK) {
        status = identity_create_file(daemon->cluster.identities, err);
    }
    if (status == DSQL_OK) {
        status = create_data(daemon, err);
    }
    return status;
}

/* ---- PostgreSQL ---- */

/*
 * After kill -9 of the postmaster its children may still hold the shared memory for a moment, and
 * a new server refuses to start.  -1 means that no process was made, 0 that it has terminated;
 * only the latter is tried again.
 */
static PGconn *start_postgres(struct daemon *daemon, dsql_error *err)
{
    if (postmaster_stop_orphan(&daemon->cluster, err) != DSQL_OK) {
        return NULL;
    }
    for (int i = 0; i < START_ATTEMPTS; i++) {
        daemon->postgres =
            postmaster_start(&daemon->cluster, daemon->bindir, daemon->options->settings, err);
        if (daemon->postgres < 0) {
            return NULL;
        }
        PGconn *conn = postmaster_wait(&daemon->cluster, &daemon->postgres, err);
        if (conn != NULL || daemon->postgres != 0) {
            return conn;
        }
        clock_sleep_ms(clock_system(), START_PAUSE_MS);
    }
    return NULL;
}

/* The schema is installed before the gateway opens, so no client sees a cluster without it. */
static dsql_status open_database(struct daemon *daemon, dsql_error *err)
{
    report_progress("starting PostgreSQL");
    PGconn *conn = start_postgres(daemon, err);
    if (conn == NULL) {
        return DSQL_ERR_SYSTEM;
    }
    char upgraded_from[EXTENSION_VERSION_SIZE];
    dsql_status status = schema_install(conn, &daemon->extension, upgraded_from, err);
    PQfinish(conn);
    if (status == DSQL_OK && upgraded_from[0] != '\0') {
        report_progress("upgraded schema sys from version %s to %s", upgraded_from,
                        daemon->extension.version);
    }
    return status;
}

/* ---- The gateway ---- */

/*
 * Called at each login.  In the thread of the event loop: it reads a small file, which is
 * acceptable at a login.
 */
static bool find_identity(void *arg, struct text access_key_id, struct gateway_identity *out)
{
    const struct daemon *daemon = arg;
    return identity_find(daemon->cluster.identities, access_key_id, out);
}

/* The gateway copies the options; their strings are fields of the daemon and live as long. */
static bool try_port(struct daemon *daemon, int port, dsql_error *err)
{
    bool is_default = strcmp(daemon->address, CLUSTER_DEFAULT_ADDRESS) == 0;
    const struct gateway_options options = {
        .listen_address = is_default ? NULL : daemon->address, /* NULL: ::1 as well */
        .port = port,
        .certificate_file = daemon->cluster.server_certificate,
        .key_file = daemon->cluster.server_key,
        .endpoint = daemon->cluster.endpoint,
        .region = CLUSTER_REGION,
        .server_socket = daemon->cluster.socket,
        .find_identity = find_identity,
        .find_identity_arg = daemon,
        .logger = {.write = write_log},
    };
    daemon->gateway = gateway_start(&daemon->loop, &options, err);
    return daemon->gateway != NULL;
}

/*
 * The port is kept from one start to the next, since clients have it in their environment.  A new
 * cluster takes the first free port from 5432 on, so several clusters can run side by side.
 */
static bool try_ports(struct daemon *daemon, dsql_error *err)
{
    int last = cluster_last_port(&daemon->cluster);
    bool ok = last > 0 && try_port(daemon, last, err);
    for (int i = 0; !ok && i < PORTS; i++) {
        ok = try_port(daemon, FIRST_PORT + i, err);
    }
    return ok;
}

/*
 * An address of its own is asked for to have port 5432, where official connectors look, so another
 * port is not tried.
 */
static dsql_status open_gateway(struct daemon *daemon, dsql_error *err)
{
    const char *address = daemon->options->listen_address;
    int asked = daemon->options->port;
    if (address == NULL) {
        cluster_last_address(&daemon->cluster, daemon->address);
    } else {
        snprintf(daemon->address, sizeof daemon->address, "%s", address);
        asked = asked == START_PORT_DEFAULT ? FIRST_PORT : asked;
    }
    if (!(asked == START_PORT_DEFAULT ? try_ports(daemon, err) : try_port(daemon, asked, err))) {
        return fail(err, DSQL_ERR_SYSTEM, "%s. Choose another port with --port", err->message);
    }
    daemon->port = gateway_port(daemon->gateway);
    return cluster_write_state(&daemon->cluster, getpid(), daemon->address, daemon->port, err);
}

/* ---- Running ---- */

/* With the last handle closed, uv_run() returns and the process exits. */
static void close_handles(struct daemon *daemon)
{
    uv_close((uv_handle_t *)&daemon->on_term, NULL);
    uv_close((uv_handle_t *)&daemon->on_interrupt, NULL);
    uv_close((uv_handle_t *)&daemon->on_child, NULL);
    uv_close((uv_handle_t *)&daemon->restart, NULL);
    uv_close((uv_handle_t *)&daemon->check_logs, NULL);
}

/*
 * The clients have gone.  SIGINT is PostgreSQL's fast shutdown; its end arrives as SIGCHLD.  The
 * order is gateway first: PostgreSQL's fast shutdown ends sessions by itself, but clients get a
 * better message from the gateway.
 */
static void on_gateway_stopped(void *arg)
{
    struct daemon *daemon = arg;
    if (daemon->postgres > 0) {
        kill(daemon->postgres, SIGINT);
    } else {
        close_handles(daemon);
    }
}

/*
 * The first signal lets sessions end in order, a second one does not wait for them.  SIGQUIT is
 * PostgreSQL's immediate shutdown; the next start recovers from the write-ahead log.
 */
static void on_stop_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    (void)number;
    if (daemon->is_stopping && daemon->postgres > 0) {
        kill(daemon->postgres, SIGQUIT);
    }
    if (daemon->is_stopping) {
        return;
    }
    daemon->is_stopping = true;
    write_log(NULL, DSQL_LOG_INFO, "stopping");
    uv_timer_stop(&daemon->restart);
    gateway_stop(daemon->gateway, on_gateway_stopped, daemon);
}

/*
 * After a pause and not at once: if PostgreSQL cannot run, this would spin.  The gateway stays
 * open meanwhile, so clients get "server unavailable" and not "connection refused".
 */
static void on_restart_time(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    dsql_error err = {0};
    postmaster_stop_orphan(&daemon->cluster, &err);
    daemon->postgres =
        postmaster_start(&daemon->cluster, daemon->bindir, daemon->options->settings, &err);
    if (daemon->postgres < 0) {
        daemon->postgres = 0;
        write_log(NULL, DSQL_LOG_ERROR, err.message);
        uv_timer_start(timer, on_restart_time, START_PAUSE_MS, 0);
    }
}

/*
 * Signals of the same kind may be merged, and a child may stop without ending, so waitpid()
 * decides.  It names the process: other children are waited for where they were started.
 */
static void on_child_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    int status = 0;
    (void)number;
    if (daemon->postgres <= 0 || waitpid(daemon->postgres, &status, WNOHANG) != daemon->postgres) {
        return;
    }
    daemon->postgres = 0;
    if (daemon->is_stopping) {
        close_handles(daemon);
        return;
    }
    write_log(NULL, DSQL_LOG_WARN, "PostgreSQL terminated unexpectedly; starting it again");
    uv_timer_start(&daemon->restart, on_restart_time, START_PAUSE_MS, 0);
}

static void on_check_logs(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    log_file_rotate(daemon->cluster.postgres_log);
    log_file_rotate(daemon->cluster.daemon_log);
}

/* libuv calls the handlers from the loop, not from the signal, so they may do anything. */
static bool start_watching(struct daemon *daemon)
{
    uv_timer_init(&daemon->loop, &daemon->restart);
    uv_signal_init(&daemon->loop, &daemon->on_term);
    uv_signal_init(&daemon->loop, &daemon->on_interrupt);
    uv_signal_init(&daemon->loop, &daemon->on_child);
    uv_timer_init(&daemon->loop, &daemon->check_logs);
    daemon->restart.data = daemon;
    daemon->check_logs.data = daemon;
    daemon->on_term.data = daemon;
    daemon->on_interrupt.data = daemon;
    daemon->on_child.data = daemon;
    return uv_timer_start(&daemon->check_logs, on_check_logs, 0, LOG_FILE_CHECK_MS) == 0 &&
           uv_signal_start(&daemon->on_term, on_stop_signal, SIGTERM) == 0 &&
           uv_signal_start(&daemon->on_interrupt, on_stop_signal, SIGINT) == 0 &&
           uv_signal_start(&daemon->on_child, on_child_signal, SIGCHLD) == 0;
}

/* Blocks, which is right only before the loop has begun and after it has ended. */
static void stop_postgres(struct daemon *daemon)
{
    if (daemon->postgres > 0) {
        kill(daemon->postgres, SIGINT);
        waitpid(daemon->postgres, NULL, 0);
        daemon->postgres = 0;
    }
}

/*
 * The lock is taken before anything is created in the directory, and held until the process ends:
 * two starts at the same time cannot both create the data directory.
 */
static dsql_status open_cluster(struct daemon *daemon, dsql_error *err)
{
    /* Before the user changes: the cluster's owner may not be allowed to read these files. */
    dsql_status status = extension_read(&daemon->extension, daemon->options->extension_dir, err);
    if (status == DSQL_OK) {
        status = cluster_owner_become(&daemon->cluster, err);
    }
    if (status == DSQL_OK) {
        status = leave_terminal(&daemon->cluster, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    uv_loop_init(&daemon->loop);
    status = cluster_lock_take(&daemon->cluster, err);
    if (status == DSQL_OK) {
        status = create_missing(daemon, err);
    }
    if (status == DSQL_OK) {
        status = open_database(daemon, err);
    }
    if (status == DSQL_OK && !daemon->options->is_init_only) {
        status = open_gateway(daemon, err);
    }
    extension_clear(&daemon->extension);
    return status;
}

/* report_ready() lets the command return, so it comes only when everything serves. */
static void run(struct daemon *daemon)
{
    if (start_watching(daemon)) {
        report_ready(daemon->port);
        close(REPORT_FD);
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        gateway_free(daemon->gateway);
    }
    stop_postgres(daemon);
    uv_loop_close(&daemon->loop);
}

/*
 * _exit() and not exit(): the exit handlers and the unwritten output are those of the command
 * that forked.
 */
_Noreturn void daemon_main(const struct cluster *cluster, const struct start_options *options,
                           int report_fd)
{
    static struct daemon daemon;
    dsql_error err = {0};
    daemon.cluster = *cluster;
    daemon.options = options;
    dup2(report_fd, REPORT_FD);
    clear_environment();
    if (open_cluster(&daemon, &err) != DSQL_OK) {
        report_error(&err);
        stop_postgres(&daemon);
        _exit(1);
    }
    if (options->is_init_only) {
        stop_postgres(&daemon);
        report_ready(0);
        _exit(0);
    }
    run(&daemon);
    _exit(0);
}
