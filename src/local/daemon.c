/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a start: read the extension (as the caller), become the owner, detach, take the
 * lock, check what exists, create what is missing, start PostgreSQL, install the schema, open the
 * gateway.  A later step relies on the earlier ones; a failure of any is reported and ends the
 * process.
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
#include "local/cluster_check.h"
#include "local/cluster_lock.h"
#include "local/cluster_owner.h"
#include "local/data_directory.h"
#include "local/data_template.h"
#include "local/descriptor_limit.h"
#include "local/extension.h"
#include "local/file.h"
#include "local/identity.h"
#include "local/init_scripts.h"
#include "local/log_file.h"
#include "local/pki.h"
#include "local/postgres_found.h"
#include "local/postgres_install.h"
#include "local/report.h"
#include "local/restore_server.h"
#include "local/schema.h"
#include "local/server_keeper.h"
#include "local/wiped_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { FIRST_PORT = 5432, PORTS = 100, SCRIPT_CONNECTIONS = 20 };

/*
 * The state of the process.  Static and not on the stack: libuv's handles in it must not move.
 * options and its strings are the command's, copied by fork().
 */
struct daemon {
    struct cluster cluster;
    const struct start_options *options;
    char bindir[POSTGRES_BINDIR_SIZE];
    struct extension extension;
    bool has_searched;        /* bindir is not from the note of an earlier start */
    char templates[PATH_MAX]; /* of data directories; "": none is used */
    struct cluster_lock lock;
    struct server_keeper server;
    struct init_scripts scripts;        /* dir is NULL: none to run */
    char listen[CLUSTER_ADDRESS_SIZE];  /* numeric, or GATEWAY_EVERY_ADDRESS */
    char address[CLUSTER_ADDRESS_SIZE]; /* where clients on this machine reach it */
    int port;
    bool is_stopping;
    bool has_lost_files;
    uv_loop_t loop;
    uv_signal_t on_term, on_interrupt, on_hangup;
    uv_timer_t check_files;
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
 * Order matters: the report pipe is at REPORT_FD by now, and all descriptors above it are closed.
 * SIGHUP is ignored because the terminal may go.
 */
static void leave_terminal(void)
{
    setsid();
    fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
    /* A program that waits for an inherited pipe to close would wait until the cluster stops. */
    platform_close_from(REPORT_FD + 1);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    signal(SIGHUP, SIG_IGN);
}

/* SIGPIPE is ignored because a client may go away at any moment. */
static dsql_status settle_process(const struct cluster *cluster, dsql_error *err)
{
    if (!cluster->is_foreground) {
        leave_terminal();
    }
    umask(0077);
    wiped_memory_forbid_dumps();
    descriptor_limit_raise();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    signal(SIGPIPE, SIG_IGN);
    if (chdir(cluster->dir) == 0) {
        return DSQL_OK;
    }
    /* Another command has deleted the cluster since the directory was created. */
    return errno == ENOENT
               ? cluster_lock_fail_busy(cluster, err)
               : fail_errno(err, DSQL_ERR_SYSTEM, "could not change to \"%s\"", cluster->dir);
}

/*
 * After the user has changed, so the log belongs to the owner; and with the lock, so nothing is
 * created in a directory that another command deletes.
 */
static dsql_status open_log(const struct cluster *cluster, dsql_error *err)
{
    if (cluster->is_foreground) {
        return DSQL_OK;
    }
    int log =
        open(cluster->daemon_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM,
                          "could not write \"%s\". Delete it, or make it a file of user %s again",
                          cluster->daemon_log, cluster->owner.name);
    }
    dup2(log, STDERR_FILENO);
    close(log);
    report_copy_to_log();
    return DSQL_OK;
}

/* ---- Creating what the cluster lacks ---- */

static struct pki_files pki_files(const struct cluster *cluster)
{
    return (struct pki_files){
        .ca = cluster->ca,
        .ca_key = cluster->ca_key,
        .server_certificate = cluster->server_certificate,
        .server_key = cluster->server_key,
    };
}

/* Clients have the name of an existing cluster, so another one would lock them out. */
static dsql_status apply_endpoint(struct daemon *daemon, dsql_error *err)
{
    struct cluster *cluster = &daemon->cluster;
    const char *asked = daemon->options->endpoint;
    if (asked == NULL || strcmp(asked, cluster->endpoint) == 0) {
        return DSQL_OK;
    }
    if (cluster->endpoint[0] == '\0') {
        return cluster_restore_settings(cluster, asked, err);
    }
    return fail(
        err, DSQL_ERR_USAGE,
        "the cluster in \"%s\" has the endpoint %s, which does not change. Leave --endpoint "
        "out, or choose another directory with --dir",
        cluster->dir, cluster->endpoint);
}

/*
 * The name is known for certain from the server's certificate, which the cluster's own CA has
 * signed.  Without it, a cluster that clients know must not get another name.
 */
static dsql_status find_name(struct daemon *daemon, dsql_error *err)
{
    struct cluster *cluster = &daemon->cluster;
    struct pki_files files = pki_files(cluster);
    char endpoint[CLUSTER_NAME_SIZE];
    dsql_status status = cluster_read_settings(cluster, err);
    if (status == DSQL_OK && cluster->endpoint[0] != '\0') {
        return DSQL_OK;
    }
    if (pki_read_endpoint(&files, endpoint, sizeof endpoint) &&
        cluster_endpoint_is_valid(endpoint)) {
        report_progress("\"%s\" was %s: it is written again, with the endpoint %s of the server's "
                        "certificate",
                        cluster->settings, status == DSQL_OK ? "missing" : "damaged", endpoint);
        return cluster_restore_settings(cluster, endpoint, err);
    }
    if (status == DSQL_OK && cluster_has_been_complete(cluster)) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "\"%s\" is missing, and the server's certificate, which has the endpoint too, "
                    "is missing or damaged. Restore the file, or delete the cluster with 'dsql "
                    "local destroy'",
                    cluster->settings);
    }
    return status;
}

/* What clients have to know.  A new cluster has no clients. */
static void report_certificates(const struct daemon *daemon, const struct pki_made *made,
                                const char *former_endpoint)
{
    const struct cluster *cluster = &daemon->cluster;
    bool is_new = !cluster_has_been_complete(cluster);
    if (is_new && made->server) {
        report_progress("created TLS certificates");
        return;
    }
    if (former_endpoint[0] != '\0' && strcmp(former_endpoint, cluster->endpoint) != 0) {
        report_progress("the endpoint in \"%s\" has changed from %s to %s: clients need it ('dsql "
                        "local env')",
                        cluster->settings, former_endpoint, cluster->endpoint);
    }
    if (made->ca) {
        report_progress(
            "created a new certificate authority: \"%s\" or \"%s\" was missing, "
            "damaged or about to expire. Clients with a copy of ca.pem need the new one",
            cluster->ca, cluster->ca_key);
    }
    if (made->server) {
        report_progress("created the server's key and certificate again, for %s",
                        cluster->endpoint);
    }
}

/*
 * At each start, so that certificates are renewed in time by a cluster that is started now and
 * then.
 */
static dsql_status create_certificates(struct daemon *daemon, dsql_error *err)
{
    struct pki_files files = pki_files(&daemon->cluster);
    struct pki_made made = {0};
    char former_endpoint[CLUSTER_NAME_SIZE] = "";
    (void)pki_read_endpoint(&files, former_endpoint, sizeof former_endpoint);
    const struct pki_names names = {.endpoint = daemon->cluster.endpoint,
                                    .others = daemon->options->server_names};
    dsql_status status = pki_ensure(&files, &names, &made, err);
    if (status == DSQL_OK) {
        report_certificates(daemon, &made, former_endpoint);
    }
    return status;
}

static dsql_status create_identities(struct daemon *daemon, dsql_error *err)
{
    const struct cluster *cluster = &daemon->cluster;
    bool was_lost = !file_exists(cluster->identities) && cluster_has_been_complete(cluster);
    const struct start_options *options = daemon->options;
    dsql_status status = identity_create_file(cluster->identities, err);
    if (status == DSQL_OK && options->access_key != NULL) {
        status = identity_set_first(cluster->identities, options->access_key, options->secret, err);
        secret_clear(options->secret);
    }
    secret_wipe_remains(); /* of the key that was made or read */
    if (status == DSQL_OK && was_lost && options->access_key == NULL) {
        report_progress("created a new access key, because \"%s\" was missing: clients need it "
                        "('dsql local env')",
                        cluster->identities);
    }
    return status;
}

/*
 * A start has not come to the end of its init scripts, so the database has had no clients.  If
 * there is a state.json it has: it is written when a start succeeds.
 */
static dsql_status discard_unfinished(const struct cluster *cluster, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    if (!init_scripts_are_unfinished(cluster)) {
        return DSQL_OK;
    }
    if (data_directory_exists(cluster) && !file_exists(cluster->state)) {
        report_progress("an earlier start did not complete the init scripts: its database is "
                        "deleted");
        server_stop_wait(cluster);
        status = directory_remove(cluster->data, err);
    }
    return status == DSQL_OK ? init_scripts_end(cluster, err) : status;
}

/*
 * A restored data directory takes the place of the earlier one while no server uses either.  Of a
 * restore that was killed nothing stays.
 */
static dsql_status settle_data(struct daemon *daemon, dsql_error *err)
{
    const struct cluster *cluster = &daemon->cluster;
    restore_server_clean_up(cluster);
    if (!data_directory_is_restored(cluster)) {
        return data_directory_replace(cluster, err);
    }
    server_stop_wait(cluster);
    report_progress("completing a restore");
    return data_directory_replace(cluster, err);
}

/* Before anything is created, because the directory may be mistyped. */
static dsql_status find_scripts(struct daemon *daemon, dsql_error *err)
{
    const char *dir = daemon->options->init_dir;
    if (dir == NULL || data_directory_exists(&daemon->cluster)) {
        return DSQL_OK;
    }
    return init_scripts_find(&daemon->scripts, dir, err);
}

static dsql_status create_data(struct daemon *daemon, dsql_error *err)
{
    if (data_directory_exists(&daemon->cluster)) {
        return DSQL_OK;
    }
    dsql_status status =
        daemon->scripts.count > 0 ? init_scripts_begin(&daemon->cluster, err) : DSQL_OK;
    if (status != DSQL_OK) {
        return status;
    }
    report_progress("creating the data directory for %s/postgres", daemon->bindir);
    return data_directory_create(&daemon->cluster, daemon->bindir, daemon->templates, err);
}

/*
 * The extension decides the version: PostgreSQL loads only modules of its own major version.  What
 * an earlier start has found need not be searched for.
 */
static dsql_status find_postgres(struct daemon *daemon, dsql_error *err)
{
    int major = 0;
    if (daemon->options->pg_bindir == NULL &&
        postgres_found_read(daemon->cluster.postgres_found, daemon->extension.major,
                            daemon->bindir)) {
        return DSQL_OK;
    }
    daemon->has_searched = daemon->options->pg_bindir == NULL;
    dsql_status status = postgres_find(daemon->options->pg_bindir, daemon->extension.major,
                                       daemon->bindir, &major, err);
    return status == DSQL_OK ? extension_check_major(&daemon->extension, major, daemon->bindir, err)
                             : status;
}

/* Everything that exists, before anything is created or started. */
static dsql_status check_files(struct daemon *daemon, dsql_error *err)
{
    const struct cluster *cluster = &daemon->cluster;
    return cluster_check(
        cluster, daemon->extension.major,
        data_directory_exists(cluster) ? CLUSTER_CHECK_START_BYTES : CLUSTER_CHECK_NEW_BYTES, err);
}

static dsql_status note_postgres(struct daemon *daemon, dsql_error *err)
{
    (void)err;
    if (daemon->has_searched) {
        postgres_found_write(daemon->cluster.postgres_found, daemon->extension.major,
                             daemon->bindir);
    }
    return DSQL_OK;
}

static dsql_status create_module(struct daemon *daemon, dsql_error *err)
{
    return extension_write(&daemon->extension, &daemon->cluster, err);
}

static dsql_status discard_data(struct daemon *daemon, dsql_error *err)
{
    return discard_unfinished(&daemon->cluster, err);
}

static dsql_status create_directories(struct daemon *daemon, dsql_error *err)
{
    return cluster_create(&daemon->cluster, err);
}

/*
 * Each step does nothing if its result exists, so a start that was interrupted is completed by the
 * next one.
 */
static dsql_status create_missing(struct daemon *daemon, dsql_error *err)
{
    static dsql_status (*const steps[])(struct daemon *, dsql_error *) = {
        discard_data,        settle_data,       find_scripts,       find_postgres, check_files,
        find_name,           apply_endpoint,    create_directories, note_postgres, create_module,
        create_certificates, create_identities, create_data,
    };
    dsql_status status = DSQL_OK;
    for (size_t i = 0; status == DSQL_OK && i < sizeof steps / sizeof *steps; i++) {
        status = steps[i](daemon, err);
    }
    return status;
}

/* ---- PostgreSQL ---- */

/* The schema is installed before the gateway opens, so no client sees a cluster without it. */
static dsql_status open_database(struct daemon *daemon, dsql_error *err)
{
    report_progress("starting PostgreSQL");
    PGconn *conn = server_keeper_start(&daemon->server, err);
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
static struct gateway_options gateway_options(struct daemon *daemon)
{
    return (struct gateway_options){
        .certificate_file = daemon->cluster.server_certificate,
        .key_file = daemon->cluster.server_key,
        .endpoint = daemon->cluster.endpoint,
        .other_names = daemon->options->server_names,
        .region = CLUSTER_REGION,
        .server_socket = daemon->cluster.socket,
        .server_major = daemon->extension.major,
        .find_identity = find_identity,
        .find_identity_arg = daemon,
        .logger = {.write = write_log},
    };
}

static bool try_port(struct daemon *daemon, int port, dsql_error *err)
{
    struct gateway_options options = gateway_options(daemon);
    bool is_default = strcmp(daemon->listen, CLUSTER_DEFAULT_ADDRESS) == 0;
    options.listen_address = is_default ? NULL : daemon->listen; /* NULL: ::1 as well */
    options.port = port;
    daemon->gateway = gateway_start(&daemon->loop, &options, err);
    return daemon->gateway != NULL;
}

/* Best effort: it is for the user, and the disk may be full. */
static dsql_status write_state(const struct daemon *daemon, dsql_error *err)
{
    struct cluster_state state = {.pid = getpid(),
                                  .port = daemon->port,
                                  .failures = daemon->server.failures,
                                  .is_foreground = daemon->cluster.is_foreground};
    text_copy(text_of(daemon->address), state.address, sizeof state.address);
    text_copy(text_of(daemon->server.problem), state.problem, sizeof state.problem);
    return cluster_write_state(&daemon->cluster, &state, err);
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

/* An address of another start that was open to other machines is not used without being asked for.
 */
static void choose_address(struct daemon *daemon)
{
    const char *asked = daemon->options->listen_address;
    if (asked != NULL) {
        text_copy(text_of(asked), daemon->listen, sizeof daemon->listen);
    } else {
        cluster_last_address(&daemon->cluster, daemon->listen);
        if (!cluster_address_is_loopback(daemon->listen)) {
            text_copy(text_of(CLUSTER_DEFAULT_ADDRESS), daemon->listen, sizeof daemon->listen);
        }
    }
    cluster_address_to_reach(daemon->listen, daemon->address);
}

/* Sockets of the service manager: the first one decides what state.json has. */
static dsql_status adopt_sockets(struct daemon *daemon, dsql_error *err)
{
    struct gateway_options options = gateway_options(daemon);
    options.listen_fds = daemon->options->listen_fds;
    options.listen_fd_count = daemon->options->listen_fd_count;
    if (!cluster_address_of_socket(options.listen_fds[0], daemon->listen)) {
        return fail(err, DSQL_ERR_USAGE,
                    "the socket that the service manager has passed is not a TCP socket");
    }
    cluster_address_to_reach(daemon->listen, daemon->address);
    daemon->gateway = gateway_start(&daemon->loop, &options, err);
    return daemon->gateway == NULL ? err->status : DSQL_OK;
}

/*
 * An address of its own is asked for to have port 5432, where official connectors look, so another
 * port is not tried.
 */
static dsql_status listen_on_port(struct daemon *daemon, dsql_error *err)
{
    int asked = daemon->options->port;
    choose_address(daemon);
    if (daemon->options->listen_address != NULL && asked == START_PORT_DEFAULT) {
        asked = FIRST_PORT;
    }
    if (!(asked == START_PORT_DEFAULT ? try_ports(daemon, err) : try_port(daemon, asked, err))) {
        return fail(err, DSQL_ERR_SYSTEM, "%s. Choose another port with --port", err->message);
    }
    return DSQL_OK;
}

static dsql_status open_gateway(struct daemon *daemon, dsql_error *err)
{
    dsql_status status = daemon->options->listen_fd_count > 0 ? adopt_sockets(daemon, err)
                                                              : listen_on_port(daemon, err);
    if (status != DSQL_OK) {
        return status;
    }
    daemon->port = gateway_port(daemon->gateway);
    return write_state(daemon, err);
}

/* ---- Init scripts ---- */

static void on_scripts_gateway_stopped(void *arg)
{
    bool *has_stopped = arg;
    *has_stopped = true;
}

/* Its port is a free one of the loopback network, which no client of the cluster knows. */
static dsql_status run_scripts(struct daemon *daemon, dsql_error *err)
{
    struct gateway_options options = gateway_options(daemon);
    bool has_stopped = false;
    options.max_connections = SCRIPT_CONNECTIONS;
    struct gateway *gateway = gateway_start(&daemon->loop, &options, err);
    if (gateway == NULL) {
        return err->status;
    }
    dsql_status status = init_scripts_run(&daemon->scripts, &daemon->cluster, daemon->bindir,
                                          &daemon->loop, gateway_port(gateway), err);
    gateway_stop(gateway, on_scripts_gateway_stopped, &has_stopped);
    while (!has_stopped) {
        uv_run(&daemon->loop, UV_RUN_ONCE);
    }
    gateway_free(gateway);
    return status;
}

/* Nobody else may see the cluster before they have run: the gateway for clients is not open. */
static dsql_status initialize(struct daemon *daemon, dsql_error *err)
{
    if (daemon->scripts.count == 0) {
        return DSQL_OK;
    }
    dsql_status status = run_scripts(daemon, err);
    return status == DSQL_OK ? init_scripts_end(&daemon->cluster, err) : status;
}

/* `init` of an existing cluster keeps what the last start has written. */
static dsql_status keep_state(struct daemon *daemon, dsql_error *err)
{
    struct cluster_state state;
    cluster_read_state(&daemon->cluster, &state);
    return cluster_write_state(&daemon->cluster, &state, err);
}

/* ---- Running ---- */

/* With the last handle closed, uv_run() returns and the process exits. */
static void on_server_stopped(void *arg)
{
    struct daemon *daemon = arg;
    uv_close((uv_handle_t *)&daemon->on_term, NULL);
    uv_close((uv_handle_t *)&daemon->on_interrupt, NULL);
    uv_close((uv_handle_t *)&daemon->on_hangup, NULL);
    uv_close((uv_handle_t *)&daemon->check_files, NULL);
}

static void on_server_change(void *arg, enum cluster_phase phase)
{
    struct daemon *daemon = arg;
    cluster_lock_set_phase(&daemon->lock, daemon->is_stopping ? CLUSTER_STOPPING : phase);
    write_log(NULL, phase == CLUSTER_RUNNING ? DSQL_LOG_INFO : DSQL_LOG_WARN,
              phase == CLUSTER_RUNNING ? "PostgreSQL accepts connections again"
                                       : daemon->server.problem);
    report_status(phase == CLUSTER_RUNNING ? "accepts connections" : daemon->server.problem);
    (void)write_state(daemon, NULL);
}

/*
 * The clients have gone.  The order is gateway first: PostgreSQL's fast shutdown ends sessions by
 * itself, but clients get a better message from the gateway.
 */
static void on_gateway_stopped(void *arg)
{
    struct daemon *daemon = arg;
    server_keeper_stop(&daemon->server);
}

/* A further signal changes nothing: several commands may stop a cluster at the same time. */
static void stop(struct daemon *daemon, const char *reason)
{
    if (daemon->is_stopping) {
        return;
    }
    daemon->is_stopping = true;
    cluster_lock_set_phase(&daemon->lock, CLUSTER_STOPPING);
    write_log(NULL, DSQL_LOG_INFO, reason);
    report_stopping();
    gateway_stop(daemon->gateway, on_gateway_stopped, daemon);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data, "stopping");
}

/*
 * Without its file the lock protects nothing: a start would create another one, and a second
 * daemon.
 */
static void on_check_files(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    log_file_rotate(daemon->cluster.postgres_log);
    log_file_rotate(daemon->cluster.daemon_log);
    if (!daemon->is_stopping && !cluster_lock_is_in_place(&daemon->cluster, &daemon->lock)) {
        daemon->has_lost_files = true;
        stop(daemon, "stopping: the file \"lock\" or the cluster's directory was deleted");
    }
}

/*
 * A process in the foreground ends with its terminal; under nohup, which has the signal ignored, it
 * does not.
 */
static bool watch_hangup(struct daemon *daemon)
{
    struct sigaction before = {0};
    bool is_ignored = sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
    uv_signal_init(&daemon->loop, &daemon->on_hangup);
    daemon->on_hangup.data = daemon;
    return is_ignored || uv_signal_start(&daemon->on_hangup, on_stop_signal, SIGHUP) == 0;
}

/* libuv calls the handlers from the loop, not from the signal, so they may do anything. */
static bool start_watching(struct daemon *daemon)
{
    uv_signal_init(&daemon->loop, &daemon->on_term);
    uv_signal_init(&daemon->loop, &daemon->on_interrupt);
    uv_timer_init(&daemon->loop, &daemon->check_files);
    daemon->check_files.data = daemon;
    daemon->on_term.data = daemon;
    daemon->on_interrupt.data = daemon;
    return uv_timer_start(&daemon->check_files, on_check_files, 0, LOG_FILE_CHECK_MS) == 0 &&
           uv_signal_start(&daemon->on_term, on_stop_signal, SIGTERM) == 0 &&
           uv_signal_start(&daemon->on_interrupt, on_stop_signal, SIGINT) == 0 &&
           watch_hangup(daemon) && server_keeper_watch(&daemon->server, &daemon->loop);
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
        status = settle_process(&daemon->cluster, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    uv_loop_init(&daemon->loop);
    status = cluster_lock_take(&daemon->cluster, &daemon->lock, err);
    if (status == DSQL_OK) {
        status = open_log(&daemon->cluster, err);
    }
    if (status == DSQL_OK) {
        status = create_missing(daemon, err);
    }
    if (status == DSQL_OK) {
        status = open_database(daemon, err);
    }
    if (status == DSQL_OK) {
        status = initialize(daemon, err);
    }
    if (status == DSQL_OK) {
        status =
            daemon->options->is_init_only ? keep_state(daemon, err) : open_gateway(daemon, err);
    }
    extension_clear(&daemon->extension);
    init_scripts_clear(&daemon->scripts);
    return status;
}

static void report_service(const struct daemon *daemon)
{
    const struct start_options *options = daemon->options;
    report_ready(daemon->port);
    if (!daemon->cluster.is_foreground) {
        close(REPORT_FD);
    } else if (options->on_ready != NULL) {
        options->on_ready(options->on_ready_arg, &daemon->cluster);
    }
}

/* report_ready() lets the command return, so it comes only when everything serves. */
static void run(struct daemon *daemon)
{
    cluster_lock_set_phase(&daemon->lock, CLUSTER_RUNNING);
    if (start_watching(daemon)) {
        report_service(daemon);
        uv_run(&daemon->loop, UV_RUN_DEFAULT);
        gateway_free(daemon->gateway);
    }
    server_keeper_stop_now(&daemon->server);
    uv_loop_close(&daemon->loop);
}

/* The state of the one daemon of a process. */
static struct daemon *new_daemon(const struct cluster *cluster, const struct start_options *options)
{
    static struct daemon daemon;
    daemon.cluster = *cluster;
    daemon.options = options;
    daemon.server = (struct server_keeper){
        .cluster = &daemon.cluster,
        .bindir = daemon.bindir,
        .settings = options->settings,
        .is_throw_away = options->is_throw_away,
        .on_change = on_server_change,
        .on_stopped = on_server_stopped,
        .arg = &daemon,
    };
    return &daemon;
}

dsql_status daemon_serve(const struct cluster *cluster, const struct start_options *options,
                         dsql_error *err)
{
    struct daemon *daemon = new_daemon(cluster, options);
    daemon->cluster.is_foreground = true;
    report_begin_foreground(options->notify);
    wiped_memory_clear_environment();
    dsql_status status = open_cluster(daemon, err);
    if (status != DSQL_OK) {
        server_keeper_stop_now(&daemon->server);
        report_status(err->message);
        return status;
    }
    run(daemon);
    if (daemon->has_lost_files) {
        return fail(err, DSQL_ERR_SYSTEM,
                    "the cluster's directory \"%s\" or its file \"lock\" was deleted while the "
                    "cluster was running",
                    cluster->dir);
    }
    return server_keeper_was_forced(&daemon->server)
               ? fail(err, DSQL_ERR_SYSTEM,
                      "PostgreSQL did not end in time and was forced to: the next start recovers. "
                      "Committed data is safe")
               : DSQL_OK;
}

/*
 * _exit() and not exit(): the exit handlers and the unwritten output are those of the command
 * that forked.
 */
_Noreturn void daemon_main(const struct cluster *cluster, const struct start_options *options,
                           int report_fd)
{
    struct daemon *daemon = new_daemon(cluster, options);
    dsql_error err = {0};
    report_begin(report_fd);
    if (!data_directory_exists(cluster)) {
        data_template_prepare(cluster, daemon->templates);
    }
    wiped_memory_clear_environment();
    if (open_cluster(daemon, &err) != DSQL_OK) {
        server_keeper_stop_now(&daemon->server);
        report_error(&err);
        _exit(1);
    }
    if (options->is_init_only) {
        server_keeper_stop_now(&daemon->server);
        report_ready(0);
        _exit(0);
    }
    run(daemon);
    _exit(0);
}
