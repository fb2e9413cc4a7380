/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Each attempt has a stream of its own.  The one before is closed by the loop later, so the events
 * of a stream are ignored when it is not the present one: stream_close() ends them at once.
 */
#include "proxy/link.h"

#include "net/tls_client.h"
#include "session/negotiation.h"
#include "wire/startup.h"

#include <stdio.h>
#include <string.h>

static void connect_to(struct link *link, const struct sockaddr *address);

/* ---- Closing ----------------------------------------------------------- */

static void maybe_closed(struct link *link)
{
    if (link->state == LINK_CLOSING && link->open_handles == 0) {
        link->on_closed(link->arg);
    }
}

static void on_stream_closed(void *arg)
{
    struct link *link = arg;
    link->open_handles--;
    maybe_closed(link);
}

static void drop_stream(struct link *link)
{
    if (link->stream != NULL) {
        stream_close(link->stream, on_stream_closed);
        link->stream = NULL;
    }
}

static void free_addresses(struct link *link)
{
    uv_freeaddrinfo(link->addresses);
    link->addresses = NULL;
    link->next = NULL;
}

void link_close(struct link *link, void (*on_closed)(void *arg))
{
    if (link->state == LINK_RESOLVING) {
        uv_cancel((uv_req_t *)&link->resolve); /* it may be too late; on_resolved() comes anyway */
    }
    link->state = LINK_CLOSING;
    link->on_closed = on_closed;
    drop_stream(link);
    free_addresses(link);
    maybe_closed(link);
}

/* ---- Failing ----------------------------------------------------------- */

static void give_up(struct link *link, enum proxy_refusal refusal, const char *what,
                    const char *reason)
{
    link->state = LINK_FAILED;
    link->refusal = refusal;
    snprintf(link->problem, sizeof link->problem, "%s: %s", what, reason);
    drop_stream(link);
    link->events->on_failed(link->arg);
}

/* The next address, if there is one; otherwise the failure of this one counts. */
static void try_next(struct link *link, const char *what, const char *reason)
{
    const struct addrinfo *next = link->next;
    if (next == NULL) {
        give_up(link, PROXY_REFUSAL_UNREACHABLE, what, reason);
        return;
    }
    drop_stream(link);
    link->next = next->ai_next;
    connect_to(link, next->ai_addr);
}

/* ---- TLS --------------------------------------------------------------- */

static void encrypt(struct link *link)
{
    link->state = LINK_ENCRYPTING;
    if (!stream_start_tls_client(link->stream, link->target->tls, link->target->host)) {
        give_up(link, PROXY_REFUSAL_OTHER, "could not begin TLS", "out of memory");
    }
}

/*
 * Without a reason of TLS, the server has just closed the connection.  The same address is tried
 * again with a request, once.  Links that began at the same time find that out on their own, so
 * what this one has done counts, not what the target knows by now.
 */
static void end_encrypting(struct link *link)
{
    const char *certificate = tls_client_certificate_error(stream_ssl(link->stream));
    const char *failure = stream_tls_failure(link->stream);
    if (certificate != NULL) {
        give_up(link, PROXY_REFUSAL_TLS, "the certificate of the server is not valid", certificate);
    } else if (failure != NULL) {
        give_up(link, PROXY_REFUSAL_TLS, "TLS failed", failure);
    } else if (!link->has_asked) {
        link->target->is_asked = true;
        drop_stream(link);
        connect_to(link, &link->connected.any);
    } else {
        give_up(link, PROXY_REFUSAL_UNREACHABLE, "the server closed the connection",
                "it did not answer during the TLS handshake");
    }
}

/* One byte; more would have been sent before TLS, by someone on the way (CVE-2021-23222). */
static void read_answer(struct link *link, struct text bytes)
{
    if (text_equal_string(bytes, NEGOTIATION_ACCEPT)) {
        encrypt(link);
    } else {
        give_up(link, PROXY_REFUSAL_TLS, "the server does not support TLS",
                "it declined the request for it");
    }
}

static void ask(struct link *link)
{
    struct buf request AUTO_BUF;
    buf_init(&request, STARTUP_MAX_SIZE);
    startup_write_ssl_request(&request);
    link->state = LINK_ASKING;
    link->has_asked = true;
    stream_write(link->stream, buf_text(&request));
}

/* ---- Events of the stream ---------------------------------------------- */

static void on_open(void *arg, bool is_open)
{
    struct link *link = arg;
    if (!is_open) {
        try_next(link, "could not connect to the server", "connection refused or timed out");
    } else if (link->target->is_asked) {
        ask(link);
    } else {
        encrypt(link);
    }
}

static void on_data(void *arg, struct text bytes)
{
    struct link *link = arg;
    if (link->state == LINK_ASKING) {
        read_answer(link, bytes);
    } else if (link->state == LINK_OPEN) {
        link->events->on_data(link->arg, bytes);
    }
}

static void on_end(void *arg)
{
    struct link *link = arg;
    switch (link->state) {
    case LINK_OPEN:
        link->events->on_end(link->arg);
        break;
    case LINK_ENCRYPTING:
        end_encrypting(link);
        break;
    default:
        give_up(link, PROXY_REFUSAL_UNREACHABLE, "the server closed the connection",
                "it did not answer the request for TLS");
        break;
    }
}

static void on_drain(void *arg)
{
    struct link *link = arg;
    if (link->state == LINK_OPEN) {
        link->events->on_drain(link->arg);
    }
}

static void on_tls(void *arg)
{
    struct link *link = arg;
    link->state = LINK_OPEN;
    link->events->on_open(link->arg);
}

static const struct stream_events stream_events = {on_open, on_data, on_end, on_drain, on_tls};

/* ---- Connecting -------------------------------------------------------- */

static void set_connected(struct link *link, const struct sockaddr *address)
{
    size_t size =
        address->sa_family == AF_INET6 ? sizeof link->connected.v6 : sizeof link->connected.v4;
    memmove(&link->connected, address, size);
}

static void connect_to(struct link *link, const struct sockaddr *address)
{
    set_connected(link, address);
    link->state = LINK_CONNECTING;
    link->stream = stream_connect_tcp(link->loop, &link->connected.any, &stream_events, link);
    if (link->stream == NULL) {
        try_next(link, "could not connect to the server", "no connection could begin");
        return;
    }
    link->open_handles++;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
    struct link *link = request->data;
    link->open_handles--;
    link->addresses = addresses;
    if (link->state == LINK_CLOSING) {
        free_addresses(link);
        maybe_closed(link);
        return;
    }
    if (status != 0 || addresses == NULL) {
        give_up(link, PROXY_REFUSAL_UNREACHABLE, "could not resolve the name of the server",
                status == 0 ? "it has no address" : uv_strerror(status));
        return;
    }
    link->next = addresses->ai_next;
    connect_to(link, addresses->ai_addr);
}

static void init(struct link *link, uv_loop_t *loop, struct link_target *target,
                 const struct link_events *events, void *arg)
{
    *link = (struct link){.loop = loop, .target = target, .events = events, .arg = arg};
}

bool link_open(struct link *link, uv_loop_t *loop, struct link_target *target,
               const struct link_events *events, void *arg)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    init(link, loop, target, events, arg);
    link->resolve.data = link;
    if (uv_getaddrinfo(loop, &link->resolve, on_resolved, target->address, target->port, &hints) !=
        0) {
        return false;
    }
    link->open_handles++;
    return true;
}

bool link_open_again(struct link *link, const struct link *other, const struct link_events *events,
                     void *arg)
{
    init(link, other->loop, other->target, events, arg);
    link->connected = other->connected;
    link->state = LINK_CONNECTING;
    link->stream = stream_connect_tcp(link->loop, &link->connected.any, &stream_events, link);
    link->open_handles = link->stream == NULL ? 0 : 1;
    return link->stream != NULL;
}
