/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The back-off is the cluster's and not that of a request: if it wakes up or has too many
 * connections, a connect for somebody else would fail as well.
 */
#include "proxy/cluster.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "config/environment.h"
#include "config/system_trust.h"
#include "connect/connect_retry.h"
#include "connect/sslrootcert.h"
#include "net/tls_client.h"
#include "token/complete.h"

#include <stdio.h>

/* LIBPQ_VERSION: one that knows "system", since OpenSSL is asked directly here. */
enum { LIBPQ_VERSION = 170000, LOGIN_TIMEOUT_MS = 20000 };

static void pump(struct cluster *cluster);

static int or_default(int value, int otherwise)
{
    return value == 0 ? otherwise : value;
}

/* ---- The queue --------------------------------------------------------- */

static void leave_queue(struct cluster *cluster, struct server_request *request)
{
    *(request->previous == NULL ? &cluster->oldest : &request->previous->next) = request->next;
    *(request->next == NULL ? &cluster->newest : &request->next->previous) = request->previous;
    request->next = NULL;
    request->previous = NULL;
    cluster->counters.server_queue--;
}

static void enter_last(struct cluster *cluster, struct server_request *request)
{
    request->previous = cluster->newest;
    *(cluster->newest == NULL ? &cluster->oldest : &cluster->newest->next) = request;
    cluster->newest = request;
    cluster->counters.server_queue++;
}

/* One that was tried keeps its place. */
static void enter_first(struct cluster *cluster, struct server_request *request)
{
    request->next = cluster->oldest;
    *(cluster->oldest == NULL ? &cluster->newest : &cluster->oldest->previous) = request;
    cluster->oldest = request;
    cluster->counters.server_queue++;
}

/* ---- Answers of a server ----------------------------------------------- */

static void end_attempt(struct cluster *cluster, struct server_request *request)
{
    request->server = NULL;
    cluster->counters.servers_connecting--;
}

static void on_ready(void *arg, struct server *server)
{
    struct server_request *request = arg;
    struct cluster *cluster = request->cluster;
    end_attempt(cluster, request);
    request->cluster = NULL;
    cluster->waits = 0;
    cluster->problem[0] = '\0';
    cluster->counters.connects++;
    request->on_server(request->arg, server);
}

/* True: it is tried again, at the time that waits_until_ms says.  Its owner has the deadline. */
static bool is_tried_again(struct cluster *cluster, struct server_request *request,
                           const struct server_failure *failure)
{
    struct connect_retry retry = {.waits = cluster->waits, .was_expired = request->was_expired};
    int64_t wait_ms = connect_retry_next(&retry, failure->kind, INT64_MAX, random_system());
    if (wait_ms == CONNECT_RETRY_GIVE_UP) {
        return false;
    }
    if (retry.was_expired && !request->was_expired) {
        mint_refuse(&cluster->servers.mint, request->action);
    }
    cluster->waits = retry.waits;
    request->was_expired = retry.was_expired;
    cluster->waits_until_ms = clock_monotonic_ms(cluster->options->clock) + wait_ms;
    text_copy(text_of(failure->problem), cluster->problem, sizeof cluster->problem);
    return true;
}

static void on_failed(void *arg, struct server *server)
{
    struct server_request *request = arg;
    struct cluster *cluster = request->cluster;
    end_attempt(cluster, request);
    cluster->counters.refusals[server->failure.refusal]++;
    log_write(&cluster->options->logger, DSQL_LOG_WARN, "%s: no connection: %s",
              cluster->settings.endpoint.host, server->failure.problem);
    if (is_tried_again(cluster, request, &server->failure)) {
        enter_first(cluster, request);
    } else {
        request->cluster = NULL;
        request->on_failed(request->arg, &server->failure);
    }
    server_close(server, true);
    pump(cluster);
}

/* A server has no data and no end for anyone before on_ready(). */
static const struct server_events connecting_events = {.on_ready = on_ready,
                                                       .on_failed = on_failed};

/* ---- Connecting -------------------------------------------------------- */

static void fail_request(struct server_request *request, const char *problem)
{
    struct server_failure failure = {.kind = CONNECT_FAILURE_PERMANENT,
                                     .refusal = PROXY_REFUSAL_OTHER};
    error_set_text(failure.problem, sizeof failure.problem, problem);
    request->cluster = NULL;
    request->on_failed(request->arg, &failure);
}

static void connect_for(struct cluster *cluster, struct server_request *request)
{
    leave_queue(cluster, request);
    request->server = server_open(&cluster->servers, request->action, request->startup,
                                  &connecting_events, request);
    if (request->server == NULL) {
        fail_request(request, "out of memory");
        return;
    }
    cluster->server_count++;
    cluster->counters.servers_connecting++;
}

static void on_again(uv_timer_t *timer)
{
    pump(timer->data);
}

/* In ms; 0: now. */
static int64_t delay_ms(const struct cluster *cluster, int64_t now_ms)
{
    int64_t pace_ms = rate_limit_delay_ms(&cluster->pace, now_ms);
    int64_t wait_ms = cluster->waits_until_ms - now_ms;
    return wait_ms > pace_ms ? wait_ms : pace_ms;
}

/* While all connections are in use, on_server_gone() goes on. */
static void pump(struct cluster *cluster)
{
    int64_t now_ms = clock_monotonic_ms(cluster->options->clock);
    int64_t wait_ms = 0;
    while (!cluster->is_closing && cluster->oldest != NULL &&
           cluster->server_count < cluster->max_servers) {
        wait_ms = delay_ms(cluster, now_ms);
        if (wait_ms > 0 || !rate_limit_take(&cluster->pace, now_ms)) {
            uv_timer_start(&cluster->again, on_again, (uint64_t)(wait_ms > 0 ? wait_ms : 1), 0);
            return;
        }
        connect_for(cluster, cluster->oldest);
    }
}

void cluster_limit_servers(struct cluster *cluster, int max)
{
    int wanted = or_default(cluster->own->max_servers, PROXY_DEFAULT_MAX_SERVERS);
    int least = max < 1 ? 1 : max;
    cluster->max_servers = wanted < least ? wanted : least;
    pump(cluster);
}

void cluster_request(struct cluster *cluster, struct server_request *request)
{
    request->cluster = cluster;
    request->was_expired = false;
    enter_last(cluster, request);
    pump(cluster);
}

void cluster_withdraw(struct server_request *request)
{
    struct cluster *cluster = request->cluster;
    if (cluster == NULL) {
        return;
    }
    request->cluster = NULL;
    if (request->server == NULL) {
        leave_queue(cluster, request);
        return;
    }
    struct server *server = request->server;
    end_attempt(cluster, request);
    server_close(server, true);
}

struct cancel *cluster_cancel(struct cluster *cluster, const struct server *server,
                              void (*on_done)(void *arg), void *arg)
{
    struct cancel *cancel = cancel_open(&cluster->servers, server, on_done, arg);
    if (cancel != NULL) {
        cluster->server_count++;
        cluster->counters.cancels++;
    }
    return cancel;
}

/* ---- Who uses it ------------------------------------------------------- */

static void maybe_unused(struct cluster *cluster)
{
    if (cluster->is_retired && cluster->users == 0 && cluster->on_unused != NULL) {
        void (*on_unused)(void *arg) = cluster->on_unused;
        cluster->on_unused = NULL; /* once */
        on_unused(cluster->unused_arg);
    }
}

void cluster_enter(struct cluster *cluster)
{
    cluster->users++;
}

void cluster_leave(struct cluster *cluster)
{
    cluster->users--;
    maybe_unused(cluster);
}

void cluster_retire(struct cluster *cluster, void (*on_unused)(void *arg), void *arg)
{
    cluster->is_retired = true;
    cluster->on_unused = on_unused;
    cluster->unused_arg = arg;
    maybe_unused(cluster);
}

/* ---- Making and ending ------------------------------------------------- */

static void maybe_closed(struct cluster *cluster)
{
    if (cluster->is_closing && cluster->open_handles == 0 && cluster->server_count == 0) {
        cluster->on_closed(cluster->arg);
    }
}

static void on_server_gone(void *arg)
{
    struct cluster *cluster = arg;
    cluster->server_count--;
    pump(cluster);
    maybe_closed(cluster);
}

static void on_handle_closed(void *arg)
{
    struct cluster *cluster = arg;
    cluster->open_handles--;
    maybe_closed(cluster);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

void cluster_close(struct cluster *cluster, void (*on_closed)(void *arg), void *arg)
{
    cluster->is_closing = true;
    cluster->on_closed = on_closed;
    cluster->arg = arg;
    uv_close((uv_handle_t *)&cluster->again, on_timer_closed);
    mint_close(&cluster->servers.mint, on_handle_closed, cluster);
}

void cluster_clear(struct cluster *cluster)
{
    SSL_CTX_free(cluster->servers.target.tls);
    settings_clear(&cluster->settings);
}

/* The user is that of the client, so it does not matter here; its absence would be an error. */
static dsql_status open_settings(struct cluster *cluster, dsql_error *err)
{
    const struct proxy_cluster_options *own = cluster->own;
    char port[8] = "";
    if (own->server_port != 0) {
        snprintf(port, sizeof port, "%d", own->server_port);
    }
    return settings_open(
        DSQL_OPTIONS(.host = own->host, .region = own->region, .profile = own->profile,
                     .ca_file = own->ca_file, .port = port[0] == '\0' ? NULL : port,
                     .user = SETTINGS_ADMIN_USER, .token_seconds = own->token_seconds,
                     .log = cluster->options->logger.write,
                     .log_arg = cluster->options->logger.arg),
        &cluster->settings, err);
}

static SSL_CTX *make_tls(const struct settings *settings, dsql_error *err)
{
    char *ca_file = sslrootcert_find(settings, LIBPQ_VERSION, err);
    if (ca_file == NULL) {
        return NULL;
    }
    bool is_system = text_equal_string(text_of(ca_file), SYSTEM_TRUST);
    SSL_CTX *context = tls_client_context(is_system ? NULL : ca_file, err);
    mem_free(ca_file);
    return context;
}

/* As in connect/params.c: an address that the user gives is more precise than DNS. */
static const char *address_of(const struct cluster *cluster)
{
    const struct settings *settings = &cluster->settings;
    if (cluster->own->hostaddr != NULL) {
        return cluster->own->hostaddr;
    }
    const char *given = environment_get("PGHOSTADDR");
    if (given != NULL) {
        return given;
    }
    return settings->via != NULL ? settings->via : settings->endpoint.host;
}

static void init_servers(struct cluster *cluster, uv_loop_t *loop, SSL_CTX *tls)
{
    struct server_shared *servers = &cluster->servers;
    *servers = (struct server_shared){
        .loop = loop,
        .clock = cluster->options->clock,
        .logger = &cluster->options->logger,
        .target = {.host = cluster->settings.endpoint.host,
                   .address = address_of(cluster),
                   .tls = tls},
        .password = cluster->own->password,
        .login_timeout_ms = LOGIN_TIMEOUT_MS,
        .counters = &cluster->counters,
        .on_gone = on_server_gone,
        .arg = cluster,
    };
    text_copy(text_of(cluster->settings.port), servers->target.port, sizeof servers->target.port);
    mint_init(&servers->mint, loop, &cluster->settings, cluster->options->clock,
              &cluster->counters);
}

/* Most clients are admin, if nothing else is said. */
static enum token_action first_action(const struct proxy_cluster_options *own)
{
    return own->user == NULL ? TOKEN_CONNECT_ADMIN : token_action_for_user(own->user);
}

dsql_status cluster_init(struct cluster *cluster, uv_loop_t *loop,
                         const struct proxy_options *options,
                         const struct proxy_cluster_options *own, dsql_error *err)
{
    *cluster = (struct cluster){.options = options, .own = own};
    dsql_status status = open_settings(cluster, err);
    if (status != DSQL_OK) {
        return status;
    }
    SSL_CTX *tls = make_tls(&cluster->settings, err);
    if (tls == NULL) {
        settings_clear(&cluster->settings);
        return err == NULL ? DSQL_ERR_CONNECT : err->status;
    }
    cluster->max_servers = or_default(own->max_servers, PROXY_DEFAULT_MAX_SERVERS);
    rate_limit_init(&cluster->pace, options->connects_per_s, options->connect_burst,
                    clock_monotonic_ms(options->clock));
    init_servers(cluster, loop, tls);
    uv_timer_init(loop, &cluster->again); /* always 0 */
    cluster->again.data = cluster;
    cluster->open_handles = 2; /* timer and mint */
    if (own->password == NULL) {
        mint_begin(&cluster->servers.mint, first_action(own));
    }
    return DSQL_OK;
}

bool cluster_is_full(const struct cluster *cluster)
{
    return cluster->server_count >= cluster->max_servers;
}
