/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A session keeps its server connection for as long as the service lets it.  At the lifetime of
 * the options (a little less for some, so that not all move at once) a second connection is
 * requested, and at the next moment at which the session is idle it takes the place of the first.
 * A session that is pinned (session_watch.h), or that is not idle in time, hears 57P01 at the first
 * idle moment after the grace.  A transaction is never cut here.
 */
#include "proxy/client_relay.h"

#include "base/random.h"
#include "base/secret.h"
#include "session/client_end.h"
#include "session/client_input.h"
#include "wire/backend.h"

enum { GREETING_MAX = 131072, SECOND_MS = 1000, CHECKS_IN_GRACE = 16 };

static const struct server_events session_events;

/* ---- The end ----------------------------------------------------------- */

static void close_server(struct proxy_client *client, struct server **server, bool is_between)
{
    if (*server != NULL) {
        client->cluster->counters.servers_active--;
        server_close(*server, is_between);
        *server = NULL;
    }
}

void proxy_relay_release(struct proxy_client *client)
{
    cluster_withdraw(&client->request);
    close_server(client, &client->fresh, true);
    close_server(client, &client->server,
                 frame_scan_is_between(&client->session.relay.from_client));
    session_watch_clear(&client->watch);
}

static bool is_idle(const struct proxy_client *client)
{
    const struct relay *relay = &client->session.relay;
    return session_watch_is_idle(&client->watch) && frame_scan_is_between(&relay->from_client) &&
           frame_scan_is_between(&relay->from_server);
}

static void end_with_notice(struct session_client *session)
{
    if (proxy_client_is_unwanted(proxy_client_of(session))) {
        session_fail_with(session, "57P01", "terminating connection due to administrator command");
        return;
    }
    proxy_client_of(session)->cluster->counters.rollovers_ended++;
    session_fail_with(session, "57P01",
                      "terminating connection because it reached the maximum connection duration");
}

/* ---- Moving to a fresh connection -------------------------------------- */

/*
 * The lifetime began when the server connection was ready, which a fresh one may have been for a
 * while.
 */
static void start_lifetime(struct session_client *session)
{
    const struct proxy_client *client = proxy_client_of(session);
    int64_t whole_ms = (int64_t)proxy_client_options(session)->lifetime_s * SECOND_MS;
    int64_t used_ms = clock_monotonic_ms(session->shared->clock) - client->server->opened_ms;
    int64_t left_ms = whole_ms - random_up_to(random_system(), whole_ms / 10) - used_ms;
    session_start_timer(session, left_ms > 0 ? left_ms : 0);
}

/*
 * The new connection has had the same startup message, and the session has changed nothing since,
 * so the client need not be told any parameter.  Its cancel key is the proxy's own and stays.
 */
static void move(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    close_server(client, &client->server, true);
    client->server = client->fresh;
    client->fresh = NULL;
    client->over_age_ms = 0;
    client->cluster->counters.rollovers++;
    server_give(client->server, &session_events, session);
    relay_init(&session->relay, session->stream, server_stream(client->server));
    start_lifetime(session);
    stream_resume(session->stream);
    server_begin(client->server);
}

/* Called whenever the session may have become idle. */
static void on_maybe_idle(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    if (session->state != SESSION_RELAY || !is_idle(client)) {
        return;
    }
    if (client->is_ending) {
        end_with_notice(session);
    } else if (client->fresh != NULL && !client->watch.is_pinned) {
        move(session);
    }
}

void proxy_relay_end_when_idle(struct session_client *session)
{
    proxy_client_of(session)->is_ending = true;
    on_maybe_idle(session);
}

/* Of the connection that waits for its turn: only its end matters. */
static void on_fresh_data(void *arg, struct text bytes)
{
    (void)arg;
    (void)bytes; /* none before server_begin() */
}

static void on_fresh_end(void *arg)
{
    struct proxy_client *client = proxy_client_of(arg);
    close_server(client, &client->fresh, true);
}

static void on_fresh_drain(void *arg)
{
    (void)arg;
}

static const struct server_events fresh_events = {
    .on_data = on_fresh_data, .on_end = on_fresh_end, .on_drain = on_fresh_drain};

/* ---- Events of the server ---------------------------------------------- */

static void on_server_data(void *arg, struct text bytes)
{
    struct session_client *session = arg;
    if (session_rules(session)->on_server_data != NULL) {
        session_rules(session)->on_server_data(session, bytes);
    }
}

static void on_server_end(void *arg)
{
    struct session_client *session = arg;
    if (session_rules(session)->on_server_end != NULL) {
        session_rules(session)->on_server_end(session);
    }
}

static void on_server_drain(void *arg)
{
    struct session_client *session = arg;
    if (session_rules(session)->on_server_writable != NULL) {
        session_rules(session)->on_server_writable(session);
    }
}

static const struct server_events session_events = {
    .on_data = on_server_data, .on_end = on_server_end, .on_drain = on_server_drain};

static void on_fresh(void *arg, struct server *server)
{
    struct session_client *session = arg;
    struct proxy_client *client = proxy_client_of(session);
    client->cluster->counters.servers_active++;
    client->fresh = server;
    server_give(server, &fresh_events, session);
    on_maybe_idle(session);
}

/* The timer asks again. */
static void on_fresh_failed(void *arg, const struct server_failure *failure)
{
    (void)arg;
    (void)failure; /* the cluster has logged it */
}

static void ask_for_fresh(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    if (client->fresh == NULL && client->request.cluster == NULL && !client->watch.is_pinned) {
        client->request.on_server = on_fresh;
        client->request.on_failed = on_fresh_failed;
        client->request.startup = buf_text(&client->startup);
        cluster_request(client->cluster, &client->request);
    }
}

/* The lifetime is over, and then, several times, a part of the grace. */
void proxy_relay_timeout(struct session_client *session)
{
    struct proxy_client *client = proxy_client_of(session);
    int64_t grace_ms = (int64_t)proxy_client_options(session)->lifetime_grace_s * SECOND_MS;
    int64_t now_ms = clock_monotonic_ms(session->shared->clock);
    if (client->over_age_ms == 0) {
        client->over_age_ms = now_ms;
    }
    if (now_ms - client->over_age_ms >= grace_ms) {
        proxy_relay_end_when_idle(session);
        return;
    }
    session_start_timer(session, grace_ms / CHECKS_IN_GRACE + 1);
    ask_for_fresh(session);
}

/* ---- Relaying ---------------------------------------------------------- */

void proxy_relay_data(struct session_client *session, struct text bytes)
{
    struct proxy_client *client = proxy_client_of(session);
    client->cluster->counters.bytes_from_clients += bytes.len;
    if (!session_watch_client(&client->watch, &session->relay.from_client, bytes)) {
        session_fail_with(session, "08P01", "invalid message length");
        return;
    }
    relay_pass_to_server(&session->relay, bytes);
}

/* Nothing can be inserted into a stream that lost its framing. */
void proxy_relay_server_data(struct session_client *session, struct text bytes)
{
    struct proxy_client *client = proxy_client_of(session);
    if (!session_watch_server(&client->watch, &session->relay.from_server, bytes)) {
        session_end(session);
        return;
    }
    relay_pass_to_client(&session->relay, bytes);
    on_maybe_idle(session);
}

/*
 * 57P01 is for a session that was doing nothing.  Otherwise the client must know that the outcome
 * of its last statement is not known: a driver may repeat what failed with 57P01.
 */
void proxy_relay_server_end(struct session_client *session)
{
    if (relay_end_is_explained(&session->relay)) {
        session_end(session);
    } else if (is_idle(proxy_client_of(session))) {
        session_fail_with(session, "57P01", "terminating connection because the cluster closed it");
    } else {
        session_fail_with(session, "08006",
                          "the connection to the cluster was lost; the outcome of the last "
                          "statement is not known");
    }
}

void proxy_relay_writable(struct session_client *session)
{
    relay_client_drained(&session->relay);
}

void proxy_relay_server_writable(struct session_client *session)
{
    relay_server_drained(&session->relay);
}

/* ---- The beginning ----------------------------------------------------- */

/*
 * A key of the proxy's own, as the server connection may change.  The first four bytes are a
 * process id, which clients read as a positive number.
 */
bool proxy_relay_make_key(struct session_client *session)
{
    unsigned char key[CANCEL_KEY_SIZE];
    if (!random_bytes(key, sizeof key)) {
        return false;
    }
    key[0] &= 0x7f;
    cancel_keys_add(&session->shared->cancel_keys, &session->cancel_key,
                    text_of_bytes(key, sizeof key));
    session->cancel_key.owner = session;
    secret_wipe(key, sizeof key);
    return true;
}

static void send_greeting(struct session_client *session, const struct server *server)
{
    struct buf out AUTO_BUF;
    buf_init(&out, GREETING_MAX);
    buf_add_text(&out, buf_text(&server->login.greeting));
    frame_write(&out, BACKEND_KEY_DATA, text_of_bytes(session->cancel_key.bytes, CANCEL_KEY_SIZE));
    frame_write(&out, BACKEND_READY, text_of("I"));
    if (buf_ok(&out)) {
        stream_write(session->stream, buf_text(&out));
    }
}

void proxy_relay_begin(struct session_client *session, struct server *server)
{
    struct proxy_client *client = proxy_client_of(session);
    session_set_state(session, SESSION_RELAY);
    client->server = server;
    client->cluster->counters.servers_active++;
    server_give(server, &session_events, session);
    session_watch_init(&client->watch);
    relay_init(&session->relay, session->stream, server_stream(server));
    if (!proxy_relay_make_key(session)) {
        session_fail_with(session, "58000", "the system has no random numbers");
        return;
    }
    send_greeting(session, server);
    start_lifetime(session);
    stream_resume(session->stream);
    server_begin(server);
    struct buf ahead = session_input_take(session);
    if (session->state == SESSION_RELAY) {
        session_rules(session)->on_data(session, buf_text(&ahead));
    }
    buf_clear(&ahead);
}
