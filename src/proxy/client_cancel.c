/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The key is the proof, as for PostgreSQL.  The connection ends when the server has read the
 * request: libpq waits for that, so that the request does not hit the next query.
 */
#include "proxy/client_cancel.h"

#include "proxy/client_loan.h"
#include "proxy/client_transaction.h"
#include "proxy/pool.h"
#include "session/client_end.h"

/* Before the key: the length and the code of the packet, four bytes each. */
enum { HEADER_SIZE = 8, CANCEL_MS = 10000 };

static void on_done(void *arg)
{
    session_end(arg);
}

/* The one whose session has the key; NULL: none. */
static struct proxy_client *find(struct session_client *session, struct text request)
{
    struct text body = text_slice(request, HEADER_SIZE, request.len);
    const struct cancel_key *key = cancel_keys_find(&session->shared->cancel_keys, body);
    return key == NULL ? NULL : proxy_client_of(key->owner);
}

/* The next client of the connection must not be hit, so it waits until the request has arrived. */
void proxy_cancel_release(struct proxy_client *client)
{
    if (client->cancel != NULL) {
        cancel_close(client->cancel);
        client->cancel = NULL;
    }
    if (client->held != NULL) {
        pooled_unhold(client->held);
        client->held = NULL;
    }
}

void proxy_cancel_begin(struct session_client *session, struct text request)
{
    struct proxy_client *canceling = proxy_client_of(session);
    struct proxy_client *client = find(session, request);
    struct cluster *cluster = proxy_client_place(session)->cluster;
    if (client != NULL && proxy_transaction_cancel_retry(&client->session)) {
        session_close(session);
        return;
    }
    if (client == NULL || client->server == NULL) {
        if (cluster != NULL) {
            cluster->counters.cancels_unknown++;
        }
        session_close(session);
        return;
    }
    proxy_client_enter(canceling, client->cluster); /* perhaps another than that of the place */
    session_set_state(session, PROXY_CANCELING);
    session_wait(session, WAITING_CANCEL);
    session_start_timer(session, CANCEL_MS);
    canceling->held = client_loan_hold(client);
    canceling->cancel = cluster_cancel(client->cluster, client->server, on_done, session);
    if (canceling->cancel == NULL) {
        session_close(session);
    }
}
