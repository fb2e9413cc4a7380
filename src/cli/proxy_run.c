/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * `dsql proxy`: reads the settings, starts the proxy in an event loop, and stops it after a signal.
 *
 *   SIGTERM, SIGINT   drain: no new clients, and the others when their transactions end; a second
 *                     one ends the wait
 *   SIGHUP            reads users, certificates and clusters again
 *
 * A URL with the password is printed on a terminal only: elsewhere the output may be kept.
 */
#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/proxy_clusters.h"
#include "cli/proxy_dsn.h"
#include "cli/proxy_log.h"
#include "cli/proxy_places.h"
#include "cli/proxy_report.h"
#include "cli/proxy_settings.h"
#include "cli/proxy_sockets.h"
#include "cli/proxy_users.h"
#include "config/environment.h"
#include "local/descriptor_limit.h"
#include "local/wiped_memory.h"
#include "net/service_notify.h"
#include "proxy/metrics.h"
#include "proxy/status_page.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READY_POLL_MS = 20, SIGNALS = 3, MS_PER_S = 1000, URL_MAX = 8192 };

struct running {
    const struct command_line *line;
    uv_loop_t loop;
    struct proxy_settings settings;
    struct proxy_places places;
    struct proxy_users users;
    struct proxy_options options;
    struct proxy_clusters clusters; /* for the start */
    struct proxy_sockets sockets;   /* of the service manager */
    int ports[PROXY_TARGETS_MAX];   /* in use */
    struct proxy *proxy;
    struct status_page *control;
    struct status_page *http;
    struct service_notify notify;
    uv_signal_t signals[SIGNALS];
    uv_timer_t ready_check;
    bool is_announced; /* the ready lines are printed */
    bool is_stopping;
};

/* ---- Settings ---- */

static const char *option_value(void *arg, const char *name)
{
    const struct running *running = arg;
    return command_value(running->line, name);
}

static const char *variable_value(void *arg, const char *name)
{
    (void)arg;
    return environment_get(name);
}

static dsql_status read_config_file(void *arg, const char *path, struct buf *content,
                                    dsql_error *err)
{
    (void)arg;
    return file_system_read(file_system_real(), path, content)
               ? DSQL_OK
               : fail_read(err, DSQL_ERR_USAGE, "the configuration file", path);
}

static dsql_status read_settings(struct running *running, struct proxy_settings *settings,
                                 dsql_error *err)
{
    const struct command_line *line = running->line;
    const struct proxy_sources sources = {
        .option = option_value,
        .environment = variable_value,
        .read_file = read_config_file,
        .arg = running,
        .clusters = line->arguments,
        .cluster_count = (size_t)line->argument_count,
    };
    return proxy_settings_read(settings, &sources, err);
}

static dsql_status fill_options(struct running *running, dsql_error *err)
{
    struct proxy_settings *settings = &running->settings;
    dsql_status status = proxy_clusters_read(&running->clusters, settings, err);
    running->options = (struct proxy_options){
        .clusters = running->clusters.options,
        .cluster_count = settings->target_count,
        .sockets = running->sockets.sockets,
        .socket_count = running->sockets.count,
        .pool_mode = settings->pool_mode,
        .socket_directory = settings->has_socket ? running->places.sockets : NULL,
        .socket_users = settings->socket_users,
        .socket_user_count = settings->socket_user_count,
        .listen_address = settings->listen_address,
        .authentication = settings->authentication,
        .find_verifier = proxy_users_find,
        .find_verifier_arg = &running->users,
        .certificate_file = settings->tls_cert,
        .key_file = settings->tls_key,
        .max_clients = settings->max_clients,
        .lifetime_s = settings->lifetime_s,
        .retries = settings->retries,
        .is_strict = settings->is_strict,
        .is_for_dump = settings->is_for_dump,
        .logger = {.write = proxy_log_write, .arg = &settings->has_json_log},
    };
    return status;
}

static void log_error(const struct running *running, const char *what, const dsql_error *err)
{
    log_write(&running->options.logger, DSQL_LOG_ERROR, "%s: %s", what, err->message);
}

/* ---- What it says of itself ---- */

/* A script that has waited for the proxy can rely on the printed lines. */
static enum proxy_condition condition_now(void *arg)
{
    const struct running *running = arg;
    enum proxy_condition condition = proxy_condition(running->proxy);
    return condition == PROXY_READY && !running->is_announced ? PROXY_STARTING : condition;
}

static void write_metrics(void *arg, struct buf *out)
{
    const struct running *running = arg;
    struct metrics_cluster clusters[PROXY_TARGETS_MAX];
    size_t count = running->settings.target_count;
    for (size_t i = 0; i < count; i++) {
        clusters[i] = (struct metrics_cluster){running->settings.targets[i].host, running->ports[i],
                                               proxy_cluster_counters(running->proxy, i)};
    }
    metrics_write(out, clusters, count, clock_wall_s(clock_system()));
}

static void write_status(void *arg, struct buf *out)
{
    const struct running *running = arg;
    const struct proxy_settings *settings = &running->settings;
    bool has_trust = settings->authentication == PROXY_AUTH_TRUST;
    bool has_own_password = running->users.is_generated && !has_trust;
    struct proxy_report_cluster clusters[PROXY_TARGETS_MAX];
    for (size_t i = 0; i < settings->target_count; i++) {
        const struct proxy_target *target = &settings->targets[i];
        clusters[i] = (struct proxy_report_cluster){target->host, target->user, target->dbname,
                                                    running->ports[i],
                                                    proxy_cluster_counters(running->proxy, i)};
    }
    const struct proxy_report report = {
        .pid = (int)getpid(),
        .condition = condition_now(arg),
        .pool_mode = settings->pool_mode,
        .socket_directory = running->options.socket_directory,
        .listen_address = settings->listen_address,
        .password_file = has_own_password ? running->users.path : NULL,
        .has_trust = has_trust,
        .has_tls = settings->tls_cert != NULL,
        .clusters = clusters,
        .cluster_count = settings->target_count,
        .now_s = clock_wall_s(clock_system()),
    };
    proxy_report_write(out, &report);
}

/* ---- Ready ---- */

static void print_url(const struct proxy_dsn *dsn, const char *words, const char *file)
{
    struct buf url AUTO_BUF;
    buf_init_secret(&url, URL_MAX);
    proxy_dsn_write(&url, dsn);
    if (buf_ok(&url)) {
        printf("ready: %s   (%s%s)\n", url.data, words, file);
    }
}

static void print_tcp_url(const struct running *running, struct proxy_dsn *dsn)
{
    struct secret password = {0};
    dsql_error ignored;
    bool has_trust = running->settings.authentication == PROXY_AUTH_TRUST;
    bool has_own = running->users.is_generated && !has_trust;
    if (has_own && isatty(STDOUT_FILENO) == 1 &&
        password_file_read_generated(running->users.path, &password, &ignored) == DSQL_OK) {
        dsn->password = secret_string(&password);
    }
    print_url(dsn, has_trust ? "TCP, without a password" : "TCP; password in ",
              has_trust ? "" : running->users.path);
    secret_clear(&password);
}

static void print_urls(const struct running *running)
{
    const struct proxy_settings *settings = &running->settings;
    for (size_t i = 0; i < settings->target_count; i++) {
        struct proxy_dsn dsn = {.user = settings->targets[i].user,
                                .dbname = settings->targets[i].dbname,
                                .port = running->ports[i]};
        if (settings->has_socket) {
            dsn.directory = running->places.sockets;
            print_url(&dsn,
                      settings->socket_user_count == 0 ? "Unix socket, this user only"
                                                       : "Unix socket, the users in the list",
                      "");
        }
        if (settings->listen_address != NULL) {
            dsn.directory = NULL;
            dsn.address = settings->listen_address;
            print_tcp_url(running, &dsn);
        }
    }
    fflush(stdout);
}

static void on_ready_check(uv_timer_t *timer)
{
    struct running *running = timer->data;
    if (proxy_condition(running->proxy) == PROXY_READY) {
        uv_timer_stop(timer);
        print_urls(running);
        running->is_announced = true;
        (void)service_notify_ready(&running->notify, "ready", NULL);
    }
}

/* ---- What is offered ---- */

/*
 * The proxy itself refuses a peer that is not in the list; the modes of the socket and of its
 * directory must let the others come so far.  One of a service manager is elsewhere.
 */
static dsql_status open_sockets(const struct running *running, dsql_error *err)
{
    enum { FOR_ALL = 0666 };
    char path[PROXY_PLACE_SIZE];
    const struct proxy_settings *settings = &running->settings;
    bool has_users = settings->has_socket && settings->socket_user_count > 0;
    for (size_t i = 0; has_users && i < settings->target_count; i++) {
        snprintf(path, sizeof path, "%.*s/.s.PGSQL.%d", PROXY_SOCKET_PATH_MAX,
                 running->places.sockets, running->ports[i]);
        if (chmod(path, FOR_ALL) != 0 && errno != ENOENT) {
            return fail_errno(err, DSQL_ERR_SYSTEM, "could not set the mode of \"%s\"", path);
        }
    }
    return DSQL_OK;
}

static void find_ports(struct running *running)
{
    for (size_t i = 0; i < running->settings.target_count; i++) {
        int port = proxy_port(running->proxy, i);
        running->ports[i] = port > 0 ? port : running->settings.targets[i].port;
    }
}

/* ---- Signals ---- */

static void close_handles(struct running *running)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&running->signals[i], NULL);
    }
    uv_close((uv_handle_t *)&running->ready_check, NULL);
    status_page_stop(running->control, NULL, NULL);
    status_page_stop(running->http, NULL, NULL);
}

static void on_stopped(void *arg)
{
    close_handles(arg);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
    struct running *running = handle->data;
    const char *words = number == SIGTERM ? "SIGTERM" : "SIGINT";
    int64_t drain_ms = running->is_stopping ? 0 : (int64_t)running->settings.drain_s * MS_PER_S;
    log_write(&running->options.logger, DSQL_LOG_INFO,
              running->is_stopping ? "%s: closing all sessions" : "%s: draining for up to %d s",
              words, running->settings.drain_s);
    running->is_stopping = true;
    uv_timer_stop(&running->ready_check);
    (void)service_notify_stopping(&running->notify, "draining", NULL);
    proxy_stop(running->proxy, drain_ms, on_stopped, running);
}

static void reload_users(struct running *running)
{
    dsql_error err = {0};
    if (proxy_users_reload(&running->users, &err) == DSQL_OK) {
        log_write(&running->options.logger, DSQL_LOG_INFO, "the users were read again");
    } else {
        log_error(running, "the users are unchanged", &err);
    }
}

static void reload_certificate(struct running *running)
{
    dsql_error err = {0};
    if (running->settings.tls_cert == NULL) {
        return;
    }
    if (proxy_reload(running->proxy, &err) == DSQL_OK) {
        log_write(&running->options.logger, DSQL_LOG_INFO, "the certificate was read again");
    } else {
        log_error(running, "the certificate is unchanged", &err);
    }
}

/* The clusters of the new settings; everything else of them needs a restart. */
static dsql_status offer_clusters(struct running *running, const struct proxy_settings *settings,
                                  struct proxy_clusters *clusters, dsql_error *err)
{
    struct proxy_changes changes;
    int64_t drain_ms = (int64_t)running->settings.drain_s * MS_PER_S;
    dsql_status status = proxy_clusters_read(clusters, settings, err);
    if (status == DSQL_OK) {
        status = proxy_offer(running->proxy, clusters->options, clusters->count, drain_ms, &changes,
                             err);
    }
    if (status == DSQL_OK) {
        log_write(&running->options.logger, DSQL_LOG_INFO,
                  "the clusters were read again: %d added, %d changed, %d removed", changes.added,
                  changes.changed, changes.removed);
    }
    return status;
}

static void exchange_targets(struct proxy_settings *a, struct proxy_settings *b)
{
    size_t count = a->target_count;
    a->target_count = b->target_count;
    b->target_count = count;
    for (size_t i = 0; i < PROXY_TARGETS_MAX; i++) {
        struct proxy_target target = a->targets[i];
        a->targets[i] = b->targets[i];
        b->targets[i] = target;
    }
}

static void reload_clusters(struct running *running)
{
    dsql_error err = {0};
    struct proxy_settings *settings = mem_new(sizeof *settings);
    struct proxy_clusters *clusters = mem_new(sizeof *clusters);
    dsql_status status = settings == NULL || clusters == NULL
                             ? fail_nomem(&err)
                             : read_settings(running, settings, &err);
    if (status == DSQL_OK) {
        status = offer_clusters(running, settings, clusters, &err);
    }
    if (status == DSQL_OK) {
        exchange_targets(&running->settings, settings);
        find_ports(running);
        status = open_sockets(running, &err);
    }
    if (status != DSQL_OK) {
        log_error(running, "the clusters are unchanged", &err);
    }
    if (settings != NULL) {
        proxy_settings_clear(settings);
    }
    if (clusters != NULL) {
        proxy_clusters_clear(clusters);
    }
    mem_free(settings);
    mem_free(clusters);
}

static void reload(struct running *running)
{
    enum { US_PER_MS = 1000 };
    if (running->is_stopping) {
        return;
    }
    (void)service_notify_reloading(&running->notify, clock_monotonic_ms(clock_system()) * US_PER_MS,
                                   NULL);
    reload_users(running);
    reload_certificate(running);
    reload_clusters(running);
    if (running->is_announced) {
        (void)service_notify_ready(&running->notify, "ready", NULL);
    }
}

static void on_hangup(uv_signal_t *handle, int number)
{
    (void)number;
    reload(handle->data);
}

static void watch_signals(struct running *running)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&running->loop, &running->signals[i]);
        running->signals[i].data = running;
        uv_signal_start(&running->signals[i], numbers[i] == SIGHUP ? on_hangup : on_stop_signal,
                        numbers[i]);
    }
    uv_timer_init(&running->loop, &running->ready_check);
    running->ready_check.data = running;
    uv_timer_start(&running->ready_check, on_ready_check, 0, READY_POLL_MS);
}

/* ---- Start ---- */

static dsql_status start_pages(struct running *running, dsql_error *err)
{
    char path[PROXY_PLACE_SIZE];
    proxy_places_control(&running->places, running->ports[0], path);
    struct status_page_options options = {
        .path = path,
        .source = {.condition = condition_now,
                   .write_metrics = write_metrics,
                   .write_status = write_status,
                   .arg = running},
    };
    dsql_status status = status_page_start(&running->loop, &options, &running->control, err);
    if (status == DSQL_OK && running->settings.http_address != NULL) {
        options.path = NULL;
        options.address = running->settings.http_address;
        options.port = running->settings.http_port;
        options.source.write_status = NULL;
        status = status_page_start(&running->loop, &options, &running->http, err);
    }
    return status;
}

static dsql_status start_proxy(struct running *running, dsql_error *err)
{
    running->proxy = proxy_start(&running->loop, &running->options, err);
    if (running->proxy == NULL) {
        return err->status;
    }
    find_ports(running);
    proxy_clusters_clear(&running->clusters);
    watch_signals(running);
    dsql_status status = open_sockets(running, err);
    if (status == DSQL_OK) {
        status = start_pages(running, err);
    }
    if (status != DSQL_OK) {
        running->is_stopping = true;
        uv_timer_stop(&running->ready_check);
        proxy_stop(running->proxy, 0, on_stopped, running);
    }
    return status;
}

static void warn_of_trust(const struct running *running)
{
    if (running->settings.authentication == PROXY_AUTH_TRUST) {
        log_write(&running->options.logger, DSQL_LOG_WARN,
                  "--auth trust: every user and program on this machine can log in on %s",
                  running->settings.listen_address == NULL ? "TCP"
                                                           : running->settings.listen_address);
    }
}

static dsql_status prepare(struct running *running, dsql_error *err)
{
    dsql_status status = read_settings(running, &running->settings, err);
    const struct proxy_settings *settings = &running->settings;
    if (status == DSQL_OK) {
        status = proxy_places_find(&running->places, settings->state_directory,
                                   settings->has_socket, settings->socket_directory, err);
    }
    if (status == DSQL_OK) {
        status = proxy_places_create(&running->places, err);
    }
    if (status == DSQL_OK) {
        status = proxy_users_open(&running->users, &running->places, settings->password_file, err);
    }
    if (status == DSQL_OK) {
        status = service_notify_init(&running->notify, environment_get("NOTIFY_SOCKET"), err);
    }
    return status == DSQL_OK ? fill_options(running, err) : status;
}

/*
 * Held while the sockets are created: of two proxies that start at the same time, the second finds
 * a socket that accepts, and does not replace it.  -1: it could not be locked.
 */
static int lock_sockets(const struct running *running)
{
    const struct proxy_places *places = &running->places;
    const char *directory = places->sockets[0] == '\0' ? places->state : places->sockets;
    int lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (lock >= 0 && flock(lock, LOCK_EX) != 0 && errno == EINTR) {
    }
    return lock;
}

static dsql_status start_alone(struct running *running, dsql_error *err)
{
    int lock = lock_sockets(running);
    dsql_status status = start_proxy(running, err);
    if (lock >= 0) {
        close(lock);
    }
    return status;
}

static dsql_status serve(struct running *running, dsql_error *err)
{
    if (uv_loop_init(&running->loop) != 0) {
        return fail_nomem(err);
    }
    warn_of_trust(running);
    dsql_status status = start_alone(running, err);
    uv_run(&running->loop, UV_RUN_DEFAULT);
    if (running->proxy != NULL) {
        proxy_free(running->proxy);
    }
    uv_loop_close(&running->loop);
    return status;
}

static void free_running(struct running *running)
{
    proxy_clusters_clear(&running->clusters);
    proxy_users_close(&running->users);
    proxy_settings_clear(&running->settings);
    mem_free(running);
}

static dsql_status take_sockets(struct running *running, dsql_error *err)
{
    const struct service_variables variables = {
        .listen_pid = environment_get("LISTEN_PID"),
        .listen_fds = environment_get("LISTEN_FDS"),
        .listen_fdnames = environment_get("LISTEN_FDNAMES"),
    };
    return proxy_sockets_take(&running->sockets, &variables, SERVICE_SOCKETS_FIRST, err);
}

int proxy_run(const struct command_line *line)
{
    dsql_error err = {0};
    struct running *running = mem_new(sizeof *running);
    if (running == NULL) {
        fail_nomem(&err);
        return cli_fail(&err);
    }
    running->line = line;
    dsql_status status = take_sockets(running, &err); /* before any other descriptor is opened */
    wiped_memory_forbid_dumps();
    descriptor_limit_raise();
    signal(SIGPIPE, SIG_IGN);
    if (status == DSQL_OK) {
        status = prepare(running, &err);
    }
    if (status == DSQL_OK) {
        status = serve(running, &err);
    }
    free_running(running);
    return status == DSQL_OK ? EXIT_DONE : cli_fail(&err);
}
