/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * It goes to the address of the session and not to another one of the same name, which may be
 * another server.  The server answers by closing the connection.
 */
#include "proxy/cancel.h"

#include "base/memory.h"
#include "wire/startup.h"

struct cancel {
    struct link link;
    struct server_shared *shared;
    struct buf request;
    void (*on_done)(void *arg);
    void *arg;
};

static void on_open(void *arg)
{
    struct cancel *cancel = arg;
    stream_write(cancel->link.stream, buf_text(&cancel->request));
    stream_finish(cancel->link.stream);
}

static void on_done(void *arg)
{
    struct cancel *cancel = arg;
    cancel->on_done(cancel->arg);
}

static void ignore_data(void *arg, struct text bytes)
{
    (void)arg;
    (void)bytes;
}

static void ignore_drain(void *arg)
{
    (void)arg;
}

static const struct link_events events = {on_open, on_done, ignore_data, on_done, ignore_drain};

static void on_closed(void *arg)
{
    struct cancel *cancel = arg;
    struct server_shared *shared = cancel->shared;
    buf_clear(&cancel->request);
    mem_free(cancel);
    shared->on_gone(shared->arg);
}

void cancel_close(struct cancel *cancel)
{
    link_close(&cancel->link, on_closed);
}

struct cancel *cancel_open(struct server_shared *shared, const struct server *server,
                           void (*on_done_fn)(void *arg), void *arg)
{
    struct text key = server_cancel_key(server);
    struct cancel *cancel = text_is_empty(key) ? NULL : mem_new(sizeof *cancel);
    if (cancel == NULL) {
        return NULL;
    }
    cancel->shared = shared;
    cancel->on_done = on_done_fn;
    cancel->arg = arg;
    buf_init_secret(&cancel->request, STARTUP_MAX_SIZE);
    startup_write_cancel_request(&cancel->request, key);
    if (!buf_ok(&cancel->request) ||
        !link_open_again(&cancel->link, &server->link, &events, cancel)) {
        buf_clear(&cancel->request);
        mem_free(cancel);
        return NULL;
    }
    return cancel;
}
