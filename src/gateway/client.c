/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A client is made here, and this file has the table of what it does in each state.  The handlers
 * are in the files named for the states; client_end.c frees the client.  Everything runs in the
 * thread of the event loop, so there are no locks, and a handler may rely on the state it was
 * called for until it calls something that sends or closes.
 */
#include "gateway/client.h"

#include "base/memory.h"
#include "gateway/client_cancel.h"
#include "gateway/client_end.h"
#include "gateway/client_input.h"
#include "gateway/client_login.h"
#include "gateway/client_password.h"
#include "gateway/client_relay.h"
#include "gateway/client_startup.h"
#include "wire/startup.h"

/* ---- The table of states ----------------------------------------------- */

enum { LEAST_WAIT_MS = 100, NO_MEMORY_MS = 100 };

#define ENDS (CLIENT_BIT(CLIENT_ENDING) | CLIENT_BIT(CLIENT_CLOSED))

/*
 * Until the relay, a client that ends or is too slow is closed without a word, as by
 * PostgreSQL.  A client that cancels often ends first; its request is still passed on.
 */
static const struct client_state_rules rules[CLIENT_STATES] = {
    [CLIENT_UNENCRYPTED] =
        {
            .may_follow = CLIENT_BIT(CLIENT_ENCRYPTED) | CLIENT_BIT(CLIENT_CANCELING) | ENDS,
            .on_data = client_startup_data,
            .on_end = client_close,
            .on_timeout = client_close,
        },
    [CLIENT_ENCRYPTED] =
        {
            .may_follow = CLIENT_BIT(CLIENT_PASSWORD) | CLIENT_BIT(CLIENT_CANCELING) | ENDS,
            .on_data = client_startup_data,
            .on_end = client_close,
            .on_timeout = client_close,
        },
    [CLIENT_PASSWORD] =
        {
            .may_follow = CLIENT_BIT(CLIENT_CONNECTING) | ENDS,
            .on_data = client_password_data,
            .on_end = client_close,
            .on_timeout = client_close,
        },
    [CLIENT_CONNECTING] =
        {
            .may_follow = CLIENT_BIT(CLIENT_LOGIN) | ENDS,
            .on_data = client_input_keep,
            .on_end = client_close,
            .on_server_open = client_login_server_open,
            .on_server_end = client_fail_unavailable,
            .on_timeout = client_close,
        },
    [CLIENT_LOGIN] =
        {
            .may_follow = CLIENT_BIT(CLIENT_MAPPING) | CLIENT_BIT(CLIENT_RELAY) | ENDS,
            .on_data = client_input_keep,
            .on_end = client_close,
            .on_server_data = client_login_server_data,
            .on_server_end = client_fail_unavailable,
            .on_timeout = client_close,
        },
    [CLIENT_MAPPING] =
        {
            .may_follow = CLIENT_BIT(CLIENT_RELAY) | ENDS,
            .on_data = client_input_keep,
            .on_end = client_close,
            .on_server_data = client_login_server_data,
            .on_server_end = client_fail_unavailable,
            .on_timeout = client_close,
        },
    [CLIENT_RELAY] =
        {
            .may_follow = ENDS,
            .on_data = client_relay_data,
            .on_end = client_end, /* what it sent last still reaches the server */
            .on_writable = client_relay_writable,
            .on_server_data = client_relay_server_data,
            .on_server_end = client_relay_server_end,
            .on_server_writable = client_relay_server_writable,
            .on_timeout = client_relay_timeout,
        },
    [CLIENT_CANCELING] =
        {
            .may_follow = ENDS,
            .on_data = client_input_keep,
            .on_server_open = client_cancel_server_open,
            .on_server_end = client_cancel_server_end,
            .on_timeout = client_close,
        },
    [CLIENT_ENDING] =
        {
            .may_follow = CLIENT_BIT(CLIENT_CLOSED),
            .on_end = client_close_if_ended,
            .on_server_end = client_close_if_ended,
            .on_timeout = client_close,
        },
    [CLIENT_CLOSED] = {0},
};

/* ---- Events of the client's connection --------------------------------- */

static void on_open(void *arg, bool is_open)
{
    (void)arg;
    (void)is_open; /* an accepted connection is open from the start */
}

/*
 * The rows ENDING and CLOSED have no handler for bytes, so no handler has to ask whether the
 * client still exists.
 */
static void on_data(void *arg, struct text bytes)
{
    struct client *client = arg;
    if (client->waiting.list == &client->shared->waiting[WAITING_SILENT]) {
        client_wait(client, WAITING_STARTED);
    }
    if (client_rules(client)->on_data != NULL) {
        client_rules(client)->on_data(client, bytes);
    }
}

/* Recorded before the handler runs, because client_end() asks whether both sides have ended. */
static void on_end(void *arg)
{
    struct client *client = arg;
    client->has_ended = true;
    if (client_rules(client)->on_end != NULL) {
        client_rules(client)->on_end(client);
    }
}

static void on_drain(void *arg)
{
    struct client *client = arg;
    if (client_rules(client)->on_writable != NULL) {
        client_rules(client)->on_writable(client);
    }
}

static void on_tls(void *arg)
{
    client_wait(arg, WAITING_TLS);
}

static const struct stream_events events = {on_open, on_data, on_end, on_drain, on_tls};

/* ---- For the gateway --------------------------------------------------- */

/*
 * mem_new() zeroes, and buffers allocate nothing before they are used, so freeing a client that
 * was never accepted needs no more than mem_free().
 */
static struct client *client_new(struct client_shared *shared)
{
    struct client *client = mem_new(sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    client->shared = shared;
    client->waiting.client = client;
    client->rules = rules;
    client->state = CLIENT_UNENCRYPTED;
    client_input_init(client);
    buf_init(&client->to_server, STARTUP_MAX_SIZE);
    client_login_init(client);
    sql_rewriter_init(&client->rewriter);
    return client;
}

/*
 * At the front: the order of the list does not matter, and the list of ten thousand is never
 * searched.
 */
static void link_client(struct client *client)
{
    struct client_shared *shared = client->shared;
    client->next = shared->first;
    if (shared->first != NULL) {
        shared->first->previous = client;
    }
    shared->first = client;
}

/*
 * The client counts as one of the gateway's only when it is in the list.  Before that, a failure
 * may simply free it.
 */
static bool accept_now(struct client_shared *shared, uv_stream_t *server)
{
    bool is_taken = false;
    struct client *client = client_new(shared);
    if (client != NULL) {
        client->stream = stream_accept(server, &events, client, &is_taken);
    }
    if (client == NULL || client->stream == NULL) {
        log_write(&shared->options->logger, DSQL_LOG_ERROR, "could not accept a connection");
        mem_free(client);
        return is_taken;
    }
    uv_timer_init(shared->loop, &client->timer); /* always 0 */
    client->timer.data = client;
    client->open_handles = 2; /* stream and timer */
    link_client(client);
    client_start_timer(client, shared->options->login_timeout_ms);
    client_wait(client, WAITING_SILENT);
    return true;
}

/* Until the oldest of each stage that is full has waited long enough to make room. */
static int64_t delay_ms(const struct client_shared *shared)
{
    int64_t now_ms = clock_monotonic_ms(shared->options->clock);
    int64_t longest_ms = 0;
    for (int i = 0; i < WAITING_EARLY_STAGES; i++) {
        int64_t ms = waiting_list_delay_ms(&shared->waiting[i], LEAST_WAIT_MS, now_ms);
        longest_ms = ms > longest_ms ? ms : longest_ms;
    }
    return longest_ms;
}

/*
 * Each client has LEAST_WAIT_MS for each stage.  So when connections come faster than they can be
 * given that, they wait in the kernel's queue.
 */
int64_t client_accept(struct client_shared *shared, uv_stream_t *server)
{
    int64_t ms = delay_ms(shared);
    if (ms > 0) {
        return ms;
    }
    return accept_now(shared, server) ? 0 : NO_MEMORY_MS;
}

/*
 * 57P01 and this text are what PostgreSQL sends when it is shut down.  client_fail_with() may
 * close a client, but it is freed by the loop later, so the walk is safe.
 */
void client_stop_all(struct client_shared *shared)
{
    struct client *client = shared->first;
    while (client != NULL) {
        struct client *next = client->next;
        client_fail_with(client, "57P01", "terminating connection due to administrator command");
        client = next;
    }
}
