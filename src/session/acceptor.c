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
/* In bytes. */
enum { FREE_AT_END_MAX = 4 * 1024 * 1024, MAPPED_MIN = 1024 * 1024 };

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

/*
 * Without this glibc gives the end of the heap back as soon as 128 KiB of it are free, and a client
 * that gets results of 64 KiB has the kernel clear these pages again for each of them: a third of
 * the processor time.
 */
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_TRIM_THRESHOLD, FREE_AT_END_MAX);
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_MIN);
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

void acceptor_close_entry(struct acceptor *acceptor, struct acceptor_entry *entry)
{
    acceptor->closing_handles += entry->listener.is_open ? 1 : 0;
    listener_close(&entry->listener);
}

void acceptor_abandon(struct acceptor *acceptor)
{
    uv_close((uv_handle_t *)&acceptor->trim, on_trim_closed);
    acceptor->closing_handles++;
    while (acceptor->closing_handles > 0) {
        uv_run(acceptor->shared.loop, UV_RUN_ONCE);
    }
}

void acceptor_drain(struct acceptor *acceptor, void (*on_stopped)(void *arg), void *arg)
{
    acceptor->is_stopping = true;
    acceptor->on_stopped = on_stopped;
    acceptor->on_stopped_arg = arg;
    acceptor->closing_handles++;
    uv_close((uv_handle_t *)&acceptor->trim, on_trim_closed);
}

/* Clients get a moment to receive their last error, so on_stopped() may come a second later. */
void acceptor_stop(struct acceptor *acceptor, void (*on_stopped)(void *arg), void *arg)
{
    acceptor_drain(acceptor, on_stopped, arg);
    session_stop_all(&acceptor->shared);
}

/* ---- Listening --------------------------------------------------------- */

/* A failure to accept is the client's matter: the listener goes on. */
static int64_t on_connection(void *arg, uv_stream_t *server)
{
    struct acceptor_entry *entry = arg;
    return session_accept(&entry->acceptor->shared, server, entry->place);
}

static void on_listener_closed(void *arg)
{
    struct acceptor_entry *entry = arg;
    on_handle_closed(entry->acceptor);
}

static void init_entry(struct acceptor *acceptor, struct acceptor_entry *entry)
{
    entry->acceptor = acceptor;
    entry->listener.on_connection = on_connection;
    entry->listener.on_closed = on_listener_closed;
    entry->listener.arg = entry;
    entry->listener.accepts_in_turn =
        1 + acceptor->shared.waiting[WAITING_SILENT].max / TURNS_TO_LOG_IN;
}

/* A listener that cannot be opened is closed from the loop, like one that could. */
static dsql_status count_opened(struct acceptor *acceptor, struct acceptor_entry *entry,
                                dsql_status status)
{
    if (status != DSQL_OK && uv_is_closing(&entry->listener.uv.handle)) {
        acceptor->closing_handles++;
    }
    return status;
}

dsql_status acceptor_listen(struct acceptor *acceptor, struct acceptor_entry *entry,
                            const char *address, int port, dsql_error *err)
{
    init_entry(acceptor, entry);
    return count_opened(acceptor, entry,
                        listener_open(&entry->listener, acceptor->shared.loop, address, port, err));
}

dsql_status acceptor_listen_unix(struct acceptor *acceptor, struct acceptor_entry *entry,
                                 const char *path, dsql_error *err)
{
    init_entry(acceptor, entry);
    return count_opened(acceptor, entry,
                        listener_open_unix(&entry->listener, acceptor->shared.loop, path, err));
}

dsql_status acceptor_adopt(struct acceptor *acceptor, struct acceptor_entry *entry, int fd,
                           dsql_error *err)
{
    init_entry(acceptor, entry);
    return count_opened(acceptor, entry,
                        listener_adopt(&entry->listener, acceptor->shared.loop, fd, err));
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
    keep_freed_memory();
}
