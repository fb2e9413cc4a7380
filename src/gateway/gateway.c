/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening and stopping.  The life of a connection is in client.c and the files it names.
 * Stopping takes several turns of the loop: first listeners and clients are closed, then each
 * reports that it is gone, and the last one calls on_stopped().
 */
#include "gateway/gateway.h"

#include "base/error.h"
#include "base/memory.h"
#include "gateway/capacity.h"
#include "gateway/client.h"
#include "net/listener.h"
#include "net/tls.h"

#include <malloc.h>
#include <string.h>
#include <sys/un.h>

/*
 * TURNS_TO_LOG_IN: a new client has at least so many turns of the loop before others can take its
 * place.
 */
enum { LISTENERS = 2, TURNS_TO_LOG_IN = 16, GONE_UNTIL_TRIM = 256, TRIM_MS = 500 };

/* It must stay in memory until listeners and clients have been closed: see maybe_stopped(). */
struct gateway {
    struct gateway_options options; /* with the limits filled in */
    struct client_shared shared;
    struct listener listeners[LISTENERS];
    uv_timer_t trim;
    int gone_count; /* clients, since memory was last given back */
    int closing_handles;
    int port;
    bool is_stopping;
    void (*on_stopped)(void *arg);
    void *on_stopped_arg;
};

/* 0 stands for the default of the service, so that {0} is a complete set of options. */
static int or_default(int value, int otherwise)
{
    return value == 0 ? otherwise : value;
}

/*
 * Done once, on the gateway's own copy.  The other files never see a 0, so none needs to know the
 * defaults.
 */
static void fill_in_limits(struct gateway_options *options)
{
    options->max_connections = or_default(options->max_connections, GATEWAY_MAX_CONNECTIONS);
    options->connections_per_s = or_default(options->connections_per_s, GATEWAY_CONNECTION_RATE);
    options->connection_burst = or_default(options->connection_burst, GATEWAY_CONNECTION_BURST);
    options->session_s = or_default(options->session_s, GATEWAY_SESSION_SECONDS);
    options->login_timeout_ms = or_default(options->login_timeout_ms, GATEWAY_LOGIN_TIMEOUT_MS);
    if (options->max_descriptors == 0) {
        options->max_descriptors = capacity_descriptors();
    }
    if (options->clock == NULL) {
        options->clock = clock_system();
    }
}

/* What the descriptors allow replaces the maximum of connections, so a client is told. */
static void fill_in_capacity(struct gateway *gateway)
{
    struct gateway_options *options = &gateway->options;
    struct capacity capacity = capacity_for(options->max_descriptors, options->max_connections);
    options->max_connections = capacity.connections;
    for (int i = 0; i < WAITING_EARLY_STAGES; i++) {
        gateway->shared.waiting[i].max = capacity.waiting;
    }
    gateway->shared.waiting[WAITING_PASSWORD].max = capacity.passwords;
    gateway->shared.waiting[WAITING_CANCEL].max = capacity.cancels;
}

static void log_capacity(const struct gateway *gateway, int wanted)
{
    const struct gateway_options *options = &gateway->options;
    if (options->max_connections < or_default(wanted, GATEWAY_MAX_CONNECTIONS)) {
        log_write(&options->logger, DSQL_LOG_INFO,
                  "the limit of %ld open files is enough for %d connections; to allow more, raise "
                  "the hard limit (ulimit -Hn)",
                  options->max_descriptors, options->max_connections);
    }
}

/* ---- Memory ------------------------------------------------------------ */

/*
 * glibc keeps freed memory between blocks that are still used, however much it is, so after a
 * flood the process would stay as large as it was.  Other allocators give it back by themselves.
 */
static void on_trim(uv_timer_t *timer)
{
    struct gateway *gateway = timer->data;
    gateway->gone_count = 0;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/* Clients go in crowds: the timer waits for the rest of them. */
static void count_gone(struct gateway *gateway)
{
    gateway->gone_count++;
    if (gateway->gone_count >= GONE_UNTIL_TRIM && !gateway->is_stopping &&
        !uv_is_active((uv_handle_t *)&gateway->trim)) {
        uv_timer_start(&gateway->trim, on_trim, TRIM_MS, 0);
    }
}

/* ---- The end ----------------------------------------------------------- */

/* Called when a listener or a client is gone; the last of them ends the gateway. */
static void maybe_stopped(struct gateway *gateway)
{
    if (gateway->is_stopping && gateway->closing_handles == 0 && gateway->shared.first == NULL) {
        gateway->is_stopping = false; /* once */
        gateway->on_stopped(gateway->on_stopped_arg);
    }
}

/* After every client, also while the gateway is not stopping. */
static void on_client_gone(void *arg)
{
    count_gone(arg);
    maybe_stopped(arg);
}

/* A failure to accept is the client's matter: the listener goes on. */
static int64_t on_connection(void *arg, uv_stream_t *server)
{
    struct gateway *gateway = arg;
    return client_accept(&gateway->shared, server);
}

static void on_trim_closed(uv_handle_t *handle)
{
    struct gateway *gateway = handle->data;
    gateway->closing_handles--;
    maybe_stopped(gateway);
}

/* ---- Listening --------------------------------------------------------- */

/* Also for a listener that never opened: see listen_on(). */
static void on_listener_closed(void *arg)
{
    struct gateway *gateway = arg;
    gateway->closing_handles--;
    maybe_stopped(gateway);
}

/* A listener that cannot be opened is closed from the loop, like one that could. */
static dsql_status listen_on(struct gateway *gateway, struct listener *listener,
                             const char *address, int port, dsql_error *err)
{
    listener->on_connection = on_connection;
    listener->on_closed = on_listener_closed;
    listener->arg = gateway;
    listener->accepts_in_turn = 1 + gateway->shared.waiting[WAITING_SILENT].max / TURNS_TO_LOG_IN;
    dsql_status status = listener_open(listener, gateway->shared.loop, address, port, err);
    if (status != DSQL_OK && uv_is_closing((uv_handle_t *)&listener->tcp)) {
        gateway->closing_handles++;
    }
    return status;
}

/* ::1 uses the port that 127.0.0.1 got.  A machine without IPv6 has only 127.0.0.1. */
static dsql_status listen_all(struct gateway *gateway, dsql_error *err)
{
    const char *address = gateway->options.listen_address;
    const char *first = address == NULL ? "127.0.0.1" : address;
    dsql_status status =
        listen_on(gateway, &gateway->listeners[0], first, gateway->options.port, err);
    if (status != DSQL_OK) {
        return status;
    }
    gateway->port = listener_port(&gateway->listeners[0]);
    dsql_error ignored;
    if (address == NULL &&
        listen_on(gateway, &gateway->listeners[1], "::1", gateway->port, &ignored) != DSQL_OK) {
        log_write(&gateway->options.logger, DSQL_LOG_INFO, "listening on IPv4 only: %s",
                  ignored.message);
    }
    return DSQL_OK;
}

/*
 * The path of a Unix socket has at most 107 bytes on Linux.  Checked at the start, since later
 * each login would fail without an explanation.
 */
static dsql_status check_options(const struct gateway_options *options, dsql_error *err)
{
    struct sockaddr_un address;
    if (options->certificate_file == NULL || options->key_file == NULL ||
        options->endpoint == NULL || options->region == NULL || options->server_socket == NULL ||
        options->find_identity == NULL) {
        return fail(err, DSQL_ERR_USAGE,
                    "a gateway needs certificate, key, endpoint, region, "
                    "server socket and identities");
    }
    if (strlen(options->server_socket) >= sizeof address.sun_path) {
        return fail(err, DSQL_ERR_USAGE, "the path of the server socket is too long: %s",
                    options->server_socket);
    }
    return DSQL_OK;
}

/* shared points into the gateway, so the gateway must not be moved or copied. */
static struct gateway *gateway_new(uv_loop_t *loop, const struct gateway_options *options,
                                   dsql_error *err)
{
    struct gateway *gateway = mem_new(sizeof *gateway);
    if (gateway == NULL) {
        fail_nomem(err);
        return NULL;
    }
    gateway->options = *options;
    fill_in_limits(&gateway->options);
    fill_in_capacity(gateway);
    gateway->shared.options = &gateway->options;
    gateway->shared.loop = loop;
    gateway->shared.on_gone = on_client_gone;
    gateway->shared.arg = gateway;
    admission_init(&gateway->shared.admission, &gateway->options);
    return gateway;
}

/* A listener that failed to open must be closed by the loop before its memory is freed. */
static void abandon(struct gateway *gateway, uv_loop_t *loop)
{
    while (gateway->closing_handles > 0) {
        uv_run(loop, UV_RUN_ONCE);
    }
    gateway_free(gateway);
}

/*
 * On failure the loop is run until nothing of the gateway is left in it; the caller may then
 * close the loop.
 */
struct gateway *gateway_start(uv_loop_t *loop, const struct gateway_options *options,
                              dsql_error *err)
{
    if (check_options(options, err) != DSQL_OK) {
        return NULL;
    }
    struct gateway *gateway = gateway_new(loop, options, err);
    if (gateway == NULL) {
        return NULL;
    }
    gateway->shared.tls = tls_server_context(options->certificate_file, options->key_file, err);
    if (gateway->shared.tls == NULL || listen_all(gateway, err) != DSQL_OK) {
        abandon(gateway, loop);
        return NULL;
    }
    log_capacity(gateway, options->max_connections);
    uv_timer_init(loop, &gateway->trim);
    gateway->trim.data = gateway;
    return gateway;
}

/* The port of the first listener, as chosen by the system if the option was 0. */
int gateway_port(const struct gateway *gateway)
{
    return gateway->port;
}

/* Clients get a moment to receive their last error, so on_stopped() may come a second later. */
void gateway_stop(struct gateway *gateway, void (*on_stopped)(void *arg), void *arg)
{
    gateway->is_stopping = true;
    gateway->on_stopped = on_stopped;
    gateway->on_stopped_arg = arg;
    for (int i = 0; i < LISTENERS; i++) {
        gateway->closing_handles += gateway->listeners[i].is_open ? 1 : 0;
        listener_close(&gateway->listeners[i]);
    }
    gateway->closing_handles++;
    uv_close((uv_handle_t *)&gateway->trim, on_trim_closed);
    client_stop_all(&gateway->shared);
}

/* Only after on_stopped(), or if gateway_start() has failed. */
void gateway_free(struct gateway *gateway)
{
    if (gateway == NULL) {
        return;
    }
    SSL_CTX_free(gateway->shared.tls);
    mem_free(gateway);
}
