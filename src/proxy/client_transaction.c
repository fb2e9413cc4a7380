/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever happens, pump() then offers the client's bytes again: a connection that was lent, and an
 * answer that came, may be what they have waited for.
 */
#include "proxy/client_transaction.h"

#include "base/memory.h"
#include "proxy/client_relay.h"
#include "proxy/pools.h"
#include "session/client_end.h"
#include "session/client_input.h"
#include "session/startup_options.h"
#include "wire/backend.h"

enum {
    GREETING_MAX = 131072,
    AHEAD_MAX = 32768, /* bytes that wait; then the client is not read any more */
    IN_MAX = TRANSACTION_UNTAKEN_MAX + 2 * STREAM_QUEUE_HIGH,
    ANSWER_MS = 5000 /* of a connection that is set up, or was idle for long */
};

struct proxy_transaction {
    struct transaction_client link;
    struct pool *pool;
    struct pool_request request;
    struct pooled *pooled; /* what is lent to it; NULL: nothing */
    struct buf in;         /* what the client has sent and was not taken yet */
    int64_t waiting_since_ms;
    bool is_backing_off; /* after a conflict */
    bool is_paused;      /* the client is not read */
    bool is_pumping;
};

static void pump(struct session_client *session);
static void ask(struct session_client *session);

static struct proxy_transaction *transaction_of(struct session_client *session)
{
    return proxy_client_of(session)->transaction;
}

/* ---- Writing ----------------------------------------------------------- */

/* The memory is given back: most clients are idle. */
static void flush_client(struct session_client *session)
{
    struct proxy_transaction *own = transaction_of(session);
    if (own->link.out.len == 0) {
        return;
    }
    /* The position is needed for an error that ends the session; the framing was checked before. */
    (void)!frame_scan(&session->relay.from_server, buf_text(&own->link.out));
    stream_write(session->stream, buf_text(&own->link.out));
    buf_clear(&own->link.out);
    if (own->pooled != NULL && own->pooled->server != NULL &&
        stream_is_congested(session->stream)) {
        stream_pause(server_stream(own->pooled->server));
    }
}

static void flush_server(struct session_client *session)
{
    struct proxy_transaction *own = transaction_of(session);
    struct pooled *pooled = own->pooled;
    if (pooled == NULL || pooled->server == NULL || pooled->transaction.out.len == 0) {
        return;
    }
    struct stream *stream = server_stream(pooled->server);
    stream_write(stream, buf_text(&pooled->transaction.out));
    buf_clear(&pooled->transaction.out);
    if (stream_is_congested(stream)) {
        stream_pause(session->stream);
    }
}

static void pause_client(struct session_client *session)
{
    struct proxy_transaction *own = transaction_of(session);
    if (!own->is_paused && own->in.len > AHEAD_MAX) {
        own->is_paused = true;
        stream_pause(session->stream);
    }
}

static void resume_client(struct session_client *session)
{
    struct proxy_transaction *own = transaction_of(session);
    if (own->is_paused && own->in.len <= AHEAD_MAX) {
        own->is_paused = false;
        stream_resume(session->stream);
    }
}

/* ---- The end ----------------------------------------------------------- */

static void give_back(struct proxy_client *client)
{
    struct proxy_transaction *own = client->transaction;
    struct pooled *pooled = own->pooled;
    if (pooled == NULL) {
        return;
    }
    bool is_usable = transaction_take_back(&pooled->transaction) && pooled->in.len == 0;
    own->pooled = NULL;
    client->server = NULL;
    if (pooled->server != NULL) {
        stream_resume(server_stream(pooled->server));
    }
    pool_return(pooled, is_usable);
}

void proxy_transaction_release(struct proxy_client *client)
{
    struct proxy_transaction *own = client->transaction;
    if (own == NULL) {
        return;
    }
    client->transaction = NULL;
    pool_withdraw(own->pool, &own->request);
    struct pooled *pooled = own->pooled;
    if (pooled != NULL) {
        bool is_usable = transaction_take_back(&pooled->transaction) && pooled->in.len == 0;
        client->server = NULL;
        pool_return(pooled, is_usable);
    }
    transaction_client_clear(&own->link);
    buf_clear(&own->in);
    mem_free(own);
}

static void fail_for(struct session_client *session, enum transaction_event event)
{
    switch (event) {
    case TRANSACTION_TERMINATE:
        session_end(session);
        break;
    case TRANSACTION_INVALID:
        session_fail_with(session, "08P01",
                          "invalid message format, or a message that does not fit here");
        break;
    default:
        session_fail_with(session, "53200", "the proxy is out of memory for this session");
        break;
    }
}

static void end_if_draining(struct session_client *session)
{
    const struct proxy_client *client = proxy_client_of(session);
    if (client->is_ending && !transaction_client_is_busy(&client->transaction->link)) {
        session_fail_with(session, "57P01", "terminating connection due to administrator command");
    }
}

void proxy_transaction_end_when_idle(struct session_client *session)
{
    proxy_client_of(session)->is_ending = true;
    end_if_draining(session);
}

/* ---- Data of the server ------------------------------------------------ */

static void begin_again(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    int64_t delay_ms = transaction_delay_ms(&client->transaction->link);
    give_back(client);
    client->transaction->is_backing_off = true;
    session_start_timer(session, delay_ms);
}

static void on_server_event(struct session_client *session, enum transaction_event event)
{
    struct proxy_client *client = proxy_client_of(session);
    switch (event) {
    case TRANSACTION_MORE:
    case TRANSACTION_WAITS:
        break;
    case TRANSACTION_FREE:
        give_back(client);
        break;
    case TRANSACTION_AGAIN:
        begin_again(session);
        break;
    case TRANSACTION_SET_UP_FAILED:
        session_fail_with(session, "08006",
                          "the parameters of the session could not be set on another connection");
        break;
    case TRANSACTION_INVALID:
        session_fail_with(session, "08P01", "the cluster has sent a message that does not fit");
        break;
    default:
        fail_for(session, event);
        break;
    }
}

static bool is_live(const struct session_client *session)
{
    return session->state == PROXY_TRANSACTION;
}

static void note_set_up(struct session_client *session, const struct pooled *pooled)
{
    if (pooled->transaction.set_up_left == 0) {
        session_start_timer(session, -1);
        proxy_client_of(session)->server = pooled->server;
    }
}

static void on_data(void *arg, struct text bytes)
{
    struct session_client *session = arg;
    struct proxy_transaction *own = transaction_of(session);
    struct pooled *pooled = own->pooled;
    bool was_set_up = pooled->transaction.set_up_left == 0;
    size_t taken = 0;
    buf_add_text(&pooled->in, pooled->in.len > 0 ? bytes : text_of(""));
    struct text all = pooled->in.len > 0 ? buf_text(&pooled->in) : bytes;
    enum transaction_event event = transaction_server_data(&pooled->transaction, all, &taken);
    if (pooled->in.len > 0) {
        buf_drop(&pooled->in, taken);
    } else {
        buf_add_text(&pooled->in, text_slice(bytes, taken, bytes.len));
    }
    if (pooled->in.len == 0 && pooled->in.capacity > 0) {
        buf_clear(&pooled->in);
    }
    flush_client(session);
    flush_server(session);
    if (!was_set_up) {
        note_set_up(session, pooled);
    }
    on_server_event(session, buf_ok(&pooled->in) ? event : TRANSACTION_NO_MEMORY);
    if (is_live(session)) {
        pump(session);
    }
}

/* Of a connection to which nothing of the client was sent: another one will do. */
static void ask_for_another(struct session_client *session)
{
    session_start_timer(session, -1);
    give_back(proxy_client_of(session));
    ask(session);
}

static void on_end(void *arg)
{
    struct session_client *session = arg;
    struct pooled *pooled = transaction_of(session)->pooled;
    if (pooled->transaction.set_up_left > 0) {
        ask_for_another(session);
        return;
    }
    bool is_idle = answers_are_complete(&pooled->transaction.answers) &&
                   pooled->transaction.answers.status == STATUS_IDLE;
    give_back(proxy_client_of(session));
    flush_client(session);
    if (is_idle) {
        session_fail_with(session, "57P01", "terminating connection because the cluster closed it");
    } else {
        session_fail_with(session, "08006",
                          "the connection to the cluster was lost; the outcome of the last "
                          "statement is not known");
    }
}

static void on_drain(void *arg)
{
    struct session_client *session = arg;
    if (!transaction_of(session)->is_paused) {
        stream_resume(session->stream);
    }
}

/* ---- Being lent to ----------------------------------------------------- */

static void greet(struct session_client *session);

static void use(struct session_client *session, struct pooled *pooled, bool is_unchecked)
{
    struct proxy_client *client = proxy_client_of(session);
    struct proxy_transaction *own = client->transaction;
    own->pooled = pooled;
    if (!transaction_lend(&own->link, &pooled->transaction, is_unchecked)) {
        fail_for(session, TRANSACTION_NO_MEMORY);
        return;
    }
    if (pooled->transaction.set_up_left > 0) {
        session_start_timer(session, ANSWER_MS);
    } else {
        client->server = pooled->server; /* from now on a cancel request is for it */
    }
    flush_server(session);
    pump(session);
}

static void on_lent(void *arg, struct pooled *pooled, bool is_unchecked)
{
    struct session_client *session = arg;
    struct proxy_client *client = proxy_client_of(session);
    int64_t now_ms = clock_monotonic_ms(session->shared->clock);
    proxy_waits_add(&client->cluster->counters.waits,
                    now_ms - client->transaction->waiting_since_ms);
    if (is_live(session)) {
        use(session, pooled, is_unchecked);
        return;
    }
    pool_return(pooled, true); /* its greeting was all that was needed */
    greet(session);
}

/* The conflict that is held is the answer, if there is one. */
static void on_expired(void *arg)
{
    struct session_client *session = arg;
    struct proxy_transaction *own = transaction_of(session);
    if (own->link.is_again) {
        transaction_give_up(&own->link);
        flush_client(session);
        pump(session);
        return;
    }
    proxy_client_fail_wait(session);
}

static void on_failed(void *arg, const struct server_failure *failure)
{
    proxy_client_fail_connect(arg, failure);
}

static const struct pool_events pool_events = {.on_lent = on_lent,
                                               .on_expired = on_expired,
                                               .on_failed = on_failed,
                                               .on_data = on_data,
                                               .on_end = on_end,
                                               .on_drain = on_drain};

static void ask(struct session_client *session)
{
    struct proxy_transaction *own = transaction_of(session);
    int64_t now_ms = clock_monotonic_ms(session->shared->clock);
    if (own->request.waiter.is_waiting) {
        return;
    }
    own->waiting_since_ms = now_ms;
    own->request.events = &pool_events;
    own->request.arg = session;
    pool_request(own->pool, &own->request, now_ms + proxy_client_options(session)->wait_ms);
}

/* ---- Data of the client ------------------------------------------------ */

static enum transaction_event offer(struct session_client *session)
{
    struct proxy_transaction *own = transaction_of(session);
    size_t taken = 0;
    enum transaction_event event = transaction_client_data(&own->link, buf_text(&own->in), &taken);
    buf_drop(&own->in, taken);
    if (own->in.len == 0 && own->in.capacity > 0) {
        buf_clear(&own->in);
    }
    flush_server(session);
    flush_client(session);
    return event;
}

/* A connection may be lent at once; then the loop goes on with it. */
static void pump_once(struct session_client *session, bool *is_again)
{
    struct proxy_transaction *own = transaction_of(session);
    enum transaction_event event = own->in.len > 0 ? offer(session) : TRANSACTION_MORE;
    *is_again = false;
    switch (event) {
    case TRANSACTION_NEEDS_SERVER:
        ask(session);
        *is_again = is_live(session) && transaction_of(session)->pooled != NULL;
        break;
    case TRANSACTION_MORE:
    case TRANSACTION_WAITS:
        break;
    default:
        fail_for(session, event);
        break;
    }
}

static void pump(struct session_client *session)
{
    struct proxy_transaction *own = transaction_of(session);
    bool is_again = true;
    if (own->is_pumping) {
        return;
    }
    own->is_pumping = true;
    while (is_again) {
        pump_once(session, &is_again);
    }
    if (!is_live(session)) {
        return; /* its memory is gone */
    }
    own->is_pumping = false;
    pause_client(session);
    resume_client(session);
    end_if_draining(session);
}

void proxy_transaction_data(struct session_client *session, struct text bytes)
{
    struct proxy_client *client = proxy_client_of(session);
    struct proxy_transaction *own = client->transaction;
    client->cluster->counters.bytes_from_clients += bytes.len;
    buf_add_text(&own->in, bytes);
    if (!buf_ok(&own->in)) {
        fail_for(session, TRANSACTION_NO_MEMORY);
        return;
    }
    pump(session);
}

void proxy_transaction_writable(struct session_client *session)
{
    const struct pooled *pooled = transaction_of(session)->pooled;
    if (pooled != NULL && pooled->server != NULL) {
        stream_resume(server_stream(pooled->server));
    }
}

/* The wait after a conflict is over, or a connection has not answered before it was used. */
void proxy_transaction_timeout(struct session_client *session)
{
    struct proxy_transaction *own = transaction_of(session);
    if (own->is_backing_off) {
        own->is_backing_off = false;
        ask(session);
    } else if (own->pooled != NULL && own->pooled->transaction.set_up_left > 0) {
        ask_for_another(session);
    }
}

/* ---- The beginning ----------------------------------------------------- */

/* False: no memory. */
static bool read_options(struct session_parameters *parameters, struct text value)
{
    struct startup_options options;
    struct text setting;
    bool is_fine = true;
    startup_options_init(&options, value);
    enum startup_option kind = startup_options_next(&options, &setting);
    while (is_fine && kind != STARTUP_OPTION_END) {
        struct text name;
        struct text setting_value;
        if (kind == STARTUP_OPTION_SETTING && text_cut(setting, '=', &name, &setting_value)) {
            is_fine = session_parameters_start(parameters, name, setting_value);
        }
        kind = startup_options_next(&options, &setting);
    }
    is_fine = is_fine && startup_options_ok(&options);
    startup_options_clear(&options);
    return is_fine;
}

static bool is_of_pool(struct text name)
{
    return text_equal_string(name, "user") || text_equal_string(name, "database") ||
           text_starts_with(name, "_pq_.");
}

/* What the cluster would get in session mode becomes the settings of the session. */
static bool read_startup(struct proxy_transaction *own, const struct startup *startup)
{
    bool is_fine = true;
    for (size_t i = 0; i < startup->parameter_count && is_fine; i++) {
        const struct startup_parameter *it = &startup->parameters[i];
        if (text_equal_string(it->name, "options")) {
            is_fine = read_options(&own->link.parameters, it->value);
        } else if (!is_of_pool(it->name)) {
            is_fine = session_parameters_start(&own->link.parameters, it->name, it->value);
        }
    }
    return is_fine;
}

static bool open_transaction(struct proxy_client *client)
{
    struct startup startup;
    if (startup_parse(buf_text(&client->startup), &startup) != STARTUP_COMPLETE) {
        return false;
    }
    struct text user = startup_value(&startup, "user");
    struct text database = startup_value(&startup, "database");
    struct pool *pool =
        pools_find(client->cluster->pools, user, text_is_empty(database) ? user : database,
                   client->request.action);
    struct proxy_transaction *own = pool == NULL ? NULL : mem_new(sizeof *own);
    if (own == NULL) {
        return false;
    }
    client->transaction = own;
    own->pool = pool;
    buf_init(&own->in, IN_MAX);
    transaction_client_init(&own->link, pool_transactions(pool));
    bool is_fine = read_startup(own, &startup);
    buf_clear(&client->startup);
    return is_fine;
}

static void send_greeting(struct session_client *session)
{
    struct buf out AUTO_BUF;
    buf_init(&out, GREETING_MAX);
    buf_add_text(&out, pool_greeting(transaction_of(session)->pool));
    frame_write(&out, BACKEND_KEY_DATA, text_of_bytes(session->cancel_key.bytes, CANCEL_KEY_SIZE));
    frame_write(&out, BACKEND_READY, text_of("I"));
    if (buf_ok(&out)) {
        stream_write(session->stream, buf_text(&out));
    }
}

static void greet(struct session_client *session)
{
    session_set_state(session, PROXY_TRANSACTION);
    session_start_timer(session, -1);
    frame_scan_init(&session->relay.from_server, FRAME_SERVER_MAX);
    if (!proxy_relay_make_key(session)) {
        session_fail_with(session, "58000", "the system has no random numbers");
        return;
    }
    send_greeting(session);
    stream_resume(session->stream);
    struct buf ahead = session_input_take(session);
    proxy_transaction_data(session, buf_text(&ahead));
    buf_clear(&ahead);
}

void proxy_transaction_begin(struct session_client *session, struct buf *out)
{
    struct proxy_client *client = proxy_client_of(session);
    session_set_state(session, PROXY_WAITING);
    session_start_timer(session, -1); /* the pool has the deadline */
    if (buf_ok(out)) {
        stream_write(session->stream, buf_text(out));
    }
    if (!open_transaction(client)) {
        session_fail_with(session, "53200", "the proxy is out of memory for this session");
        return;
    }
    if (pool_greeting(client->transaction->pool).len > 0) {
        greet(session);
    } else {
        ask(session);
    }
}

struct pooled *proxy_transaction_hold(const struct proxy_client *client)
{
    struct pooled *pooled = client->transaction == NULL ? NULL : client->transaction->pooled;
    if (pooled != NULL) {
        pooled_hold(pooled);
    }
    return pooled;
}
