/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/listening_port.h"

#include "base/error.h"

#include <arpa/inet.h>

enum { PATH_MAX_LENGTH = 4096 };

bool listening_address_is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* NULL: there are too many. */
static struct acceptor_entry *add_entry(struct listening_port *port, enum place_kind kind,
                                        dsql_error *err)
{
    if (port->count == LISTENING_SOCKETS_MAX) {
        fail(err, DSQL_ERR_USAGE, "a port of the proxy has at most %d sockets",
             LISTENING_SOCKETS_MAX);
        return NULL;
    }
    struct place *place = &port->places[port->count];
    struct acceptor_entry *entry = &port->entries[port->count];
    port->count++;
    place->kind = kind;
    entry->place = place;
    return entry;
}

/* ---- Sockets of a service manager -------------------------------------- */

static dsql_status adopt(struct listening_port *port, struct acceptor *acceptor,
                         struct proxy_socket *it, dsql_error *err)
{
    enum place_kind kind = it->is_unix       ? PLACE_SOCKET
                           : it->is_loopback ? PLACE_LOOPBACK
                                             : PLACE_NETWORK;
    struct acceptor_entry *entry = add_entry(port, kind, err);
    if (entry == NULL) {
        return DSQL_ERR_USAGE;
    }
    int fd = it->fd;
    it->fd = -1;
    port->number = it->port;
    port->has_tcp = port->has_tcp || !it->is_unix;
    return acceptor_adopt(acceptor, entry, fd, err);
}

/* *found: whether there were any of this kind. */
static dsql_status adopt_all(struct listening_port *port, struct acceptor *acceptor,
                             struct proxy_socket *sockets, size_t count, int number, bool is_unix,
                             bool *found, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    *found = false;
    for (size_t i = 0; i < count && status == DSQL_OK; i++) {
        struct proxy_socket *it = &sockets[i];
        if (it->fd >= 0 && it->port == number && it->is_unix == is_unix) {
            *found = true;
            status = adopt(port, acceptor, it, err);
        }
    }
    return status;
}

/* ---- Sockets of its own ------------------------------------------------ */

static dsql_status listen_on_socket(struct listening_port *port, struct acceptor *acceptor,
                                    const char *directory, dsql_error *err)
{
    struct buf path AUTO_BUF;
    buf_init(&path, PATH_MAX_LENGTH);
    buf_printf(&path, "%s/.s.PGSQL.%d", directory, port->number);
    if (!buf_ok(&path)) {
        return fail_nomem(err);
    }
    struct acceptor_entry *entry = add_entry(port, PLACE_SOCKET, err);
    return entry == NULL ? DSQL_ERR_USAGE : acceptor_listen_unix(acceptor, entry, path.data, err);
}

static dsql_status listen_on_tcp(struct listening_port *port, struct acceptor *acceptor,
                                 const char *address, dsql_error *err)
{
    struct acceptor_entry *entry = add_entry(
        port, listening_address_is_loopback(address) ? PLACE_LOOPBACK : PLACE_NETWORK, err);
    if (entry == NULL) {
        return DSQL_ERR_USAGE;
    }
    dsql_status status =
        acceptor_listen(acceptor, entry, address, port->number < 0 ? 0 : port->number, err);
    if (status != DSQL_OK) {
        return fail(err, status, "%s. Choose another port with 'HOST?port=N'; 0 is any free one",
                    err->message);
    }
    port->number = listener_port(&entry->listener);
    port->has_tcp = true;
    return DSQL_OK;
}

dsql_status listening_port_open(struct listening_port *port, struct acceptor *acceptor,
                                const struct proxy_options *options, struct proxy_socket *sockets,
                                int number, dsql_error *err)
{
    bool has_tcp = false;
    bool has_unix = false;
    port->number = number;
    dsql_status status =
        adopt_all(port, acceptor, sockets, options->socket_count, number, false, &has_tcp, err);
    if (status == DSQL_OK) {
        status =
            adopt_all(port, acceptor, sockets, options->socket_count, number, true, &has_unix, err);
    }
    if (status == DSQL_OK && !has_tcp && options->listen_address != NULL) {
        status = listen_on_tcp(port, acceptor, options->listen_address, err);
    }
    if (status == DSQL_OK && !has_unix && options->socket_directory != NULL) {
        status = listen_on_socket(port, acceptor, options->socket_directory, err);
    }
    return status;
}

/* ---- Later ------------------------------------------------------------- */

void listening_port_lead_to(struct listening_port *port, struct offer *offer)
{
    port->offer = offer;
    for (size_t i = 0; i < port->count; i++) {
        port->places[i].cluster = offer == NULL ? NULL : &offer->cluster;
    }
}

void listening_port_close(struct listening_port *port, struct acceptor *acceptor)
{
    listening_port_lead_to(port, NULL);
    for (size_t i = 0; i < port->count; i++) {
        acceptor_close_entry(acceptor, &port->entries[i]);
    }
}
