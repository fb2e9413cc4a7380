/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting and stopping.  Stopping takes several turns of the loop: the listeners are closed, then
 * the sessions end, then the clusters close what they still have, and the last of them calls
 * on_stopped().
 */
#include "proxy/proxy.h"

#include "base/error.h"
#include "base/memory.h"
#include "net/tls.h"
#include "proxy/client.h"
#include "proxy/client_relay.h"
#include "proxy/client_states.h"
#include "proxy/client_transaction.h"
#include "proxy/dropped_names.h"
#include "proxy/pools.h"
#include "session/acceptor.h"
#include "session/client_end.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PATH_MAX_LENGTH = 4096 };

/** One cluster, with the ways to it. */
struct offer {
    struct cluster cluster;
    bool has_cluster;
    struct place socket_place;
    struct place tcp_place;
    struct acceptor_entry socket;
    struct acceptor_entry tcp;
    int port;
};

struct proxy {
    struct proxy_options options; /* with the limits filled in */
    struct proxy_shared clients;
    struct dropped_names dropped;
    struct acceptor acceptor;
    struct offer *offers; /* one for each cluster of the options */
    uv_timer_t drain;
    int closing; /* clusters, and the timer */
    void (*on_stopped)(void *arg);
    void *on_stopped_arg;
};

/* ---- Options ----------------------------------------------------------- */

static int or_default(int value, int otherwise)
{
    return value == 0 ? otherwise : value;
}

/* On the proxy's own copy: the other files never see a 0. */
static void fill_in(struct proxy_options *options)
{
    options->max_clients = or_default(options->max_clients, PROXY_DEFAULT_MAX_CLIENTS);
    options->connects_per_s = or_default(options->connects_per_s, PROXY_DEFAULT_CONNECTS_PER_S);
    options->connect_burst = or_default(options->connect_burst, PROXY_DEFAULT_CONNECT_BURST);
    options->wait_ms = or_default(options->wait_ms, PROXY_DEFAULT_WAIT_MS);
    options->login_timeout_ms = or_default(options->login_timeout_ms, PROXY_DEFAULT_LOGIN_MS);
    options->lifetime_s = or_default(options->lifetime_s, PROXY_DEFAULT_LIFETIME_S);
    options->lifetime_grace_s =
        or_default(options->lifetime_grace_s, PROXY_DEFAULT_LIFETIME_GRACE_S);
    if (options->application_name == NULL) {
        options->application_name = "dsql-proxy";
    }
    if (options->clock == NULL) {
        options->clock = clock_system();
    }
}

/* 127.0.0.0/8 and ::1. */
static bool is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static dsql_status check_network(const struct proxy_options *options, dsql_error *err)
{
    if (options->listen_address == NULL || is_loopback(options->listen_address)) {
        return DSQL_OK;
    }
    if (options->authentication == PROXY_AUTH_TRUST) {
        return fail(err, DSQL_ERR_USAGE,
                    "clients from the network must prove a password: trust is for loopback "
                    "addresses only, and %s is not one",
                    options->listen_address);
    }
    if (options->certificate_file == NULL) {
        return fail(err, DSQL_ERR_USAGE,
                    "to listen on %s, which is not a loopback address, the proxy needs a "
                    "certificate and its key",
                    options->listen_address);
    }
    return DSQL_OK;
}

static dsql_status check_options(const struct proxy_options *options, dsql_error *err)
{
    if (options->cluster_count == 0) {
        return fail(err, DSQL_ERR_USAGE, "a proxy needs a cluster");
    }
    if (options->socket_directory == NULL && options->listen_address == NULL) {
        return fail(err, DSQL_ERR_USAGE, "a proxy needs a socket directory or an address");
    }
    if ((options->certificate_file == NULL) != (options->key_file == NULL)) {
        return fail(err, DSQL_ERR_USAGE, "a certificate needs its key, and a key its certificate");
    }
    if (options->listen_address != NULL && options->authentication == PROXY_AUTH_SCRAM &&
        options->find_verifier == NULL) {
        return fail(err, DSQL_ERR_USAGE, "clients on TCP need passwords");
    }
    return check_network(options, err);
}

/* ---- Ending ------------------------------------------------------------ */

static void on_one_closed(void *arg)
{
    struct proxy *proxy = arg;
    proxy->closing--;
    if (proxy->closing == 0) {
        proxy->on_stopped(proxy->on_stopped_arg);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_one_closed(handle->data);
}

static void close_clusters(struct proxy *proxy)
{
    proxy->closing = 1; /* the timer */
    for (size_t i = 0; i < proxy->options.cluster_count; i++) {
        proxy->closing += proxy->offers[i].has_cluster ? 1 : 0;
        proxy->closing += proxy->offers[i].cluster.pools != NULL ? 1 : 0;
    }
    uv_close((uv_handle_t *)&proxy->drain, on_timer_closed);
    for (size_t i = 0; i < proxy->options.cluster_count; i++) {
        if (proxy->offers[i].cluster.pools != NULL) {
            pools_close(proxy->offers[i].cluster.pools, on_one_closed, proxy);
        }
        if (proxy->offers[i].has_cluster) {
            cluster_close(&proxy->offers[i].cluster, on_one_closed, proxy);
        }
    }
}

/* All clients and listeners are gone. */
static void on_acceptor_stopped(void *arg)
{
    close_clusters(arg);
}

static void close_entries(struct proxy *proxy)
{
    for (size_t i = 0; i < proxy->options.cluster_count; i++) {
        acceptor_close_entry(&proxy->acceptor, &proxy->offers[i].socket);
        acceptor_close_entry(&proxy->acceptor, &proxy->offers[i].tcp);
    }
}

static void on_drained(uv_timer_t *timer)
{
    struct proxy *proxy = timer->data;
    session_stop_all(&proxy->acceptor.shared);
}

/* Those that have not come to a session have nothing to lose. */
static void end_when_idle(struct proxy *proxy)
{
    struct session_client *client = proxy->acceptor.shared.first;
    while (client != NULL) {
        struct session_client *next = client->next;
        if (client->state == SESSION_RELAY) {
            proxy_relay_end_when_idle(client);
        } else if (client->state == PROXY_TRANSACTION) {
            proxy_transaction_end_when_idle(client);
        } else {
            session_fail_with(client, "57P03", "the proxy is shutting down");
        }
        client = next;
    }
}

void proxy_stop(struct proxy *proxy, int64_t drain_ms, void (*on_stopped)(void *arg), void *arg)
{
    proxy->on_stopped = on_stopped;
    proxy->on_stopped_arg = arg;
    if (proxy->clients.is_draining) {
        session_stop_all(&proxy->acceptor.shared);
        return;
    }
    proxy->clients.is_draining = true;
    close_entries(proxy);
    acceptor_drain(&proxy->acceptor, on_acceptor_stopped, proxy);
    end_when_idle(proxy);
    uv_timer_start(&proxy->drain, on_drained, (uint64_t)drain_ms, 0);
}

void proxy_free(struct proxy *proxy)
{
    if (proxy == NULL) {
        return;
    }
    for (size_t i = 0; proxy->offers != NULL && i < proxy->options.cluster_count; i++) {
        if (proxy->offers[i].has_cluster) {
            pools_free(proxy->offers[i].cluster.pools);
            cluster_clear(&proxy->offers[i].cluster);
        }
    }
    SSL_CTX_free(proxy->acceptor.shared.tls);
    mem_free(proxy->offers);
    mem_free(proxy);
}

/* ---- Starting ---------------------------------------------------------- */

static dsql_status listen_on_socket(struct proxy *proxy, struct offer *offer, int port,
                                    dsql_error *err)
{
    struct buf path AUTO_BUF;
    buf_init(&path, PATH_MAX_LENGTH);
    buf_printf(&path, "%s/.s.PGSQL.%d", proxy->options.socket_directory, port);
    if (!buf_ok(&path)) {
        return fail_nomem(err);
    }
    offer->socket_place = (struct place){&offer->cluster, PLACE_SOCKET};
    offer->socket.place = &offer->socket_place;
    return acceptor_listen_unix(&proxy->acceptor, &offer->socket, path.data, err);
}

/* A negative port is any free one, for tests. */
static dsql_status listen_on_tcp(struct proxy *proxy, struct offer *offer, int port,
                                 dsql_error *err)
{
    const char *address = proxy->options.listen_address;
    offer->tcp_place =
        (struct place){&offer->cluster, is_loopback(address) ? PLACE_LOOPBACK : PLACE_NETWORK};
    offer->tcp.place = &offer->tcp_place;
    dsql_status status =
        acceptor_listen(&proxy->acceptor, &offer->tcp, address, port < 0 ? 0 : port, err);
    if (status == DSQL_OK) {
        offer->port = listener_port(&offer->tcp.listener);
    }
    return status;
}

static dsql_status open_offer(struct proxy *proxy, size_t index, dsql_error *err)
{
    struct offer *offer = &proxy->offers[index];
    const struct proxy_cluster_options *own = &proxy->options.clusters[index];
    int port = or_default(own->port, PROXY_DEFAULT_PORT);
    dsql_status status =
        cluster_init(&offer->cluster, proxy->acceptor.shared.loop, &proxy->options, own, err);
    if (status != DSQL_OK) {
        return status;
    }
    offer->has_cluster = true;
    if (proxy->options.pool_mode == PROXY_POOL_TRANSACTION || proxy->options.retries > 0) {
        offer->cluster.pools = pools_new(&offer->cluster, proxy->acceptor.shared.loop);
        status = offer->cluster.pools == NULL ? fail_nomem(err) : DSQL_OK;
    }
    if (status == DSQL_OK && proxy->options.listen_address != NULL) {
        status = listen_on_tcp(proxy, offer, port, err);
        port = port < 0 ? offer->port : port;
    }
    if (status == DSQL_OK && proxy->options.socket_directory != NULL) {
        status = listen_on_socket(proxy, offer, port, err);
    }
    return status;
}

static dsql_status open_all(struct proxy *proxy, dsql_error *err)
{
    const struct proxy_options *options = &proxy->options;
    if (options->certificate_file != NULL) {
        proxy->acceptor.shared.tls =
            tls_server_context(options->certificate_file, options->key_file, err);
        if (proxy->acceptor.shared.tls == NULL) {
            return err == NULL ? DSQL_ERR_USAGE : err->status;
        }
    }
    dsql_status status = DSQL_OK;
    for (size_t i = 0; i < options->cluster_count && status == DSQL_OK; i++) {
        status = open_offer(proxy, i, err);
    }
    return status;
}

static void init_acceptor(struct proxy *proxy, uv_loop_t *loop)
{
    struct capacity capacity = capacity_for(capacity_descriptors(), proxy->options.max_clients);
    proxy->options.max_clients = capacity.connections;
    proxy->clients.options = &proxy->options;
    proxy->clients.dropped = &proxy->dropped;
    proxy->acceptor.shared = (struct session_shared){
        .program = &proxy_program,
        .program_arg = &proxy->clients,
        .loop = loop,
        .clock = proxy->options.clock,
        .logger = &proxy->options.logger,
        .login_timeout_ms = proxy->options.login_timeout_ms,
    };
    acceptor_init(&proxy->acceptor, &capacity);
    uv_timer_init(loop, &proxy->drain); /* always 0 */
    proxy->drain.data = proxy;
}

/* The clients point into the proxy, so it must not be moved or copied. */
static struct proxy *proxy_new(uv_loop_t *loop, const struct proxy_options *options,
                               dsql_error *err)
{
    struct proxy *proxy = mem_new(sizeof *proxy);
    struct offer *offers = mem_new_array(options->cluster_count, sizeof *offers);
    if (proxy == NULL || offers == NULL) {
        mem_free(proxy);
        mem_free(offers);
        fail_nomem(err);
        return NULL;
    }
    proxy->options = *options;
    proxy->offers = offers;
    fill_in(&proxy->options);
    init_acceptor(proxy, loop);
    return proxy;
}

static void set_true(void *arg)
{
    *(bool *)arg = true;
}

/* What was opened must be closed by the loop before its memory is freed. */
static void abandon(struct proxy *proxy)
{
    bool is_closed = false;
    close_entries(proxy);
    acceptor_abandon(&proxy->acceptor);
    proxy->on_stopped = set_true;
    proxy->on_stopped_arg = &is_closed;
    close_clusters(proxy);
    while (!is_closed) {
        uv_run(proxy->acceptor.shared.loop, UV_RUN_ONCE);
    }
    proxy_free(proxy);
}

struct proxy *proxy_start(uv_loop_t *loop, const struct proxy_options *options, dsql_error *err)
{
    if (check_options(options, err) != DSQL_OK) {
        return NULL;
    }
    struct proxy *proxy = proxy_new(loop, options, err);
    if (proxy == NULL) {
        return NULL;
    }
    if (open_all(proxy, err) != DSQL_OK) {
        abandon(proxy);
        return NULL;
    }
    return proxy;
}

/* ---- Asking ------------------------------------------------------------ */

int proxy_port(const struct proxy *proxy, size_t cluster)
{
    return proxy->offers[cluster].port;
}

const struct proxy_counters *proxy_cluster_counters(const struct proxy *proxy, size_t cluster)
{
    return &proxy->offers[cluster].cluster.counters;
}

/* A cluster with a password needs no token. */
enum proxy_condition proxy_condition(const struct proxy *proxy)
{
    if (proxy->clients.is_draining) {
        return PROXY_DRAINING;
    }
    for (size_t i = 0; i < proxy->options.cluster_count; i++) {
        const struct cluster *cluster = &proxy->offers[i].cluster;
        if (cluster->own->password == NULL && cluster->counters.token_made_s == 0) {
            return PROXY_STARTING;
        }
    }
    return PROXY_READY;
}

/* Sessions that have begun TLS keep the old context: it is freed with the last of them. */
dsql_status proxy_reload(struct proxy *proxy, dsql_error *err)
{
    const struct proxy_options *options = &proxy->options;
    if (options->certificate_file == NULL) {
        return DSQL_OK;
    }
    SSL_CTX *context = tls_server_context(options->certificate_file, options->key_file, err);
    if (context == NULL) {
        return err == NULL ? DSQL_ERR_USAGE : err->status;
    }
    SSL_CTX_free(proxy->acceptor.shared.tls);
    proxy->acceptor.shared.tls = context;
    return DSQL_OK;
}
