/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The login: what the server asks is answered with the token or the password, and never before
 * link.h has verified the server.  Errors are read as libdsql reads those of libpq, so that the
 * same failures are retried.
 */
#include "proxy/server.h"

#include "base/error.h"
#include "base/memory.h"
#include "wire/backend.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 65536, LINGER_MS = 1000 };

/* A row of the table.  A handler that is NULL ignores its event. */
struct server_rules {
    unsigned may_follow;
    void (*on_data)(struct server *server, struct text bytes);
    void (*on_end)(struct server *server);
    void (*on_timeout)(struct server *server);
};

static const struct server_rules rules[SERVER_STATES];

#define SERVER_BIT(state) (1U << (state))

static void set_state(struct server *server, enum server_state state)
{
    bool may_follow = (rules[server->state].may_follow & SERVER_BIT(state)) != 0;
    assert(may_follow);
    (void)may_follow;
    server->state = state;
}

/* ---- The end ----------------------------------------------------------- */

static void free_server(struct server *server)
{
    struct server_shared *shared = server->shared;
    server_password_clear(&server->password);
    server_login_clear(&server->login);
    buf_clear(&server->startup);
    buf_clear(&server->failure.message);
    mem_free(server);
    shared->on_gone(shared->arg);
}

static void on_handle_closed(void *arg)
{
    struct server *server = arg;
    server->open_handles--;
    if (server->open_handles == 0) {
        free_server(server);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

static void close_now(struct server *server)
{
    set_state(server, SERVER_CLOSED);
    mint_leave(&server->waiter);
    uv_timer_stop(&server->timer);
    uv_close((uv_handle_t *)&server->timer, on_timer_closed);
    link_close(&server->link, on_handle_closed);
}

static void start_timer(struct server *server, int64_t ms);

/* Terminate is what PostgreSQL expects; without it the log of the server has a line about it. */
static void end_softly(struct server *server, bool is_between)
{
    struct buf out AUTO_BUF;
    buf_init(&out, FRAME_HEADER_SIZE);
    frame_write(&out, FRONTEND_TERMINATE, text_of(""));
    set_state(server, SERVER_ENDING);
    if (is_between) {
        stream_write(server->link.stream, buf_text(&out));
    }
    start_timer(server, LINGER_MS);
    stream_finish(server->link.stream);
}

void server_close(struct server *server, bool is_between)
{
    if (server->state == SERVER_READY) {
        end_softly(server, is_between);
    } else if (server->state != SERVER_ENDING && server->state != SERVER_CLOSED) {
        close_now(server);
    }
}

/* ---- Failing ----------------------------------------------------------- */

static void report_failure(struct server *server, enum connect_failure_kind kind,
                           enum proxy_refusal refusal)
{
    server->failure.kind = kind;
    server->failure.refusal = refusal;
    set_state(server, SERVER_FAILED);
    server->events->on_failed(server->arg, server);
}

static void fail_with(struct server *server, enum connect_failure_kind kind,
                      enum proxy_refusal refusal, const char *problem)
{
    error_set_text(server->failure.problem, sizeof server->failure.problem, problem);
    report_failure(server, kind, refusal);
}

static enum proxy_refusal refusal_for(const struct connect_failure *failure)
{
    struct text state = text_of(failure->sqlstate);
    if (text_starts_with(state, "53")) {
        return PROXY_REFUSAL_LIMIT;
    }
    if (failure->kind == CONNECT_FAILURE_TRANSIENT) {
        return PROXY_REFUSAL_WAKING;
    }
    return failure->kind == CONNECT_FAILURE_EXPIRED || text_starts_with(state, "28") ||
                   text_starts_with(state, "08")
               ? PROXY_REFUSAL_AUTHENTICATION
               : PROXY_REFUSAL_OTHER;
}

/*
 * In the form in which libpq would report it, which connect_failure_read() takes apart.  The
 * message itself goes to the client unchanged.
 */
static void fail_with_message(struct server *server, const struct frame *message)
{
    struct error_fields fields;
    struct buf text AUTO_BUF;
    buf_init(&text, 2 * MESSAGE_MAX);
    if (!backend_parse_error(message->body, &fields)) {
        fail_with(server, CONNECT_FAILURE_PERMANENT, PROXY_REFUSAL_OTHER,
                  "the server sent an invalid error");
        return;
    }
    buf_printf(&text, "FATAL:  %.*s: ", (int)fields.sqlstate.len, fields.sqlstate.data);
    buf_add_text(&text, fields.message);
    buf_add_string(&text, "\nHINT:  ");
    buf_add_text(&text, fields.hint);
    frame_write(&server->failure.message, BACKEND_ERROR, message->body);
    struct connect_failure failure = connect_failure_read(buf_text(&text));
    snprintf(server->failure.problem, sizeof server->failure.problem, "%.*s: %.*s%s%.*s",
             (int)fields.sqlstate.len, fields.sqlstate.data, (int)fields.message.len,
             fields.message.data, text_is_empty(fields.hint) ? "" : ": ", (int)fields.hint.len,
             fields.hint.data);
    report_failure(server, failure.kind, refusal_for(&failure));
}

/* ---- Connecting -------------------------------------------------------- */

static void on_link_open(void *arg)
{
    struct server *server = arg;
    set_state(server, SERVER_LOGIN);
    stream_write(server->link.stream, buf_text(&server->startup));
    buf_clear(&server->startup);
}

static void on_link_failed(void *arg)
{
    struct server *server = arg;
    fail_with(server,
              server->link.refusal == PROXY_REFUSAL_UNREACHABLE ? CONNECT_FAILURE_UNREACHABLE
                                                                : CONNECT_FAILURE_PERMANENT,
              server->link.refusal, server->link.problem);
}

/* ---- The password ------------------------------------------------------ */

/* The copy in the stream's queue is encrypted. */
static void send_secret(struct server *server, struct buf *out)
{
    if (!buf_ok(out)) {
        fail_with(server, CONNECT_FAILURE_PERMANENT, PROXY_REFUSAL_OTHER, "out of memory");
        return;
    }
    stream_write(server->link.stream, buf_text(out));
}

static void on_token(void *arg, struct text token)
{
    struct server *server = arg;
    struct buf out AUTO_BUF;
    buf_init_secret(&out, 2 * MESSAGE_MAX);
    server_password_write(&out, token);
    set_state(server, SERVER_LOGIN);
    send_secret(server, &out);
}

static void on_token_failure(void *arg, const dsql_error *err)
{
    fail_with(arg, CONNECT_FAILURE_PERMANENT, PROXY_REFUSAL_AUTHENTICATION, err->message);
}

static void on_password_request(struct server *server, const struct frame *message)
{
    dsql_error err = {0};
    struct buf out AUTO_BUF;
    buf_init_secret(&out, 2 * MESSAGE_MAX);
    switch (server_password_answer(&server->password, message->body,
                                   stream_ssl(server->link.stream), &out, &err)) {
    case SERVER_PASSWORD_SEND:
        send_secret(server, &out);
        break;
    case SERVER_PASSWORD_TOKEN:
        set_state(server, SERVER_TOKEN);
        mint_get(&server->shared->mint, server->action, &server->waiter);
        break;
    case SERVER_PASSWORD_FAILED:
        fail_with(server, CONNECT_FAILURE_PERMANENT, PROXY_REFUSAL_AUTHENTICATION, err.message);
        break;
    }
}

/* ---- The login --------------------------------------------------------- */

static void on_ready(struct server *server)
{
    if (!server_password_is_done(&server->password)) {
        fail_with(server, CONNECT_FAILURE_PERMANENT, PROXY_REFUSAL_AUTHENTICATION,
                  "the server did not prove that it knows the password");
        return;
    }
    server_password_clear(&server->password);
    uv_timer_stop(&server->timer);
    server->opened_ms = clock_monotonic_ms(server->shared->clock);
    set_state(server, SERVER_READY);
    server->events->on_ready(server->arg, server);
}

static void on_login_event(struct server *server, enum server_login_event event,
                           const struct frame *message)
{
    switch (event) {
    case SERVER_LOGIN_NEEDS_MORE:
    case SERVER_LOGIN_DATA_ROW: /* of a query; there is none */
        break;
    case SERVER_LOGIN_READY:
        on_ready(server);
        break;
    case SERVER_LOGIN_ERROR:
        fail_with_message(server, message);
        break;
    case SERVER_LOGIN_ASKS_PASSWORD:
        on_password_request(server, message);
        break;
    case SERVER_LOGIN_INVALID:
        fail_with(server, CONNECT_FAILURE_PERMANENT, PROXY_REFUSAL_OTHER,
                  "the server does not speak PostgreSQL's protocol");
        break;
    }
}

/* An event can end the login, so the state is checked after each. */
static void login_data(struct server *server, struct text bytes)
{
    struct frame message;
    enum server_login_event event = SERVER_LOGIN_READY;
    server_login_add(&server->login, bytes);
    while ((server->state == SERVER_LOGIN || server->state == SERVER_TOKEN) &&
           event != SERVER_LOGIN_NEEDS_MORE) {
        event = server_login_next(&server->login, &message);
        on_login_event(server, event, &message);
    }
}

/* Bytes that come before the owner has begun wait with those of the login. */
static void ready_data(struct server *server, struct text bytes)
{
    if (server->is_begun) {
        server->events->on_data(server->arg, bytes);
    } else {
        server_login_add(&server->login, bytes);
    }
}

void server_begin(struct server *server)
{
    struct server_login login = server->login;
    server->is_begun = true;
    server_login_init(&server->login, NULL);
    memcpy(server->login.cancel_key, login.cancel_key, sizeof login.cancel_key);
    server->login.has_cancel_key = login.has_cancel_key;
    struct text rest = server_login_rest(&login);
    if (!text_is_empty(rest)) {
        server->events->on_data(server->arg, rest);
    }
    server_login_clear(&login);
}

/* ---- The rows ---------------------------------------------------------- */

static void login_end(struct server *server)
{
    fail_with(server, CONNECT_FAILURE_UNREACHABLE, PROXY_REFUSAL_UNREACHABLE,
              "the server closed the connection during the login");
}

static void ready_end(struct server *server)
{
    server->events->on_end(server->arg);
}

static void login_timeout(struct server *server)
{
    fail_with(server, CONNECT_FAILURE_UNREACHABLE, PROXY_REFUSAL_UNREACHABLE,
              "the server did not complete the login in time");
}

static const struct server_rules rules[SERVER_STATES] = {
    [SERVER_CONNECTING] =
        {
            .may_follow =
                SERVER_BIT(SERVER_LOGIN) | SERVER_BIT(SERVER_FAILED) | SERVER_BIT(SERVER_CLOSED),
            .on_timeout = login_timeout,
        },
    [SERVER_LOGIN] =
        {
            .may_follow = SERVER_BIT(SERVER_TOKEN) | SERVER_BIT(SERVER_READY) |
                          SERVER_BIT(SERVER_FAILED) | SERVER_BIT(SERVER_CLOSED),
            .on_data = login_data,
            .on_end = login_end,
            .on_timeout = login_timeout,
        },
    [SERVER_TOKEN] =
        {
            .may_follow =
                SERVER_BIT(SERVER_LOGIN) | SERVER_BIT(SERVER_FAILED) | SERVER_BIT(SERVER_CLOSED),
            .on_data = login_data,
            .on_end = login_end,
            .on_timeout = login_timeout,
        },
    [SERVER_READY] =
        {
            .may_follow = SERVER_BIT(SERVER_ENDING) | SERVER_BIT(SERVER_CLOSED),
            .on_data = ready_data,
            .on_end = ready_end,
        },
    [SERVER_FAILED] = {.may_follow = SERVER_BIT(SERVER_CLOSED)},
    [SERVER_ENDING] =
        {
            .may_follow = SERVER_BIT(SERVER_CLOSED),
            .on_end = close_now,
            .on_timeout = close_now,
        },
    [SERVER_CLOSED] = {0},
};

/* ---- Events ------------------------------------------------------------ */

static void on_link_data(void *arg, struct text bytes)
{
    struct server *server = arg;
    server->shared->counters->bytes_from_servers += bytes.len;
    if (rules[server->state].on_data != NULL) {
        rules[server->state].on_data(server, bytes);
    }
}

static void on_link_end(void *arg)
{
    struct server *server = arg;
    if (rules[server->state].on_end != NULL) {
        rules[server->state].on_end(server);
    }
}

static void on_link_drain(void *arg)
{
    struct server *server = arg;
    if (server->state == SERVER_READY && server->is_begun) {
        server->events->on_drain(server->arg);
    }
}

static const struct link_events link_events = {on_link_open, on_link_failed, on_link_data,
                                               on_link_end, on_link_drain};

static void on_timer(uv_timer_t *timer)
{
    struct server *server = timer->data;
    if (rules[server->state].on_timeout != NULL) {
        rules[server->state].on_timeout(server);
    }
}

static void start_timer(struct server *server, int64_t ms)
{
    uv_timer_start(&server->timer, on_timer, (uint64_t)ms, 0);
}

/* ---- For the owner ----------------------------------------------------- */

static void init(struct server *server, struct server_shared *shared, enum token_action action)
{
    server->shared = shared;
    server->action = action;
    server->password.password = shared->password;
    server->waiter =
        (struct mint_waiter){.on_token = on_token, .on_failure = on_token_failure, .arg = server};
    server_login_init(&server->login, NULL);
    server->login.is_key_hidden = true;
    buf_init(&server->startup, STARTUP_MAX_SIZE);
    buf_init(&server->failure.message, 2 * MESSAGE_MAX);
}

struct server *server_open(struct server_shared *shared, enum token_action action,
                           struct text startup, const struct server_events *events, void *arg)
{
    struct server *server = mem_new(sizeof *server);
    if (server == NULL) {
        return NULL;
    }
    init(server, shared, action);
    server_give(server, events, arg);
    buf_add_text(&server->startup, startup);
    if (!buf_ok(&server->startup) ||
        !link_open(&server->link, shared->loop, &shared->target, &link_events, server)) {
        buf_clear(&server->startup);
        mem_free(server);
        return NULL;
    }
    uv_timer_init(shared->loop, &server->timer); /* always 0 */
    server->timer.data = server;
    server->open_handles = 2; /* link and timer */
    start_timer(server, shared->login_timeout_ms);
    return server;
}

void server_give(struct server *server, const struct server_events *events, void *arg)
{
    server->events = events;
    server->arg = arg;
}

struct stream *server_stream(const struct server *server)
{
    return server->link.stream;
}

struct text server_cancel_key(const struct server *server)
{
    return server_login_cancel_key(&server->login);
}
