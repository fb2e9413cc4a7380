/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever happens, pump() then offers the client's bytes again: a connection that was lent, and an
 * answer that came, may be what they have waited for.
 *
 * The timer is for the wait after a conflict, for a connection that is being set up, and in session
 * mode for the lifetime of the connection; never for two of them at once.
 */
#include "proxy/client_transaction.h"

#include "proxy/client_flow.h"
#include "proxy/client_greeting.h"
#include "proxy/client_loan.h"
#include "proxy/session_lifetime.h"
#include "proxy/transaction_state.h"
#include "session/client_end.h"
#include "session/client_input.h"

enum { ANSWER_MS = 5000 }; /* of a connection that is set up, or was idle for long */

static void pump(struct session_client *session);
static void use(struct session_client *session, struct pooled *pooled, bool is_unchecked);
static void greet(struct session_client *session);

static bool is_live(const struct session_client *session)
{
    return session->state == PROXY_TRANSACTION;
}

static bool is_idle(const struct proxy_transaction *own)
{
    bool is_waiting = own->request.waiter.is_waiting && own->pooled == NULL;
    return own->in.len == 0 && !own->is_backing_off && own->link.body_left == 0 && !is_waiting &&
           (own->pooled == NULL || transaction_is_idle(&own->pooled->transaction));
}

/* ---- The end ----------------------------------------------------------- */

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

static void end_when_idle(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    if (!client->is_ending || !is_idle(client->transaction)) {
        return;
    }
    if (proxy_client_is_unwanted(client)) {
        session_fail_with(session, "57P01", "terminating connection due to administrator command");
        return;
    }
    client->cluster->counters.rollovers_ended++;
    session_fail_with(session, "57P01",
                      "terminating connection because it reached the maximum connection duration");
}

void proxy_transaction_end_when_idle(struct session_client *session)
{
    proxy_client_of(session)->is_ending = true;
    end_when_idle(session);
}

/* ---- The lifetime of a connection that a session keeps ------------------ */

static void follow_lifetime(struct session_client *session)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    const struct session_lifetime lifetime = client_loan_lifetime(session);
    switch (session_lifetime_next(&lifetime)) {
    case SESSION_LIFETIME_KEEP:
        break;
    case SESSION_LIFETIME_ASK:
        client_loan_ask(session);
        break;
    case SESSION_LIFETIME_LEAVE:
        pool_withdraw(own->pool, &own->request);
        client_loan_leave(session);
        break;
    case SESSION_LIFETIME_END:
        proxy_transaction_end_when_idle(session);
        break;
    }
}

/* The connection that was asked for.  If it comes too late for this moment, it is there at the
   next. */
static void move(struct session_client *session, struct pooled *pooled, bool is_unchecked)
{
    if (client_loan_lifetime(session).may_move) {
        client_loan_leave(session);
        use(session, pooled, is_unchecked);
    } else {
        pool_return(pooled, true);
    }
}

/* ---- Data of the server ------------------------------------------------ */

/* A connection that the session has to itself is kept. */
static void begin_again(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    struct proxy_transaction *own = client->transaction;
    int64_t delay_ms = transaction_delay_ms(&own->link);
    if (!own->keeps_connection && transaction_is_free(&own->pooled->transaction)) {
        client_loan_give_back(client);
    }
    own->is_backing_off = true;
    session_start_timer(session, delay_ms);
}

static void on_free(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    if (client->transaction->keeps_connection) {
        follow_lifetime(session);
    } else {
        client_loan_give_back(client);
    }
}

/* The error of the server is in the output. */
static void on_set_up_failed(struct session_client *session)
{
    if (is_live(session)) {
        session_fail_with(session, "08006",
                          "the parameters of the session could not be set on another connection");
        return;
    }
    stream_write(session->stream, outgoing_gather(&proxy_transaction_of(session)->link.out));
    session_end(session);
}

static void on_end(void *arg);

static void on_server_event(struct session_client *session, enum transaction_event event)
{
    switch (event) {
    case TRANSACTION_MORE:
    case TRANSACTION_WAITS:
        break;
    case TRANSACTION_FREE:
        on_free(session);
        break;
    case TRANSACTION_AGAIN:
        begin_again(session);
        break;
    case TRANSACTION_CLOSING:
        on_end(session);
        break;
    case TRANSACTION_SET_UP_FAILED:
        on_set_up_failed(session);
        break;
    case TRANSACTION_INVALID:
        session_fail_with(session, "08P01", "the cluster has sent a message that does not fit");
        break;
    default:
        fail_for(session, event);
        break;
    }
}

/* From now on a cancel request is for this connection. */
static void note_set_up(struct session_client *session, const struct pooled *pooled)
{
    if (pooled->transaction.set_up_left > 0) {
        return;
    }
    proxy_client_of(session)->server = pooled->server;
    client_loan_watch(session);
    if (!is_live(session) && !session_is_over(session)) {
        greet(session);
    }
}

/* What is whole is read where it lies; only what is not is kept until the rest has come. */
static enum transaction_event take_server_data(struct session_client *session,
                                               struct pooled *pooled, struct text bytes)
{
    bool has_rest = pooled->in.len > 0;
    if (has_rest) {
        buf_add_text(&pooled->in, bytes);
    }
    struct text all = has_rest ? buf_text(&pooled->in) : bytes;
    size_t taken = 0;
    enum transaction_event event = transaction_server_data(&pooled->transaction, all, &taken);
    client_flow_to_client(session); /* it lies in the bytes that are dropped now */
    if (has_rest) {
        buf_drop(&pooled->in, taken);
    } else if (taken < bytes.len) {
        buf_add_text(&pooled->in, text_slice(bytes, taken, bytes.len));
    }
    if (pooled->in.len == 0 && pooled->in.capacity > 0) {
        buf_clear(&pooled->in);
    }
    return event;
}

static void on_data(void *arg, struct text bytes)
{
    struct session_client *session = arg;
    struct pooled *pooled = proxy_transaction_of(session)->pooled;
    bool was_set_up = pooled->transaction.set_up_left == 0;
    enum transaction_event event = take_server_data(session, pooled, bytes);
    client_flow_to_server(session);
    if (!buf_ok(&pooled->in)) {
        event = TRANSACTION_NO_MEMORY;
    }
    if (!was_set_up && event == TRANSACTION_MORE) {
        note_set_up(session, pooled);
    }
    on_server_event(session, event);
    pump(session);
}

/* Of a connection to which nothing of the client was sent: another one will do. */
static void ask_for_another(struct session_client *session)
{
    session_start_timer(session, -1);
    client_loan_give_back(proxy_client_of(session));
    client_loan_ask(session);
}

/* Nothing of a session that may move is lost; a conflict that waited to be retried is delivered. */
static void on_end(void *arg)
{
    struct session_client *session = arg;
    struct proxy_transaction *own = proxy_transaction_of(session);
    if (own->pooled->transaction.set_up_left > 0) {
        ask_for_another(session);
        return;
    }
    if (own->is_backing_off) {
        own->is_backing_off = false;
        transaction_give_up(&own->link);
    }
    bool is_idle = transaction_is_idle(&own->pooled->transaction);
    bool is_unnoticed = client_loan_lifetime(session).may_move;
    session_start_timer(session, -1);
    client_loan_give_back(proxy_client_of(session));
    client_flow_to_client(session);
    if (is_unnoticed) {
        pump(session);
    } else if (is_idle) {
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
    if (!proxy_transaction_of(session)->is_paused) {
        stream_resume(session->stream);
    }
}

/* ---- Being lent to ----------------------------------------------------- */

static void use(struct session_client *session, struct pooled *pooled, bool is_unchecked)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    own->pooled = pooled;
    if (!transaction_lend(&own->link, &pooled->transaction, is_unchecked)) {
        fail_for(session, TRANSACTION_NO_MEMORY);
        return;
    }
    client_flow_to_server(session);
    if (pooled->transaction.set_up_left > 0) {
        session_start_timer(session, ANSWER_MS);
    } else {
        note_set_up(session, pooled);
    }
    pump(session);
}

static void on_lent(void *arg, struct pooled *pooled, bool is_unchecked)
{
    struct session_client *session = arg;
    struct proxy_client *client = proxy_client_of(session);
    struct proxy_transaction *own = client->transaction;
    int64_t now_ms = clock_monotonic_ms(session->shared->clock);
    if (own->pooled != NULL) {
        move(session, pooled, is_unchecked);
        return;
    }
    proxy_waits_add(&client->cluster->counters.waits, now_ms - own->waiting_since_ms);
    if (is_live(session) || proxy_greeting_needs_server(own)) {
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
    struct proxy_transaction *own = proxy_transaction_of(session);
    if (own->link.is_again) {
        transaction_give_up(&own->link);
        client_flow_to_client(session);
        pump(session);
        return;
    }
    proxy_client_fail_wait(session);
}

/* One that was to come beside the present connection is requested again by the timer. */
static void on_failed(void *arg, const struct server_failure *failure)
{
    if (proxy_transaction_of(arg)->pooled == NULL) {
        proxy_client_fail_connect(arg, failure);
    }
}

static const struct pool_events pool_events = {.on_lent = on_lent,
                                               .on_expired = on_expired,
                                               .on_failed = on_failed,
                                               .on_data = on_data,
                                               .on_end = on_end,
                                               .on_drain = on_drain};

/* ---- Data of the client ------------------------------------------------ */

static enum transaction_event offer(struct session_client *session)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    size_t taken = 0;
    enum transaction_event event = transaction_client_data(&own->link, buf_text(&own->in), &taken);
    buf_drop(&own->in, taken);
    if (own->in.len == 0 && own->in.capacity > 0) {
        buf_clear(&own->in);
    }
    client_flow_to_server(session);
    client_flow_to_client(session);
    return event;
}

/* A connection may be lent at once; then the loop goes on with it. */
static void pump_once(struct session_client *session, bool *is_again)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    enum transaction_event event = own->in.len > 0 ? offer(session) : TRANSACTION_MORE;
    *is_again = false;
    own->is_held_up = event == TRANSACTION_NEEDS_SERVER || event == TRANSACTION_WAITS;
    switch (event) {
    case TRANSACTION_NEEDS_SERVER:
        client_loan_ask(session);
        *is_again = is_live(session) && proxy_transaction_of(session)->pooled != NULL;
        break;
    case TRANSACTION_FREE:
        on_free(session);
        *is_again = is_live(session) && proxy_transaction_of(session)->in.len > 0;
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
    struct proxy_transaction *own = proxy_transaction_of(session);
    bool is_again = true;
    if (own == NULL || own->is_pumping || !is_live(session)) {
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
    client_flow_limit(session);
    end_when_idle(session);
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
    const struct pooled *pooled = proxy_transaction_of(session)->pooled;
    if (pooled != NULL && pooled->server != NULL) {
        stream_resume(server_stream(pooled->server));
    }
}

static void send_again(struct session_client *session)
{
    enum transaction_event event = transaction_send_again(&proxy_transaction_of(session)->link);
    client_loan_watch(session);
    client_flow_to_server(session);
    if (event != TRANSACTION_MORE) {
        fail_for(session, event);
    }
    pump(session);
}

/* A connection that is kept has nothing under way, since the conflict ended its transaction. */
bool proxy_transaction_cancel_retry(struct session_client *session)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    bool waits_for_connection = own != NULL && own->link.is_again && own->pooled == NULL;
    if (own == NULL || !is_live(session) || !(own->is_backing_off || waits_for_connection)) {
        return false;
    }
    own->is_backing_off = false;
    pool_withdraw(own->pool, &own->request);
    transaction_give_up(&own->link);
    client_flow_to_client(session);
    if (own->pooled != NULL) {
        client_loan_watch(session);
    } else {
        session_start_timer(session, -1);
    }
    pump(session);
    return true;
}

void proxy_transaction_timeout(struct session_client *session)
{
    struct proxy_transaction *own = proxy_transaction_of(session);
    bool was_backing_off = own->is_backing_off;
    own->is_backing_off = false;
    if (was_backing_off && own->pooled != NULL) {
        send_again(session);
    } else if (was_backing_off) {
        client_loan_ask(session);
    } else if (own->pooled != NULL && own->pooled->transaction.set_up_left > 0) {
        ask_for_another(session);
    } else if (own->pooled != NULL) {
        client_loan_watch(session);
        follow_lifetime(session);
    }
}

/* ---- The beginning ----------------------------------------------------- */

static void greet(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    if (!proxy_greeting_send(session)) {
        return;
    }
    if (!client->transaction->keeps_connection) {
        client_loan_give_back(client);
    }
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
    if (!proxy_greeting_prepare(client)) {
        session_fail_with(session, "53200", "the proxy is out of memory for this session");
        return;
    }
    struct proxy_transaction *own = client->transaction;
    own->request.events = &pool_events;
    own->request.arg = session;
    if (pool_greeting(own->pool).len > 0 && !proxy_greeting_needs_server(own)) {
        greet(session);
    } else {
        client_loan_ask(session);
    }
}
