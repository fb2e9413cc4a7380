/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One request at a time on a connection.  A client that sends the next one before it has taken the
 * answer gets no other: the connection is closed after the answer, so that what waits to be sent
 * is never more than one response.  Each state of a connection has one time limit.
 */
#include "proxy/status_page.h"

#include "base/error.h"
#include "base/memory.h"
#include "net/listener.h"
#include "net/stream.h"

enum { ACCEPTS_IN_TURN = 4, HANDLES = 2 };

enum connection_state {
    CONNECTION_IDLE,    /* nothing of a request has come */
    CONNECTION_REQUEST, /* a part of one */
    CONNECTION_ENDING,  /* the last answer is being sent */
    CONNECTION_CLOSED
};

struct connection {
    struct status_page *page;
    struct connection *newer; /* in the page's list, oldest first */
    struct connection *older;
    struct stream *stream;
    uv_timer_t timer;
    int open_handles; /* stream and timer */
    enum connection_state state;
    struct buf in;
};

struct status_page {
    struct status_page_options options;
    struct listener listener;
    uv_loop_t *loop;
    struct connection *oldest;
    struct connection *newest;
    int count;         /* that are not being closed */
    int closing_count; /* that libuv still holds */
    bool is_listening; /* the listener is not closed completely */
    bool is_stopping;
    void (*on_stopped)(void *arg);
    void *on_stopped_arg;
};

/* ---- The end ---- */

static void maybe_stopped(struct status_page *page)
{
    if (page->is_stopping && !page->is_listening && page->count == 0 && page->closing_count == 0) {
        void (*on_stopped)(void *arg) = page->on_stopped;
        void *arg = page->on_stopped_arg;
        mem_free(page);
        if (on_stopped != NULL) {
            on_stopped(arg);
        }
    }
}

static void free_when_closed(struct connection *connection)
{
    struct status_page *page = connection->page;
    connection->open_handles--;
    if (connection->open_handles == 0) {
        buf_clear(&connection->in);
        mem_free(connection);
        page->closing_count--;
        maybe_stopped(page);
    }
}

static void on_stream_closed(void *arg)
{
    free_when_closed(arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free_when_closed(handle->data);
}

static void unlink_connection(struct connection *connection)
{
    struct status_page *page = connection->page;
    *(connection->older == NULL ? &page->oldest : &connection->older->newer) = connection->newer;
    *(connection->newer == NULL ? &page->newest : &connection->newer->older) = connection->older;
}

static void close_connection(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED) {
        return;
    }
    connection->state = CONNECTION_CLOSED;
    unlink_connection(connection);
    connection->page->count--;
    connection->page->closing_count++;
    uv_close((uv_handle_t *)&connection->timer, on_timer_closed);
    stream_close(connection->stream, on_stream_closed);
}

/* ---- A connection ---- */

static void on_timeout(uv_timer_t *timer)
{
    close_connection(timer->data);
}

/* The one place that changes the state; the time limit begins anew only when it does change. */
static void enter(struct connection *connection, enum connection_state state)
{
    const struct status_page_options *options = &connection->page->options;
    const int limits_ms[] = {
        [CONNECTION_IDLE] = options->idle_ms,
        [CONNECTION_REQUEST] = options->request_ms,
        [CONNECTION_ENDING] = options->answer_ms,
    };
    if (connection->state != state) {
        connection->state = state;
        uv_timer_start(&connection->timer, on_timeout, (uint64_t)limits_ms[state], 0);
    }
}

static void answer(struct connection *connection, enum status_request_result result,
                   const struct status_request *request)
{
    const struct status_page_options *options = &connection->page->options;
    bool is_last_byte = result == STATUS_REQUEST_COMPLETE && request->size == connection->in.len;
    bool keeps_alive = is_last_byte && request->keeps_alive && !request->has_body &&
                       !connection->page->is_stopping && !stream_is_congested(connection->stream);
    struct buf out AUTO_BUF;
    buf_init(&out, (size_t)STATUS_RESPONSE_MAX + STATUS_REQUEST_MAX);
    status_response_write(&out, &options->source, result, request, keeps_alive,
                          clock_wall_s(options->clock));
    if (!buf_ok(&out)) {
        close_connection(connection);
        return;
    }
    stream_write(connection->stream, buf_text(&out));
    buf_clear(&connection->in);
    if (keeps_alive) {
        enter(connection, CONNECTION_IDLE);
    } else {
        enter(connection, CONNECTION_ENDING);
        stream_finish(connection->stream);
    }
}

/* stream_finish() discards what comes after the last request. */
static void on_data(void *arg, struct text bytes)
{
    struct connection *connection = arg;
    struct status_request request;
    enter(connection, CONNECTION_REQUEST);
    buf_add_text(&connection->in, bytes);
    if (!buf_ok(&connection->in)) {
        close_connection(connection);
        return;
    }
    enum status_request_result result = status_request_parse(buf_text(&connection->in), &request);
    if (result != STATUS_REQUEST_NEEDS_MORE) {
        answer(connection, result, &request);
    }
}

static void on_end(void *arg)
{
    close_connection(arg);
}

static void on_drain(void *arg)
{
    (void)arg;
}

static const struct stream_events events = {
    .on_data = on_data, .on_end = on_end, .on_drain = on_drain};

/* ---- Accepting ---- */

static void link_connection(struct status_page *page, struct connection *connection)
{
    connection->older = page->newest;
    *(page->newest == NULL ? &page->oldest : &page->newest->newer) = connection;
    page->newest = connection;
    page->count++;
}

/* A monitor connects again; those who only occupy the place do not keep it from it. */
static void make_room(struct status_page *page)
{
    if (page->count == STATUS_PAGE_CONNECTIONS_MAX) {
        close_connection(page->oldest);
    }
}

/* Without memory the connection waits, and is asked for again in a second. */
static int64_t on_connection(void *arg, uv_stream_t *server)
{
    enum { RETRY_MS = 1000 };
    struct status_page *page = arg;
    struct connection *connection = mem_new(sizeof *connection);
    bool is_taken = false;
    if (connection == NULL) {
        return RETRY_MS;
    }
    connection->page = page;
    connection->open_handles = HANDLES;
    connection->state = CONNECTION_CLOSED;
    connection->stream = stream_accept(server, &events, connection, &is_taken);
    if (connection->stream == NULL) {
        mem_free(connection);
        return is_taken ? 0 : RETRY_MS;
    }
    buf_init(&connection->in, STATUS_REQUEST_MAX + STREAM_CHUNK_SIZE);
    uv_timer_init(page->loop, &connection->timer);
    connection->timer.data = connection;
    make_room(page);
    link_connection(page, connection);
    enter(connection, CONNECTION_REQUEST);
    return 0;
}

static void on_listener_closed(void *arg)
{
    struct status_page *page = arg;
    page->is_listening = false;
    maybe_stopped(page);
}

static int or_default(int value, int other)
{
    return value == 0 ? other : value;
}

/* A listener that could not be opened may still have to be closed from the loop. */
dsql_status status_page_start(uv_loop_t *loop, const struct status_page_options *options,
                              struct status_page **out, dsql_error *err)
{
    struct status_page *page = mem_new(sizeof *page);
    *out = NULL;
    if (page == NULL) {
        return fail_nomem(err);
    }
    page->options = *options;
    page->options.clock = options->clock == NULL ? clock_system() : options->clock;
    page->options.request_ms = or_default(options->request_ms, STATUS_PAGE_REQUEST_MS);
    page->options.answer_ms = or_default(options->answer_ms, STATUS_PAGE_ANSWER_MS);
    page->options.idle_ms = or_default(options->idle_ms, STATUS_PAGE_IDLE_MS);
    page->loop = loop;
    page->listener = (struct listener){.on_connection = on_connection,
                                       .on_closed = on_listener_closed,
                                       .arg = page,
                                       .accepts_in_turn = ACCEPTS_IN_TURN};
    dsql_status status =
        options->path != NULL
            ? listener_open_unix(&page->listener, loop, options->path, err)
            : listener_open(&page->listener, loop, options->address, options->port, err);
    if (status == DSQL_OK) {
        page->is_listening = true;
        *out = page;
        return DSQL_OK;
    }
    page->is_listening = uv_is_closing(&page->listener.uv.handle);
    page->is_stopping = true;
    maybe_stopped(page);
    return status;
}

int status_page_port(const struct status_page *page)
{
    return listener_port(&page->listener);
}

void status_page_stop(struct status_page *page, void (*on_stopped)(void *arg), void *arg)
{
    if (page == NULL) {
        return;
    }
    page->is_stopping = true;
    page->on_stopped = on_stopped;
    page->on_stopped_arg = arg;
    listener_close(&page->listener);
    while (page->oldest != NULL) {
        close_connection(page->oldest);
    }
}
