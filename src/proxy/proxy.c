/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, reloading and stopping.  Stopping takes several turns of the loop: the listeners are
 * closed, then the sessions end, then the clusters close what they still have, and the last of them
 * calls on_stopped().
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
#include "proxy/listening_port.h"
#include "proxy/offer.h"
#include "session/acceptor.h"
#include "session/client_end.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

struct proxy {
    struct proxy_options options; /* with the limits filled in; its clusters are not used later */
    struct proxy_shared clients;
    struct dropped_names dropped;
    struct acceptor acceptor;
    struct proxy_socket *sockets;    /* a copy; their descriptors that nobody uses yet */
    struct listening_port *ports;    /* all that have ever been open */
    struct listening_port **offered; /* those that are, in the order of the options */
    size_t offered_count;
    int max_servers;      /* of all clusters together, by the file descriptors */
    struct offer *offers; /* all that are not closed */
    uv_timer_t drain;
    bool is_timer_closed;
    bool was_ready;
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

/* The first address that is not loopback; NULL: none. */
static const char *network_address(const struct proxy_options *options)
{
    const char *address = options->listen_address;
    for (size_t i = 0; i < options->socket_count; i++) {
        if (!options->sockets[i].is_unix && !options->sockets[i].is_loopback) {
            return "a socket of the service manager";
        }
    }
    return address == NULL || listening_address_is_loopback(address) ? NULL : address;
}

static dsql_status check_network(const struct proxy_options *options, dsql_error *err)
{
    const char *address = network_address(options);
    if (address == NULL) {
        return DSQL_OK;
    }
    if (options->authentication == PROXY_AUTH_TRUST) {
        return fail(err, DSQL_ERR_USAGE,
                    "clients from the network must prove a password: trust is for loopback "
                    "addresses only, and %s is not one",
                    address);
    }
    if (options->certificate_file == NULL) {
        return fail(err, DSQL_ERR_USAGE,
                    "to listen on %s, which is not a loopback address, the proxy needs a "
                    "certificate and its key",
                    address);
    }
    return DSQL_OK;
}

static dsql_status check_options(const struct proxy_options *options, dsql_error *err)
{
    if (options->cluster_count == 0) {
        return fail(err, DSQL_ERR_USAGE, "a proxy needs a cluster");
    }
    if (options->socket_directory == NULL && options->listen_address == NULL &&
        options->socket_count == 0) {
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

static void maybe_stopped(struct proxy *proxy)
{
    if (proxy->is_timer_closed && proxy->offers == NULL) {
        proxy->on_stopped(proxy->on_stopped_arg);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct proxy *proxy = handle->data;
    proxy->is_timer_closed = true;
    maybe_stopped(proxy);
}

static void on_offer_closed(void *arg, struct offer *offer)
{
    struct proxy *proxy = arg;
    *(offer->previous != NULL ? &offer->previous->next : &proxy->offers) = offer->next;
    if (offer->next != NULL) {
        offer->next->previous = offer->previous;
    }
    offer_free(offer);
    maybe_stopped(proxy);
}

/* Those that were withdrawn and have lost their last client are closing already. */
static void close_offers(struct proxy *proxy)
{
    uv_close((uv_handle_t *)&proxy->drain, on_timer_closed);
    for (struct offer *offer = proxy->offers; offer != NULL; offer = offer->next) {
        offer_close(offer, on_offer_closed, proxy);
    }
}

/* All clients and listeners are gone. */
static void on_acceptor_stopped(void *arg)
{
    close_offers(arg);
}

static void close_ports(struct proxy *proxy)
{
    for (struct listening_port *port = proxy->ports; port != NULL; port = port->next) {
        listening_port_close(port, &proxy->acceptor);
    }
}

static void on_drained(uv_timer_t *timer)
{
    struct proxy *proxy = timer->data;
    session_stop_all(&proxy->acceptor.shared);
}

/* Those that have not come to a session have nothing to lose.  offer NULL: of all. */
static void end_when_idle(struct proxy *proxy, const struct offer *offer, const char *why)
{
    struct session_client *client = proxy->acceptor.shared.first;
    while (client != NULL) {
        struct session_client *next = client->next;
        if (offer != NULL && proxy_client_of(client)->cluster != &offer->cluster) {
            client = next;
            continue;
        }
        if (client->state == SESSION_RELAY) {
            proxy_relay_end_when_idle(client);
        } else if (client->state == PROXY_TRANSACTION) {
            proxy_transaction_end_when_idle(client);
        } else {
            session_fail_with(client, "57P03", why);
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
    close_ports(proxy);
    acceptor_drain(&proxy->acceptor, on_acceptor_stopped, proxy);
    end_when_idle(proxy, NULL, "the proxy is shutting down");
    uv_timer_start(&proxy->drain, on_drained, (uint64_t)drain_ms, 0);
}

void proxy_free(struct proxy *proxy)
{
    if (proxy == NULL) {
        return;
    }
    while (proxy->ports != NULL) {
        struct listening_port *port = proxy->ports;
        proxy->ports = port->next;
        mem_free(port);
    }
    for (size_t i = 0; i < proxy->options.socket_count; i++) {
        if (proxy->sockets[i].fd >= 0) {
            close(proxy->sockets[i].fd);
        }
    }
    SSL_CTX_free(proxy->acceptor.shared.tls);
    mem_free(proxy->sockets);
    mem_free(proxy->offered);
    mem_free(proxy);
}

/* ---- What is offered --------------------------------------------------- */

/* One cluster of new options. */
struct planned {
    struct listening_port *port;
    struct offer *offer; /* new, if it is not that of the port */
};

static bool is_planned(const struct planned *plan, size_t count, const struct listening_port *port)
{
    for (size_t i = 0; i < count; i++) {
        if (plan[i].port == port) {
            return true;
        }
    }
    return false;
}

/* The port that is open already; one that the system has chosen is that of the same cluster. */
static struct listening_port *find_port(const struct proxy *proxy, const struct planned *plan,
                                        size_t count, const struct proxy_cluster_options *own)
{
    for (size_t i = 0; i < proxy->offered_count; i++) {
        struct listening_port *port = proxy->offered[i];
        bool is_it = own->port < 0 ? offer_has_options(port->offer, own)
                                   : port->number == or_default(own->port, PROXY_DEFAULT_PORT);
        if (is_it && !is_planned(plan, count, port)) {
            return port;
        }
    }
    return NULL;
}

static dsql_status open_port(struct proxy *proxy, const struct proxy_cluster_options *own,
                             struct listening_port **out, dsql_error *err)
{
    struct listening_port *port = mem_new(sizeof *port);
    if (port == NULL) {
        return fail_nomem(err);
    }
    port->next = proxy->ports;
    proxy->ports = port;
    *out = port;
    return listening_port_open(port, &proxy->acceptor, &proxy->options, proxy->sockets,
                               or_default(own->port, PROXY_DEFAULT_PORT), err);
}

static dsql_status plan_one(struct proxy *proxy, const struct proxy_cluster_options *own,
                            struct planned *plan, size_t i, dsql_error *err)
{
    struct planned *it = &plan[i];
    it->port = find_port(proxy, plan, i, own);
    if (it->port != NULL && offer_has_options(it->port->offer, own)) {
        it->offer = it->port->offer;
        return DSQL_OK;
    }
    struct offer *offer = offer_new(proxy->acceptor.shared.loop, &proxy->options, own, err);
    if (offer == NULL) {
        return err == NULL ? DSQL_ERR_USAGE : err->status;
    }
    offer->next = proxy->offers;
    if (proxy->offers != NULL) {
        proxy->offers->previous = offer;
    }
    proxy->offers = offer;
    it->offer = offer;
    return it->port != NULL ? DSQL_OK : open_port(proxy, own, &it->port, err);
}

/* What was not there before is closed again. */
static void undo(struct proxy *proxy, const struct planned *plan, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_new_offer =
            plan[i].offer != NULL && (plan[i].port == NULL || plan[i].offer != plan[i].port->offer);
        if (plan[i].port != NULL && plan[i].port->offer == NULL) {
            listening_port_close(plan[i].port, &proxy->acceptor);
        }
        if (is_new_offer) {
            offer_close(plan[i].offer, on_offer_closed, proxy);
        }
    }
}

static void on_offer_drained(void *arg, struct offer *offer)
{
    struct proxy *proxy = arg;
    struct session_client *client = proxy->acceptor.shared.first;
    while (client != NULL) {
        struct session_client *next = client->next;
        if (proxy_client_of(client)->cluster == &offer->cluster) {
            session_fail_with(client, "57P01",
                              "terminating connection due to administrator command");
        }
        client = next;
    }
}

static void withdraw(struct proxy *proxy, struct offer *offer, int64_t drain_ms)
{
    offer_withdraw(offer, drain_ms, on_offer_drained, on_offer_closed, proxy);
    end_when_idle(proxy, offer, "the proxy does not offer this cluster any more");
}

static void close_unplanned(struct proxy *proxy, const struct planned *plan, size_t count,
                            int64_t drain_ms, struct proxy_changes *changes)
{
    for (size_t i = 0; i < proxy->offered_count; i++) {
        struct listening_port *port = proxy->offered[i];
        if (!is_planned(plan, count, port)) {
            struct offer *offer = port->offer;
            listening_port_close(port, &proxy->acceptor);
            withdraw(proxy, offer, drain_ms);
            changes->removed++;
        }
    }
}

static void lead_to(struct proxy *proxy, const struct planned *it, int64_t drain_ms,
                    struct proxy_changes *changes)
{
    struct offer *earlier = it->port->offer;
    if (earlier == it->offer) {
        return;
    }
    listening_port_lead_to(it->port, it->offer);
    if (earlier == NULL) {
        changes->added++;
    } else {
        withdraw(proxy, earlier, drain_ms);
        changes->changed++;
    }
}

static void carry_out(struct proxy *proxy, const struct planned *plan, size_t count,
                      struct listening_port **offered, int64_t drain_ms,
                      struct proxy_changes *changes)
{
    close_unplanned(proxy, plan, count, drain_ms, changes);
    for (size_t i = 0; i < count; i++) {
        lead_to(proxy, &plan[i], drain_ms, changes);
        offered[i] = plan[i].port;
        cluster_limit_servers(&plan[i].offer->cluster, proxy->max_servers / (int)count);
    }
    mem_free(proxy->offered);
    proxy->offered = offered;
    proxy->offered_count = count;
}

dsql_status proxy_offer(struct proxy *proxy, const struct proxy_cluster_options *clusters,
                        size_t count, int64_t drain_ms, struct proxy_changes *changes,
                        dsql_error *err)
{
    struct planned *plan = mem_new_array(count, sizeof *plan);
    struct listening_port **offered = mem_new_array(count, sizeof *offered);
    dsql_status status = plan == NULL || offered == NULL ? fail_nomem(err) : DSQL_OK;
    *changes = (struct proxy_changes){0};
    for (size_t i = 0; i < count && status == DSQL_OK; i++) {
        status = plan_one(proxy, &clusters[i], plan, i, err);
    }
    if (status == DSQL_OK) {
        carry_out(proxy, plan, count, offered, drain_ms, changes);
    } else {
        if (plan != NULL) {
            undo(proxy, plan, count);
        }
        mem_free(offered);
    }
    mem_free(plan);
    return status;
}

/* ---- Starting ---------------------------------------------------------- */

/* A socket that no cluster has would accept connections that nobody reads. */
static dsql_status check_sockets(const struct proxy *proxy, dsql_error *err)
{
    for (size_t i = 0; i < proxy->options.socket_count; i++) {
        if (proxy->sockets[i].fd >= 0) {
            return fail(err, DSQL_ERR_USAGE,
                        "the service manager has passed a socket of port %d, which no cluster has",
                        proxy->sockets[i].port);
        }
    }
    return DSQL_OK;
}

static dsql_status open_all(struct proxy *proxy, dsql_error *err)
{
    const struct proxy_options *options = &proxy->options;
    struct proxy_changes changes;
    if (options->certificate_file != NULL) {
        proxy->acceptor.shared.tls =
            tls_server_context(options->certificate_file, options->key_file, err);
        if (proxy->acceptor.shared.tls == NULL) {
            return err == NULL ? DSQL_ERR_USAGE : err->status;
        }
    }
    dsql_status status =
        proxy_offer(proxy, options->clusters, options->cluster_count, 0, &changes, err);
    return status == DSQL_OK ? check_sockets(proxy, err) : status;
}

/* No descriptor is kept for a connection that the options do not allow. */
static int wanted_servers(const struct proxy_options *options)
{
    int64_t count = 0;
    for (size_t i = 0; i < options->cluster_count; i++) {
        count += or_default(options->clusters[i].max_servers, PROXY_DEFAULT_MAX_SERVERS);
    }
    return count < INT_MAX ? (int)count : INT_MAX;
}

static void init_acceptor(struct proxy *proxy, uv_loop_t *loop)
{
    struct capacity capacity = capacity_for(capacity_descriptors(), proxy->options.max_clients,
                                            wanted_servers(&proxy->options));
    proxy->options.max_clients = capacity.connections;
    proxy->max_servers = capacity.servers;
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

static bool copy_sockets(struct proxy *proxy)
{
    size_t count = proxy->options.socket_count;
    if (count == 0) {
        return true;
    }
    proxy->sockets = mem_new_array(count, sizeof *proxy->sockets);
    if (proxy->sockets != NULL) {
        memcpy(proxy->sockets, proxy->options.sockets, count * sizeof *proxy->sockets);
    }
    return proxy->sockets != NULL;
}

/* The clients point into the proxy, so it must not be moved or copied. */
static struct proxy *proxy_new(uv_loop_t *loop, const struct proxy_options *options,
                               dsql_error *err)
{
    struct proxy *proxy = mem_new(sizeof *proxy);
    if (proxy == NULL) {
        fail_nomem(err);
        return NULL;
    }
    proxy->options = *options;
    if (!copy_sockets(proxy)) {
        mem_free(proxy);
        fail_nomem(err);
        return NULL;
    }
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
    close_ports(proxy);
    acceptor_abandon(&proxy->acceptor);
    proxy->on_stopped = set_true;
    proxy->on_stopped_arg = &is_closed;
    close_offers(proxy);
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
    const struct listening_port *port = proxy->offered[cluster];
    return port->has_tcp ? port->number : 0;
}

const struct proxy_counters *proxy_cluster_counters(const struct proxy *proxy, size_t cluster)
{
    return &proxy->offered[cluster]->offer->cluster.counters;
}

/* A cluster with a password needs no token. */
static bool has_all_tokens(const struct proxy *proxy)
{
    for (size_t i = 0; i < proxy->offered_count; i++) {
        const struct cluster *cluster = &proxy->offered[i]->offer->cluster;
        if (cluster->own->password == NULL && cluster->counters.token_made_s == 0) {
            return false;
        }
    }
    return true;
}

/* A cluster that comes later does not make a proxy unready that serves others. */
enum proxy_condition proxy_condition(struct proxy *proxy)
{
    if (proxy->clients.is_draining) {
        return PROXY_DRAINING;
    }
    proxy->was_ready = proxy->was_ready || has_all_tokens(proxy);
    return proxy->was_ready ? PROXY_READY : PROXY_STARTING;
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
