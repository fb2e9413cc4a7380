/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Counts what libuv still has to close, so that the program is told when its memory may go. */
#include "session/acceptor.h"

#include "session/client_accept.h"
#include "session/client_end.h"

#include <malloc.h>

/*
 * TURNS_TO_LOG_IN: a new client has at least so many turns of the loop before others can take its
 * place.
 */
enum { TURNS_TO_LOG_IN = 16, GONE_UNTIL_TRIM = 256, TRIM_MS = 500 };

/* ---- Memory ------------------------------------------------------------ */

/*
 * glibc keeps freed memory between blocks that are still used, however much it is, so after a
 * flood the process would stay as large as it was.  Other allocators give it back by themselves.
 */
static void on_trim(uv_timer_t *timer)
{
    struct acceptor *acceptor = timer->data;
    acceptor->gone_count = 0;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/* Clients go in crowds: the timer waits for the rest of them. */
static void count_gone(struct acceptor *acceptor)
{
    acceptor->gone_count++;
    if (acceptor->gone_count >= GONE_UNTIL_TRIM && !acceptor->is_stopping &&
        !uv_is_active((uv_handle_t *)&acceptor->trim)) {
        uv_timer_start(&acceptor->trim, on_trim, TRIM_MS, 0);
    }
}

/* ---- The end ----------------------------------------------------------- */

/* Called when a listener or a client is gone; the last of them ends the acceptor. */
static void maybe_stopped(struct acceptor *acceptor)
{
    if (acceptor->is_stopping && acceptor->closing_handles == 0 && acceptor->shared.first == NULL) {
        acceptor->is_stopping = false; /* once */
        acceptor->on_stopped(acceptor->on_stopped_arg);
    }
}

/* After every client, also while the program is not stopping. */
static void on_client_gone(void *arg)
{
    count_gone(arg);
    maybe_stopped(arg);
}

static void on_handle_closed(void *arg)
{
    struct acceptor *acceptor = arg;
    acceptor->closing_handles--;
    maybe_stopped(acceptor);
}

static void on_trim_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

void acceptor_close_listener(struct acceptor *acceptor, struct listener *listener)
{
    acceptor->closing_handles += listener->is_open ? 1 : 0;
    listener_close(listener);
}

void acceptor_abandon(struct acceptor *acceptor)
{
    uv_close((uv_handle_t *)&acceptor->trim, on_trim_closed);
    acceptor->closing_handles++;
    while (acceptor->closing_handles > 0) {
        uv_run(acceptor->shared.loop, UV_RUN_ONCE);
    }
}

/* Clients get a moment to receive their last error, so on_stopped() may come a second later. */
void acceptor_stop(struct acceptor *acceptor, void (*on_stopped)(void *arg), void *arg)
{
    acceptor->is_stopping = true;
    acceptor->on_stopped = on_stopped;
    acceptor->on_stopped_arg = arg;
    acceptor->closing_handles++;
    uv_close((uv_handle_t *)&acceptor->trim, on_trim_closed);
    session_stop_all(&acceptor->shared);
}

/* ---- Listening --------------------------------------------------------- */

/* A failure to accept is the client's matter: the listener goes on. */
static int64_t on_connection(void *arg, uv_stream_t *server)
{
    struct acceptor *acceptor = arg;
    return session_accept(&acceptor->shared, server);
}

/* A listener that cannot be opened is closed from the loop, like one that could. */
dsql_status acceptor_listen(struct acceptor *acceptor, struct listener *listener,
                            const char *address, int port, dsql_error *err)
{
    listener->on_connection = on_connection;
    listener->on_closed = on_handle_closed;
    listener->arg = acceptor;
    listener->accepts_in_turn = 1 + acceptor->shared.waiting[WAITING_SILENT].max / TURNS_TO_LOG_IN;
    dsql_status status = listener_open(listener, acceptor->shared.loop, address, port, err);
    if (status != DSQL_OK && uv_is_closing((uv_handle_t *)&listener->tcp)) {
        acceptor->closing_handles++;
    }
    return status;
}

void acceptor_init(struct acceptor *acceptor, const struct capacity *capacity)
{
    struct session_shared *shared = &acceptor->shared;
    for (int i = 0; i < WAITING_EARLY_STAGES; i++) {
        shared->waiting[i].max = capacity->waiting;
    }
    shared->waiting[WAITING_PASSWORD].max = capacity->passwords;
    shared->waiting[WAITING_CANCEL].max = capacity->cancels;
    shared->on_gone = on_client_gone;
    shared->arg = acceptor;
    uv_timer_init(shared->loop, &acceptor->trim);
    acceptor->trim.data = acceptor;
}
