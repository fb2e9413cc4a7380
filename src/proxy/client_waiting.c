/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The client hears nothing before the server connection is ready, or has failed for good.  An
 * error of the server is passed on in the server's words.
 */
#include "proxy/client_waiting.h"

#include "proxy/client_relay.h"
#include "proxy/client_transaction.h"
#include "proxy/pools.h"
#include "session/client_end.h"
#include "session/client_input.h"

/* What a client may send ahead before it is not read any more. */
enum { AHEAD_MAX = 32768 };

void proxy_waiting_leave(struct proxy_client *client)
{
    cluster_withdraw(&client->request);
    if (client->is_waiting) {
        client->is_waiting = false;
        client->cluster->counters.clients_waiting--;
    }
}

/* ---- The answer -------------------------------------------------------- */

static void on_server(void *arg, struct server *server)
{
    struct session_client *session = arg;
    struct proxy_client *client = proxy_client_of(session);
    int64_t now_ms = clock_monotonic_ms(session->shared->clock);
    proxy_waiting_leave(client);
    proxy_waits_add(&client->cluster->counters.waits, now_ms - client->waiting_since_ms);
    proxy_relay_begin(session, server);
}

static void on_failed(void *arg, const struct server_failure *failure)
{
    struct session_client *session = arg;
    proxy_waiting_leave(proxy_client_of(session));
    proxy_client_fail_connect(session, failure);
}

/* With a pool, which has its own deadline, it is that of a connection that is being set up. */
void proxy_waiting_timeout(struct session_client *session)
{
    if (proxy_client_of(session)->transaction != NULL) {
        proxy_transaction_timeout(session);
        return;
    }
    proxy_client_of(session)->cluster->counters.clients_timed_out++;
    proxy_client_fail_wait(session);
}

/* ---- Waiting ----------------------------------------------------------- */

void proxy_waiting_begin(struct session_client *session, struct buf *out)
{
    struct proxy_client *client = proxy_client_of(session);
    if (client->cluster->pools != NULL && client->dump == NULL) {
        proxy_transaction_begin(session, out);
        return;
    }
    session_set_state(session, PROXY_WAITING);
    client->is_waiting = true;
    client->waiting_since_ms = clock_monotonic_ms(session->shared->clock);
    client->cluster->counters.clients_waiting++;
    if (buf_ok(out)) {
        stream_write(session->stream, buf_text(out));
    }
    session_start_timer(session, proxy_client_options(session)->wait_ms);
    client->request.on_server = on_server;
    client->request.on_failed = on_failed;
    client->request.arg = session;
    client->request.startup = buf_text(&client->startup);
    cluster_request(client->cluster, &client->request);
    if (client->cluster->pools != NULL) {
        pools_make_room(client->cluster->pools);
    }
}

void proxy_waiting_data(struct session_client *session, struct text bytes)
{
    session_input_keep(session, bytes);
    if (session->state == PROXY_WAITING && session->in.len > AHEAD_MAX) {
        stream_pause(session->stream);
    }
}
