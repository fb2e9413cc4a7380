/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that closes connections and frees clients.  There are two ways to the end.
 * session_end() is soft: what was written is delivered, both directions are shut down, and a timer
 * of LINGER_MS ends the wait for the peers.  session_close() is at once.  Both end in
 * SESSION_CLOSED, and the memory goes when libuv has closed the last handle.
 */
#include "session/client_end.h"

#include "base/memory.h"

/*
 * A second is enough to deliver an error to a client that reads; one that does not read loses it.
 * ERROR_MAX, in bytes, is far above any message of a program.
 */
enum { LINGER_MS = 1000, ERROR_MAX = 65536, SHED_LOG_MS = 10000 };

/* ---- Memory ------------------------------------------------------------ */

static void unlink_client(struct session_client *client)
{
    struct session_shared *shared = client->shared;
    if (client->previous != NULL) {
        client->previous->next = client->next;
    } else {
        shared->first = client->next;
    }
    if (client->next != NULL) {
        client->next->previous = client->previous;
    }
}

static void free_client(struct session_client *client)
{
    client->shared->program->clear(client);
    buf_clear(&client->in);
    mem_free(client);
}

/*
 * Streams and timer are closed by the loop in any order; the last one frees the client.  The
 * program hears of it after the memory was freed, because it may free itself in on_gone().
 */
static void on_handle_closed(void *arg)
{
    struct session_client *client = arg;
    struct session_shared *shared = client->shared;
    client->open_handles--;
    if (client->open_handles > 0) {
        return;
    }
    unlink_client(client);
    free_client(client);
    shared->on_gone(shared->arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

/* ---- Ending ------------------------------------------------------------ */

/* Called with each change to one of the two last states, and passes the first of them on. */
static void set_over(struct session_client *client, int state)
{
    bool was_over = session_is_over(client);
    session_set_state(client, state);
    if (!was_over && client->shared->program->on_over != NULL) {
        client->shared->program->on_over(client);
    }
}

/*
 * May be called from any handler, also from one of a stream that it closes.  After it, the client
 * must not be used except to return: the loop frees it later, never in this call.
 */
void session_close(struct session_client *client)
{
    if (client->state == SESSION_CLOSED) {
        return;
    }
    set_over(client, SESSION_CLOSED);
    waiting_leave(&client->waiting);
    cancel_keys_remove(&client->shared->cancel_keys, &client->cancel_key);
    uv_timer_stop(&client->timer);
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
    if (client->stream != NULL) {
        stream_close(client->stream, on_handle_closed);
    }
    if (client->server != NULL) {
        stream_close(client->server, on_handle_closed);
    }
}

/* When both sides have sent FIN, nothing more can be lost, so LINGER_MS need not pass. */
void session_close_if_ended(struct session_client *client)
{
    bool has_server_ended = client->server == NULL || client->has_server_ended;
    if (client->state == SESSION_ENDING && client->has_ended && has_server_ended) {
        session_close(client);
    }
}

/*
 * A finished stream reads again, even if it was paused: it discards until the other side ends.
 * What the client had sent ahead is dropped: after an error, nothing of it may reach the server.
 */
void session_end(struct session_client *client)
{
    if (session_is_over(client)) {
        return;
    }
    set_over(client, SESSION_ENDING);
    buf_clear(&client->in);
    session_start_timer(client, LINGER_MS);
    if (client->server != NULL) {
        stream_finish(client->server);
    }
    stream_finish(client->stream);
    session_close_if_ended(client);
}

/* ---- Making room ------------------------------------------------------- */

/* Not for each: under a flood the log would be all about this. */
static void count_shed(struct session_shared *shared)
{
    int64_t now_ms = clock_monotonic_ms(shared->clock);
    shared->shed_count++;
    if (shared->shed_logged_ms == 0 || now_ms - shared->shed_logged_ms >= SHED_LOG_MS) {
        log_write(shared->logger, DSQL_LOG_WARN,
                  "closed connections that had not logged in, to make room for new ones: %d",
                  shared->shed_count);
        shared->shed_count = 0;
        shared->shed_logged_ms = now_ms;
    }
}

/* The oldest is never the client itself, since a list has room for one. */
void session_wait(struct session_client *client, enum waiting_stage stage)
{
    struct waiting_list *list = &client->shared->waiting[stage];
    waiting_enter(&client->waiting, list, clock_monotonic_ms(client->shared->clock));
    if (waiting_list_is_over(list)) {
        count_shed(client->shared);
        session_close(list->oldest->client);
    }
}

/* ---- Errors ------------------------------------------------------------ */

/*
 * In the middle of a message of the server, an inserted error would be read as part of it.  Before
 * there is a server, the relay has seen nothing.
 */
static bool may_send(const struct session_client *client)
{
    return relay_may_insert(&client->relay);
}

static void log_end(const struct logger *logger, const struct fatal_error *error)
{
    if (error->hint[0] == '\0') {
        log_write(logger, DSQL_LOG_INFO, "connection ended: %s %s", error->sqlstate,
                  error->message);
    } else {
        log_write(logger, DSQL_LOG_INFO, "connection ended: %s %s %s", error->sqlstate,
                  error->message, error->hint);
    }
}

/*
 * The log has the reason at the level of information, since most failures are the client's.  The
 * error is lost if the server is in the middle of a message; the log then has the only copy.
 */
void session_fail(struct session_client *client, const struct fatal_error *error)
{
    if (session_is_over(client)) {
        return;
    }
    struct buf out AUTO_BUF;
    buf_init(&out, ERROR_MAX);
    fatal_error_write(error, &out);
    if (buf_ok(&out) && may_send(client)) {
        stream_write(client->stream, buf_text(&out));
    }
    log_end(client->shared->logger, error);
    session_end(client);
}

void session_fail_with(struct session_client *client, const char *sqlstate, const char *message)
{
    struct fatal_error error;
    fatal_error_set(&error, sqlstate, "%s", message);
    session_fail(client, &error);
}

/*
 * 57P01 and this text are what PostgreSQL sends when it is shut down.  session_fail_with() may
 * close a client, but it is freed by the loop later, so the walk is safe.
 */
void session_stop_all(struct session_shared *shared)
{
    struct session_client *client = shared->first;
    while (client != NULL) {
        struct session_client *next = client->next;
        session_fail_with(client, "57P01", "terminating connection due to administrator command");
        client = next;
    }
}
