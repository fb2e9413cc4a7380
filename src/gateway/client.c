/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * See client.h.  set_state() is the only function that changes the state; what may
 * follow what stands in the table above it.
 */
#include "gateway/client.h"

#include "base/memory.h"
#include "config/settings.h"
#include "gateway/access.h"
#include "gateway/parameters.h"
#include "gateway/sql_rewriter.h"
#include "net/stream.h"
#include "net/tls.h"
#include "session/relay.h"
#include "token/verify.h"
#include "wire/backend.h"

#include <assert.h>

enum client_state {
    CLIENT_PLAIN,     /* not encrypted: only requests for TLS and cancels */
    CLIENT_SECURE,    /* TLS under way; its startup message is awaited */
    CLIENT_PASSWORD,  /* asked for the token */
    CLIENT_OPENING,   /* token good; connecting to the PostgreSQL behind */
    CLIENT_LOGIN,     /* our startup message is there; its greeting is collected */
    CLIENT_MAPPING,   /* asked whether the identity may be this role */
    CLIENT_RELAY,     /* logged in: bytes pass both ways */
    CLIENT_CANCELING, /* carries a cancel request, then ends */
    CLIENT_ENDING,    /* last words are on their way out */
    CLIENT_CLOSED     /* handles are closing; freed with the last of them */
};

enum {
    TLS_HANDSHAKE_BYTE = 0x16,
    LINGER_MS = 1000,
    PASSWORD_FRAME_MAX = TOKEN_MAX_SIZE + 8,
    IN_MAX = PASSWORD_FRAME_MAX + STARTUP_MAX_SIZE + 4 * STREAM_CHUNK_SIZE,
    GREETING_MAX = 65536,
    OUT_MAX = 65536
};

#define SERVER_VERSION "16.15"

struct client {
    struct client_shared *shared;
    struct client *next;
    struct client *previous;
    enum client_state state;
    struct stream *stream;
    struct stream *upstream; /* NULL until CLIENT_OPENING */
    uv_timer_t timer;        /* login, then session, then lingering */
    int open_handles;
    bool is_admitted;
    bool is_mapped;           /* the database said yes */
    bool has_server_greeting; /* authenticated upstream */
    bool is_ended;            /* no more comes from the client ... */
    bool is_upstream_ended;   /* ... and from the server */
    char user[SETTINGS_NAME_SIZE];
    char arn[GATEWAY_IDENTITY_ARN_SIZE];
    struct buf in;          /* from the client, secret: the token passes through */
    struct buf upstream_in; /* from the server, before the relay */
    struct buf to_upstream; /* the startup message or cancel request for it */
    struct buf greeting;    /* for the client, once it is in */
    struct relay relay;
    struct sql_rewriter rewriter; /* of what the client sends through the relay */
};

/* ---- Life and states --------------------------------------------------- */

#define BIT(state) (1U << (state))
#define ENDS       (BIT(CLIENT_ENDING) | BIT(CLIENT_CLOSED))

static const unsigned may_follow[] = {
    [CLIENT_PLAIN] = BIT(CLIENT_SECURE) | BIT(CLIENT_CANCELING) | ENDS,
    [CLIENT_SECURE] = BIT(CLIENT_PASSWORD) | BIT(CLIENT_CANCELING) | ENDS,
    [CLIENT_PASSWORD] = BIT(CLIENT_OPENING) | ENDS,
    [CLIENT_OPENING] = BIT(CLIENT_LOGIN) | ENDS,
    [CLIENT_LOGIN] = BIT(CLIENT_MAPPING) | BIT(CLIENT_RELAY) | ENDS,
    [CLIENT_MAPPING] = BIT(CLIENT_RELAY) | ENDS,
    [CLIENT_RELAY] = ENDS,
    [CLIENT_CANCELING] = ENDS,
    [CLIENT_ENDING] = BIT(CLIENT_CLOSED),
    [CLIENT_CLOSED] = 0,
};

static void set_state(struct client *client, enum client_state state)
{
    bool may = (may_follow[client->state] & BIT(state)) != 0;
    assert(may);
    (void)may;
    client->state = state;
}

static const struct gateway_options *options_of(const struct client *client)
{
    return client->shared->options;
}

static void unlink_client(struct client *client)
{
    struct client_shared *shared = client->shared;
    if (client->previous != NULL) {
        client->previous->next = client->next;
    } else {
        shared->first = client->next;
    }
    if (client->next != NULL) {
        client->next->previous = client->previous;
    }
    shared->admitted -= client->is_admitted ? 1 : 0;
}

static void link_client(struct client *client)
{
    struct client_shared *shared = client->shared;
    client->next = shared->first;
    if (shared->first != NULL) {
        shared->first->previous = client;
    }
    shared->first = client;
}

static void free_buffers(struct client *client)
{
    buf_clear(&client->in);
    buf_clear(&client->upstream_in);
    buf_clear(&client->to_upstream);
    buf_clear(&client->greeting);
    sql_rewriter_clear(&client->rewriter);
}

static void on_handle_gone(void *arg)
{
    struct client *client = arg;
    struct client_shared *shared = client->shared;
    client->open_handles--;
    if (client->open_handles > 0) {
        return;
    }
    unlink_client(client);
    free_buffers(client);
    mem_free(client);
    shared->on_gone(shared->arg);
}

static void on_timer_gone(uv_handle_t *handle)
{
    on_handle_gone(handle->data);
}

static void close_now(struct client *client)
{
    if (client->state == CLIENT_CLOSED) {
        return;
    }
    set_state(client, CLIENT_CLOSED);
    uv_timer_stop(&client->timer);
    uv_close((uv_handle_t *)&client->timer, on_timer_gone);
    if (client->stream != NULL) {
        stream_close(client->stream, on_handle_gone);
    }
    if (client->upstream != NULL) {
        stream_close(client->upstream, on_handle_gone);
    }
}

/* Both sides have heard the last words: no need to linger. */
static void close_if_ended(struct client *client)
{
    bool is_upstream_done = client->upstream == NULL || client->is_upstream_ended;
    if (client->state == CLIENT_ENDING && client->is_ended && is_upstream_done) {
        close_now(client);
    }
}

static void on_timer(uv_timer_t *timer);

/* Lets what was written reach the client, for a moment. */
static void end_softly(struct client *client)
{
    if (client->state >= CLIENT_ENDING) {
        return;
    }
    set_state(client, CLIENT_ENDING);
    buf_clear(&client->in);
    uv_timer_start(&client->timer, on_timer, LINGER_MS, 0);
    if (client->upstream != NULL) {
        stream_finish(client->upstream);
    }
    stream_finish(client->stream);
    close_if_ended(client);
}

static void send_to(struct stream *stream, const struct buf *bytes)
{
    if (buf_ok(bytes)) {
        stream_write(stream, buf_text(bytes));
    }
}

static void end_with(struct client *client, const struct fatal_error *error)
{
    if (client->state >= CLIENT_ENDING) {
        return;
    }
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    fatal_error_write(error, &out);
    /* Nothing of ours may stand in the middle of a message of the server. */
    if (client->state != CLIENT_RELAY || relay_may_insert(&client->relay)) {
        send_to(client->stream, &out);
    }
    log_write(&options_of(client)->logger, DSQL_LOG_INFO, "connection ended: %s %s %s",
              error->sqlstate, error->message, error->hint);
    end_softly(client);
}

static void end_because(struct client *client, const char *sqlstate, const char *message)
{
    struct fatal_error error;
    fatal_error_set(&error, sqlstate, "%s", message);
    end_with(client, &error);
}

static void deny(struct client *client)
{
    struct fatal_error error;
    fatal_error_set_access_denied(&error, "User: %s is not authorized to access this resource",
                                  client->arn);
    end_with(client, &error);
}

static void on_timer(uv_timer_t *timer)
{
    struct client *client = timer->data;
    if (client->state == CLIENT_RELAY) {
        end_because(client, "57P01",
                    "terminating connection because it reached the maximum connection duration");
        return;
    }
    close_now(client); /* too slow to log in, or to hear the last words */
}

static void start_timer(struct client *client, int64_t ms)
{
    if (ms >= 0) {
        uv_timer_start(&client->timer, on_timer, (uint64_t)ms, 0);
    } else {
        uv_timer_stop(&client->timer);
    }
}

/* ---- The PostgreSQL behind --------------------------------------------- */

static void relay_from_client(struct client *client, struct text bytes)
{
    struct text out;
    if (!sql_rewriter_rewrite(&client->rewriter, bytes, &out) ||
        !relay_client_data(&client->relay, out)) {
        end_because(client, "08P01", "invalid message length");
    }
}

static void enter_relay(struct client *client)
{
    set_state(client, CLIENT_RELAY);
    send_to(client->stream, &client->greeting);
    buf_clear(&client->greeting);
    start_timer(client, options_of(client)->session_s < 0
                            ? -1
                            : (int64_t)options_of(client)->session_s * 1000);
    relay_init(&client->relay, client->stream, client->upstream);
    stream_resume(client->stream);
    /* What came behind the password, from a client that does not wait. */
    struct buf early = client->in;
    buf_init_secret(&client->in, IN_MAX);
    relay_from_client(client, buf_text(&early));
    buf_clear(&early);
}

static void ask_mapping(struct client *client)
{
    struct buf query AUTO_BUF;
    struct buf message AUTO_BUF;
    buf_init(&query, OUT_MAX / 2);
    buf_init(&message, OUT_MAX);
    bool is_made = access_mapping_query(text_of(client->arn), &query);
    buf_add_char(&query, '\0');
    frame_write(&message, FRONTEND_QUERY, buf_text(&query));
    if (!is_made || !buf_ok(&query) || !buf_ok(&message)) {
        deny(client);
        return;
    }
    set_state(client, CLIENT_MAPPING);
    stream_write(client->upstream, buf_text(&message));
}

static bool is_admin(const struct client *client)
{
    return text_equal_string(text_of(client->user), SETTINGS_ADMIN_USER);
}

static void on_upstream_ready(struct client *client, struct text body)
{
    if (client->state == CLIENT_LOGIN) {
        if (!client->has_server_greeting) {
            end_because(client, "08006", "unable to accept connection, server unavailable");
        } else if (is_admin(client)) {
            frame_write(&client->greeting, BACKEND_READY, body);
            enter_relay(client);
        } else {
            ask_mapping(client);
        }
        return;
    }
    if (!client->is_mapped) {
        deny(client);
        return;
    }
    frame_write(&client->greeting, BACKEND_READY, body);
    enter_relay(client);
}

static void on_upstream_parameter(struct client *client, struct text body)
{
    struct text name;
    struct text value;
    if (!backend_parse_parameter(body, &name, &value)) {
        return;
    }
    if (text_equal_string(name, "server_version")) {
        value = text_of(SERVER_VERSION);
    }
    backend_write_parameter(&client->greeting, name, value);
}

static void on_upstream_error(struct client *client, struct text body)
{
    struct error_fields fields;
    bool is_read = backend_parse_error(body, &fields);
    log_write(&options_of(client)->logger, DSQL_LOG_WARN, "the database refused a login: %.*s",
              is_read ? (int)fields.message.len : 0, fields.message.data);
    /* No such role looks as no mapping does: names are not for guessing. */
    if (!is_read || client->state == CLIENT_MAPPING || text_starts_with(fields.sqlstate, "28")) {
        deny(client);
        return;
    }
    struct buf out AUTO_BUF;
    buf_init(&out, GREETING_MAX);
    frame_write(&out, BACKEND_ERROR, body);
    send_to(client->stream, &out);
    end_softly(client);
}

static void on_upstream_authentication(struct client *client, struct text body)
{
    uint32_t code = 0;
    if (!backend_parse_authentication(body, &code) || code != AUTHENTICATION_OK) {
        log_write(&options_of(client)->logger, DSQL_LOG_ERROR,
                  "the database asks the gateway for a password; it must trust the socket");
        end_because(client, "08006", "unable to accept connection, server unavailable");
        return;
    }
    client->has_server_greeting = true;
    backend_write_authentication(&client->greeting, AUTHENTICATION_OK);
}

static void on_upstream_row(struct client *client, struct text body)
{
    struct text value;
    client->is_mapped = client->state == CLIENT_MAPPING &&
                        backend_parse_single_column(body, &value) && text_equal_string(value, "t");
}

static void on_upstream_message(struct client *client, const struct frame *frame)
{
    switch (frame->type) {
    case BACKEND_AUTHENTICATION:
        on_upstream_authentication(client, frame->body);
        break;
    case BACKEND_PARAMETER_STATUS:
        on_upstream_parameter(client, frame->body);
        break;
    case BACKEND_ERROR:
        on_upstream_error(client, frame->body);
        break;
    case BACKEND_READY:
        on_upstream_ready(client, frame->body);
        break;
    case BACKEND_DATA_ROW:
        on_upstream_row(client, frame->body);
        break;
    default: /* key data, notices; of our own query nothing else is the client's */
        if (client->state == CLIENT_LOGIN) {
            frame_write(&client->greeting, frame->type, frame->body);
        }
    }
}

/* What the server sent behind its greeting. */
static void relay_rest(struct client *client)
{
    bool is_fine = relay_server_data(&client->relay, buf_text(&client->upstream_in));
    buf_clear(&client->upstream_in);
    if (!is_fine) {
        end_softly(client);
    }
}

static bool is_logging_in(const struct client *client)
{
    return client->state == CLIENT_LOGIN || client->state == CLIENT_MAPPING;
}

static void read_upstream_login(struct client *client, struct text bytes)
{
    buf_add_text(&client->upstream_in, bytes);
    struct frame frame = {0};
    enum frame_result result = FRAME_COMPLETE;
    while (result == FRAME_COMPLETE && is_logging_in(client)) {
        result = frame_next(buf_text(&client->upstream_in), GREETING_MAX, &frame);
        if (result == FRAME_COMPLETE) {
            on_upstream_message(client, &frame);
            buf_drop(&client->upstream_in, frame.size);
        }
    }
    if (result == FRAME_MALFORMED || !buf_ok(&client->upstream_in) || !buf_ok(&client->greeting)) {
        end_because(client, "08006", "unable to accept connection, server unavailable");
    }
    if (client->state == CLIENT_RELAY) {
        relay_rest(client);
    }
}

static void on_upstream_data(void *arg, struct text bytes)
{
    struct client *client = arg;
    if (client->state == CLIENT_RELAY) {
        if (!relay_server_data(&client->relay, bytes)) {
            end_softly(client);
        }
        return;
    }
    if (is_logging_in(client)) {
        read_upstream_login(client, bytes);
    }
}

static void on_upstream_open(void *arg, bool is_open)
{
    struct client *client = arg;
    if (client->state >= CLIENT_ENDING) {
        return;
    }
    if (!is_open) {
        end_because(client, "08006", "unable to accept connection, server unavailable");
        return;
    }
    send_to(client->upstream, &client->to_upstream);
    if (client->state == CLIENT_OPENING) {
        set_state(client, CLIENT_LOGIN);
    }
}

static void on_upstream_end(void *arg)
{
    struct client *client = arg;
    client->is_upstream_ended = true;
    close_if_ended(client);
    if (client->state == CLIENT_CANCELING) {
        end_softly(client); /* as PostgreSQL: closing is the answer to a cancel */
        return;
    }
    if (client->state == CLIENT_RELAY && relay_end_is_explained(&client->relay)) {
        end_softly(client);
        return;
    }
    if (client->state == CLIENT_RELAY) {
        end_because(client, "57P01", "terminating connection because the database server ended");
        return;
    }
    end_because(client, "08006", "unable to accept connection, server unavailable");
}

static void on_upstream_drain(void *arg)
{
    struct client *client = arg;
    if (client->state == CLIENT_RELAY) {
        relay_server_drained(&client->relay);
    }
}

static const struct stream_events upstream_events = {on_upstream_open, on_upstream_data,
                                                     on_upstream_end, on_upstream_drain};

static void open_upstream(struct client *client, enum client_state state)
{
    set_state(client, state);
    client->upstream = stream_connect_unix(
        client->shared->loop, options_of(client)->upstream_socket, &upstream_events, client);
    if (client->upstream == NULL) {
        close_now(client);
        return;
    }
    client->open_handles++;
}

/* ---- The client before the relay --------------------------------------- */

static int64_t now_s(const struct client *client)
{
    return clock_wall_s(options_of(client)->clock);
}

/* False: more bytes are needed, or it is over. */
static bool take_password(struct client *client)
{
    struct frame frame;
    enum frame_result result = frame_next(buf_text(&client->in), PASSWORD_FRAME_MAX, &frame);
    if (result == FRAME_NEEDS_MORE) {
        return false;
    }
    struct text password = text_of("");
    struct text behind = text_of("");
    if (result == FRAME_MALFORMED || frame.type != FRONTEND_PASSWORD ||
        !text_cut(frame.body, '\0', &password, &behind) || behind.len > 0) {
        end_because(client, "08P01", "expected password response");
        return false;
    }
    struct fatal_error error;
    if (!access_check_token(options_of(client), client->user, password, now_s(client), client->arn,
                            &error)) {
        end_with(client, &error);
        return false;
    }
    buf_drop(&client->in, frame.size);
    stream_pause(client->stream);
    open_upstream(client, CLIENT_OPENING);
    return false;
}

static bool check_name(struct client *client, struct fatal_error *error)
{
    struct text name = tls_server_name(stream_ssl(client->stream));
    if (text_is_empty(name)) {
        return fatal_error_set(error, "08006", "unable to accept connection, sni was not received");
    }
    if (!text_equal_nocase(name, text_of(options_of(client)->endpoint)) &&
        !text_equal_nocase(name, text_of("localhost"))) {
        return fatal_error_set_access_denied(error, "No cluster of this name here: %.*s",
                                             (int)(name.len < 255 ? name.len : 255), name.data);
    }
    return true;
}

static bool admit(struct client *client, struct fatal_error *error)
{
    struct client_shared *shared = client->shared;
    const struct gateway_options *options = options_of(client);
    if (!rate_limit_take(&shared->rate, clock_monotonic_ms(options->clock))) {
        return fatal_error_set(error, "53400", "Unable to accept connection, rate exceeded.");
    }
    if (options->max_connections >= 0 && shared->admitted >= options->max_connections) {
        return fatal_error_set(error, "53300",
                               "Unable to accept connection, too many open connections.");
    }
    client->is_admitted = true;
    shared->admitted++;
    return true;
}

static bool check_startup(struct client *client, const struct startup *startup,
                          struct fatal_error *error)
{
    struct text user = startup_value(startup, "user");
    return check_name(client, error) && admit(client, error) && access_check_user(user, error) &&
           parameters_translate(startup, &client->to_upstream, error) &&
           text_copy(user, client->user, sizeof client->user);
}

/* Protocol 3.2 and options of the protocol: we speak 3.0 and know none. */
static void negotiate(const struct startup *startup, struct buf *out)
{
    struct text unknown[STARTUP_MAX_PARAMETERS];
    size_t count = 0;
    for (size_t i = 0; i < startup->parameter_count; i++) {
        if (text_starts_with(startup->parameters[i].name, "_pq_.")) {
            unknown[count] = startup->parameters[i].name;
            count++;
        }
    }
    if (startup->minor > 0 || count > 0) {
        backend_write_negotiate(out, 0, unknown, count);
    }
}

static void begin_session(struct client *client, const struct startup *startup)
{
    struct fatal_error error;
    fatal_error_set(&error, "08P01", "invalid startup packet");
    if (!check_startup(client, startup, &error)) {
        end_with(client, &error);
        return;
    }
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    negotiate(startup, &out);
    backend_write_authentication(&out, AUTHENTICATION_CLEARTEXT);
    set_state(client, CLIENT_PASSWORD);
    send_to(client->stream, &out);
}

static void begin_cancel(struct client *client, const struct startup *startup)
{
    buf_add_text(&client->to_upstream, text_slice(buf_text(&client->in), 0, startup->size));
    open_upstream(client, CLIENT_CANCELING);
}

static void begin_tls(struct client *client)
{
    set_state(client, CLIENT_SECURE);
    struct buf early = client->in;
    buf_init_secret(&client->in, IN_MAX);
    if (!stream_start_tls(client->stream, client->shared->tls, buf_text(&early))) {
        close_now(client);
    }
    buf_clear(&early);
}

/* Nothing may stand behind the request: it would be taken for encrypted (CVE-2021-23214). */
static bool answer_encryption(struct client *client, const struct startup *startup)
{
    if (client->in.len != startup->size || client->state != CLIENT_PLAIN) {
        close_now(client);
        return false;
    }
    bool is_tls = startup->kind == STARTUP_SSL_REQUEST;
    stream_write(client->stream, text_of(is_tls ? "S" : "N"));
    buf_reset(&client->in);
    if (is_tls && client->state == CLIENT_PLAIN) {
        begin_tls(client);
    }
    return false;
}

static void refuse_unencrypted(struct client *client)
{
    end_because(client, "28000",
                "connections must use TLS; connect with sslmode=verify-full, or at least "
                "sslmode=require");
}

static bool take_startup(struct client *client)
{
    struct startup startup;
    enum startup_result result = startup_parse(buf_text(&client->in), &startup);
    if (result == STARTUP_MALFORMED) {
        close_now(client);
    }
    if (result != STARTUP_COMPLETE) {
        return false;
    }
    switch (startup.kind) {
    case STARTUP_SSL_REQUEST:
    case STARTUP_GSSENC_REQUEST:
        return answer_encryption(client, &startup);
    case STARTUP_CANCEL_REQUEST:
        begin_cancel(client, &startup);
        return false;
    case STARTUP_SESSION:
        break;
    }
    if (client->state == CLIENT_PLAIN) {
        refuse_unencrypted(client);
        return false;
    }
    begin_session(client, &startup);
    buf_drop(&client->in, startup.size);
    return client->state == CLIENT_PASSWORD;
}

static bool take_first(struct client *client)
{
    if (client->in.len > 0 && client->in.data[0] == TLS_HANDSHAKE_BYTE) {
        begin_tls(client);
        return false;
    }
    return take_startup(client);
}

/* One step; true when the next may already be there. */
static bool take_next(struct client *client)
{
    switch (client->state) {
    case CLIENT_PLAIN:
        return take_first(client);
    case CLIENT_SECURE:
        return take_startup(client);
    case CLIENT_PASSWORD:
        return take_password(client);
    default:
        return false;
    }
}

static void on_data(void *arg, struct text bytes)
{
    struct client *client = arg;
    if (client->state == CLIENT_RELAY) {
        relay_from_client(client, bytes);
        return;
    }
    buf_add_text(&client->in, bytes);
    if (!buf_ok(&client->in)) {
        close_now(client);
        return;
    }
    bool is_more = true;
    while (is_more) {
        is_more = take_next(client);
    }
}

static void on_end(void *arg)
{
    struct client *client = arg;
    client->is_ended = true;
    close_if_ended(client);
    if (client->state == CLIENT_RELAY) {
        end_softly(client); /* what it sent last still goes to the server */
        return;
    }
    if (client->state < CLIENT_RELAY) {
        close_now(client);
    }
}

static void on_drain(void *arg)
{
    struct client *client = arg;
    if (client->state == CLIENT_RELAY) {
        relay_client_drained(&client->relay);
    }
}

static void on_open(void *arg, bool is_open)
{
    (void)arg;
    (void)is_open;
}

static const struct stream_events client_events = {on_open, on_data, on_end, on_drain};

/* ---- For the gateway --------------------------------------------------- */

static struct client *client_new(struct client_shared *shared)
{
    struct client *client = mem_new(sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    client->shared = shared;
    buf_init_secret(&client->in, IN_MAX);
    buf_init(&client->upstream_in, GREETING_MAX + STREAM_CHUNK_SIZE);
    buf_init(&client->to_upstream, STARTUP_MAX_SIZE);
    buf_init(&client->greeting, GREETING_MAX);
    sql_rewriter_init(&client->rewriter);
    return client;
}

void client_accept(struct client_shared *shared, uv_stream_t *server)
{
    struct client *client = client_new(shared);
    if (client == NULL) {
        return; /* it waits in the backlog */
    }
    client->stream = stream_accept(server, &client_events, client);
    if (client->stream == NULL || uv_timer_init(shared->loop, &client->timer) != 0) {
        log_write(&shared->options->logger, DSQL_LOG_ERROR, "could not accept a connection");
        mem_free(client);
        return;
    }
    client->timer.data = client;
    client->open_handles = 2;
    link_client(client);
    start_timer(client, shared->options->login_timeout_ms);
}

void client_stop_all(struct client_shared *shared)
{
    struct client *client = shared->first;
    while (client != NULL) {
        struct client *next = client->next;
        end_because(client, "57P01", "terminating connection due to administrator command");
        client = next;
    }
}
