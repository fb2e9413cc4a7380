/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening and stopping.  The life of a connection is in client.c and the files it names.
 * Stopping takes several turns of the loop: first listeners and clients are closed, then each
 * reports that it is gone, and the last one calls on_stopped().
 */
#include "gateway/gateway.h"

#include "base/error.h"
#include "base/memory.h"
#include "gateway/client.h"
#include "net/listener.h"
#include "net/tls.h"

#include <string.h>
#include <sys/un.h>

enum { LISTENERS = 2 };

/* It must stay in memory until listeners and clients have been closed: see maybe_stopped(). */
struct gateway {
    struct gateway_options options; /* with the limits filled in */
    struct client_shared shared;
    struct listener listeners[LISTENERS];
    int closing_listeners;
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
    if (options->clock == NULL) {
        options->clock = clock_system();
    }
}

/* Called when a listener or a client is gone; the last of them ends the gateway. */
static void maybe_stopped(struct gateway *gateway)
{
    if (gateway->is_stopping && gateway->closing_listeners == 0 && gateway->shared.first == NULL) {
        gateway->is_stopping = false; /* once */
        gateway->on_stopped(gateway->on_stopped_arg);
    }
}

/* After every client, also while the gateway is not stopping. */
static void on_client_gone(void *arg)
{
    maybe_stopped(arg);
}

/* A failure to accept is the client's matter: the listener goes on. */
static void on_connection(void *arg, uv_stream_t *server)
{
    struct gateway *gateway = arg;
    client_accept(&gateway->shared, server);
}

/* Also for a listener that never opened: see listen_on(). */
static void on_listener_closed(void *arg)
{
    struct gateway *gateway = arg;
    gateway->closing_listeners--;
    maybe_stopped(gateway);
}

/* A listener that cannot be opened is closed from the loop, like one that could. */
static dsql_status listen_on(struct gateway *gateway, struct listener *listener,
                             const char *address, int port, dsql_error *err)
{
    listener->on_connection = on_connection;
    listener->on_closed = on_listener_closed;
    listener->arg = gateway;
    dsql_status status = listener_open(listener, gateway->shared.loop, address, port, err);
    if (status != DSQL_OK && uv_is_closing((uv_handle_t *)&listener->tcp)) {
        gateway->closing_listeners++;
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
    while (gateway->closing_listeners > 0) {
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
        gateway->closing_listeners += gateway->listeners[i].is_open ? 1 : 0;
        listener_close(&gateway->listeners[i]);
    }
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
