/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything runs in the thread of the event loop, so there are no locks, and a handler may rely
 * on the state it was called for until it calls something that sends or closes.
 */
#include "session/client_accept.h"

#include "base/memory.h"
#include "session/client_end.h"
#include "session/client_input.h"

enum { LEAST_WAIT_MS = 100, NO_MEMORY_MS = 100 };

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
    struct session_client *client = arg;
    if (client->waiting.list == &client->shared->waiting[WAITING_SILENT]) {
        session_wait(client, WAITING_STARTED);
    }
    if (session_rules(client)->on_data != NULL) {
        session_rules(client)->on_data(client, bytes);
    }
}

/* Recorded before the handler runs, because client_end() asks whether both sides have ended. */
static void on_end(void *arg)
{
    struct session_client *client = arg;
    client->has_ended = true;
    if (session_rules(client)->on_end != NULL) {
        session_rules(client)->on_end(client);
    }
}

static void on_drain(void *arg)
{
    struct session_client *client = arg;
    if (session_rules(client)->on_writable != NULL) {
        session_rules(client)->on_writable(client);
    }
}

static void on_tls(void *arg)
{
    session_wait(arg, WAITING_TLS);
}

static const struct stream_events events = {on_open, on_data, on_end, on_drain, on_tls};

/* ---- Accepting --------------------------------------------------------- */

/*
 * mem_new() zeroes, and buffers allocate nothing before they are used, so freeing a client that
 * was never accepted needs no more than mem_free().
 */
static struct session_client *client_new(struct session_shared *shared)
{
    struct session_client *client = mem_new(shared->program->client_size);
    if (client == NULL) {
        return NULL;
    }
    client->shared = shared;
    client->waiting.client = client;
    client->state = SESSION_UNENCRYPTED;
    session_input_init(client);
    shared->program->init(client);
    return client;
}

/*
 * At the front: the order of the list does not matter, and the list of ten thousand is never
 * searched.
 */
static void link_client(struct session_client *client)
{
    struct session_shared *shared = client->shared;
    client->next = shared->first;
    if (shared->first != NULL) {
        shared->first->previous = client;
    }
    shared->first = client;
}

/*
 * The client counts as one of the program's only when it is in the list.  Before that, a failure
 * may simply free it.
 */
static bool accept_now(struct session_shared *shared, uv_stream_t *server, const void *came_to)
{
    bool is_taken = false;
    struct session_client *client = client_new(shared);
    if (client != NULL) {
        client->stream = stream_accept(server, &events, client, &is_taken);
    }
    if (client == NULL || client->stream == NULL) {
        log_write(shared->logger, DSQL_LOG_ERROR, "could not accept a connection");
        mem_free(client); /* init() has allocated nothing */
        return is_taken;
    }
    client->came_to = came_to;
    uv_timer_init(shared->loop, &client->timer); /* always 0 */
    client->timer.data = client;
    client->open_handles = 2; /* stream and timer */
    link_client(client);
    session_start_timer(client, shared->login_timeout_ms);
    session_wait(client, WAITING_SILENT);
    return true;
}

/* Until the oldest of each stage that is full has waited long enough to make room. */
static int64_t delay_ms(const struct session_shared *shared)
{
    int64_t now_ms = clock_monotonic_ms(shared->clock);
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
int64_t session_accept(struct session_shared *shared, uv_stream_t *server, const void *came_to)
{
    int64_t ms = delay_ms(shared);
    if (ms > 0) {
        return ms;
    }
    return accept_now(shared, server, came_to) ? 0 : NO_MEMORY_MS;
}
