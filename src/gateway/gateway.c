/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Listening and stopping.  The life of a connection is in client_states.c and the files it names.
 */
#include "gateway/gateway.h"

#include "base/error.h"
#include "base/memory.h"
#include "gateway/client.h"
#include "gateway/client_states.h"
#include "net/tls.h"
#include "session/acceptor.h"

#include <string.h>
#include <sys/un.h>

/* It must stay in memory until listeners and clients have been closed: see acceptor.h. */
struct gateway {
    struct gateway_options options; /* with the limits filled in */
    struct gateway_shared clients;
    struct acceptor acceptor;
    struct acceptor_entry entries[GATEWAY_LISTENERS];
    int port;
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

/* ---- Listening --------------------------------------------------------- */

/* The IPv6 address uses the port that the other one got.  A machine may have no IPv6. */
static dsql_status listen_on_both(struct gateway *gateway, const char *address,
                                  const char *address_v6, dsql_error *err)
{
    struct acceptor *acceptor = &gateway->acceptor;
    dsql_status status =
        acceptor_listen(acceptor, &gateway->entries[0], address, gateway->options.port, err);
    if (status != DSQL_OK) {
        return status;
    }
    gateway->port = listener_port(&gateway->entries[0].listener);
    dsql_error ignored;
    if (address_v6 != NULL && acceptor_listen(acceptor, &gateway->entries[1], address_v6,
                                              gateway->port, &ignored) != DSQL_OK) {
        log_write(&gateway->options.logger, DSQL_LOG_INFO, "listening on IPv4 only: %s",
                  ignored.message);
    }
    return DSQL_OK;
}

static dsql_status adopt_all(struct gateway *gateway, dsql_error *err)
{
    const struct gateway_options *options = &gateway->options;
    dsql_status status = DSQL_OK;
    for (int i = 0; status == DSQL_OK && i < options->listen_fd_count; i++) {
        status =
            acceptor_adopt(&gateway->acceptor, &gateway->entries[i], options->listen_fds[i], err);
    }
    gateway->port = status == DSQL_OK ? listener_port(&gateway->entries[0].listener) : -1;
    return status;
}

static dsql_status listen_all(struct gateway *gateway, dsql_error *err)
{
    const char *address = gateway->options.listen_address;
    if (gateway->options.listen_fd_count > 0) {
        return adopt_all(gateway, err);
    }
    if (address == NULL) {
        return listen_on_both(gateway, "127.0.0.1", "::1", err);
    }
    return strcmp(address, GATEWAY_EVERY_ADDRESS) == 0
               ? listen_on_both(gateway, "0.0.0.0", "::", err)
               : listen_on_both(gateway, address, NULL, err);
}

static void close_listeners(struct gateway *gateway)
{
    for (int i = 0; i < GATEWAY_LISTENERS; i++) {
        acceptor_close_entry(&gateway->acceptor, &gateway->entries[i]);
    }
}

/*
 * The path of a Unix socket has at most 107 bytes on Linux.  Checked at the start, since later
 * each login would fail without an explanation.
 */
static dsql_status check_options(const struct gateway_options *options, dsql_error *err)
{
    struct sockaddr_un address;
    if (options->listen_fd_count > GATEWAY_LISTENERS) {
        return fail(err, DSQL_ERR_USAGE, "a gateway listens on at most %d sockets, not on %d",
                    GATEWAY_LISTENERS, options->listen_fd_count);
    }
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

/*
 * The clients point into the gateway, so it must not be moved or copied.  What the descriptors
 * allow replaces the maximum of connections, so a client is told.
 */
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
    struct capacity capacity =
        capacity_for(gateway->options.max_descriptors, gateway->options.max_connections, -1);
    gateway->options.max_connections = capacity.connections;
    gateway->clients.options = &gateway->options;
    admission_init(&gateway->clients.admission, &gateway->options);
    gateway->acceptor.shared = (struct session_shared){
        .program = &gateway_program,
        .program_arg = &gateway->clients,
        .loop = loop,
        .clock = gateway->options.clock,
        .logger = &gateway->options.logger,
        .login_timeout_ms = gateway->options.login_timeout_ms,
    };
    acceptor_init(&gateway->acceptor, &capacity);
    return gateway;
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
    SSL_CTX *tls = tls_server_context(options->certificate_file, options->key_file, err);
    gateway->acceptor.shared.tls = tls;
    if (tls == NULL || listen_all(gateway, err) != DSQL_OK) {
        close_listeners(gateway); /* of several, the first may be open */
        acceptor_abandon(&gateway->acceptor);
        gateway_free(gateway);
        return NULL;
    }
    log_capacity(gateway, options->max_connections);
    return gateway;
}

/* The port of the first listener, as chosen by the system if the option was 0. */
int gateway_port(const struct gateway *gateway)
{
    return gateway->port;
}

void gateway_stop(struct gateway *gateway, void (*on_stopped)(void *arg), void *arg)
{
    close_listeners(gateway);
    acceptor_stop(&gateway->acceptor, on_stopped, arg);
}

/* Only after on_stopped(), or if gateway_start() has failed. */
void gateway_free(struct gateway *gateway)
{
    if (gateway == NULL) {
        return;
    }
    SSL_CTX_free(gateway->acceptor.shared.tls);
    mem_free(gateway);
}
