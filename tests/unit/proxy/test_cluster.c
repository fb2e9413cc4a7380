/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster whose server answers as the test says: what is tried again, what is reported, and what
 * the server gets to see.
 */
#include "base/clock.h"
#include "fake_server.h"
#include "proxy/cluster.h"
#include "unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"

enum { PASSWORD_SIZE = 8192 };

static struct {
    uv_loop_t loop;
    struct proxy_options options;
    struct proxy_cluster_options own;
    struct cluster cluster;
    struct server_request request;
    struct server *server;
    struct buf startup;
    bool is_failed;
    bool is_closed;
    char problem[SERVER_PROBLEM_SIZE];
    char first_password[PASSWORD_SIZE];
    char last_password[PASSWORD_SIZE];
    atomic_bool has_begun_both; /* see serve_after_two() */
    atomic_int fault;           /* what the server does wrong, and how often */
} world;

/* ---- The owner of the request --------------------------------------------- */

static void on_server(void *arg, struct server *server)
{
    (void)arg;
    world.server = server;
}

static void on_failed(void *arg, const struct server_failure *failure)
{
    (void)arg;
    world.is_failed = true;
    snprintf(world.problem, sizeof world.problem, "%s", failure->problem);
}

static void on_closed(void *arg)
{
    (void)arg;
    world.is_closed = true;
}

static void start(struct fake_server *fake, const struct secret *password)
{
    dsql_error err = {0};
    uv_loop_init(&world.loop);
    world.options = (struct proxy_options){
        .clock = clock_system(), .connects_per_s = 1000, .connect_burst = 1000, .wait_ms = 30000};
    world.own = (struct proxy_cluster_options){.host = HOST,
                                               .hostaddr = "127.0.0.1",
                                               .server_port = atoi(fake_server_port(fake)),
                                               .ca_file = fake_server_ca_file(fake),
                                               .password = password};
    assert_int_equal(cluster_init(&world.cluster, &world.loop, &world.options, &world.own, &err),
                     DSQL_OK);
    buf_init(&world.startup, STARTUP_MAX_SIZE);
    startup_begin(&world.startup);
    startup_add(&world.startup, text_of("user"), text_of("admin"));
    startup_end(&world.startup);
    world.request = (struct server_request){.on_server = on_server,
                                            .on_failed = on_failed,
                                            .action = TOKEN_CONNECT_ADMIN,
                                            .startup = buf_text(&world.startup)};
    world.server = NULL;
    world.is_failed = false;
    world.is_closed = false;
    world.problem[0] = '\0';
}

static void wait_for_server(void)
{
    while (world.server == NULL && !world.is_failed) {
        uv_run(&world.loop, UV_RUN_ONCE);
    }
}

static void ask(void)
{
    cluster_request(&world.cluster, &world.request);
    wait_for_server();
}

static void finish(void)
{
    if (world.server != NULL) {
        server_close(world.server, true);
    }
    cluster_close(&world.cluster, on_closed, NULL);
    while (!world.is_closed) {
        uv_run(&world.loop, UV_RUN_ONCE);
    }
    cluster_clear(&world.cluster);
    buf_clear(&world.startup);
    assert_int_equal(uv_loop_close(&world.loop), 0);
}

/* ---- Servers ---------------------------------------------------------------- */

static void serve(struct fake_client *client, int number, void *arg)
{
    (void)arg;
    char *password = number == 0 ? world.first_password : world.last_password;
    if (fake_read_password(client, password, PASSWORD_SIZE)) {
        fake_send_ready(client);
    }
    fake_listen(client);
}

static void serve_expired_once(struct fake_client *client, int number, void *arg)
{
    if (number > 0) {
        serve(client, number, arg);
        return;
    }
    if (fake_read_password(client, world.first_password, PASSWORD_SIZE)) {
        fake_send_error(client, "08006", "unable to accept connection, access denied",
                        "Signature expired: 20260101T000000Z is now earlier than 20260101T000100Z");
    }
}

static void serve_expired_always(struct fake_client *client, int number, void *arg)
{
    (void)number;
    serve_expired_once(client, 0, arg);
}

static void serve_waking(struct fake_client *client, int number, void *arg)
{
    if (number > 1) {
        serve(client, number, arg);
        return;
    }
    if (fake_read_password(client, world.first_password, PASSWORD_SIZE)) {
        fake_send_error(client, "57P03", "waking up cluster", NULL);
    }
}

static void refuse(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    if (fake_read_password(client, world.first_password, PASSWORD_SIZE)) {
        fake_send_error(client, "08006", "unable to accept connection, access denied",
                        "User: nobody is not authorized");
    }
}

/* As a PostgreSQL before 17: what is not an SSLRequest makes it close the connection. */
static void serve_after_request_only(struct fake_client *client, int number, void *arg)
{
    if (number > 0) {
        serve(client, number, arg);
    }
}

/* The same for two clients that have both begun TLS before either of them is closed. */
static void serve_after_two(struct fake_client *client, int number, void *arg)
{
    while (!atomic_load(&world.has_begun_both)) {
        sched_yield();
    }
    if (number > 1) {
        serve(client, number, arg);
    }
}

static void ask_for_md5(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    if (fake_tls(client) && fake_read_startup(client)) {
        fake_send_authentication(client, 5);
    }
    fake_listen(client);
}

/* ---- The tests -------------------------------------------------------------- */

static struct fake_server *start_against(fake_serve_fn serve_fn)
{
    const struct fake_identity identity = {.name = HOST};
    struct fake_server *fake = fake_server_start(&identity, serve_fn, NULL);
    start(fake, NULL);
    return fake;
}

static void login_sends_a_token(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(serve);
    ask();
    assert_non_null(world.server);
    assert_int_equal(strncmp(world.first_password, HOST "/?Action=DbConnectAdmin&", 60), 0);
    assert_int_equal(world.cluster.counters.connects, 1);
    assert_int_equal(world.cluster.counters.tokens, 1);
    finish();
    fake_server_stop(fake);
}

static void expired_signature_is_tried_once_more_with_a_new_token(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(serve_expired_once);
    ask();
    assert_non_null(world.server);
    assert_int_equal(fake_server_count(fake), 2);
    assert_int_equal(world.cluster.counters.tokens, 2);
    finish();
    fake_server_stop(fake);
}

static void signature_that_stays_expired_is_reported(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(serve_expired_always);
    ask();
    assert_true(world.is_failed);
    assert_non_null(strstr(world.problem, "Signature expired"));
    assert_int_equal(fake_server_count(fake), 2);
    finish();
    fake_server_stop(fake);
}

static void cluster_that_wakes_up_is_waited_for(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(serve_waking);
    ask();
    assert_non_null(world.server);
    assert_int_equal(fake_server_count(fake), 3);
    assert_int_equal(world.cluster.counters.refusals[PROXY_REFUSAL_WAKING], 2);
    finish();
    fake_server_stop(fake);
}

static void refusal_is_reported_at_once(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(refuse);
    ask();
    assert_true(world.is_failed);
    assert_non_null(strstr(world.problem, "not authorized"));
    assert_int_equal(fake_server_count(fake), 1);
    assert_int_equal(world.cluster.counters.refusals[PROXY_REFUSAL_AUTHENTICATION], 1);
    finish();
    fake_server_stop(fake);
}

static void server_without_direct_tls_is_asked(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(serve_after_request_only);
    ask();
    assert_non_null(world.server);
    assert_true(world.cluster.servers.target.is_asked);
    finish();
    fake_server_stop(fake);
}

static bool is_encrypting(const struct server_request *request)
{
    return request->server != NULL && request->server->link.state == LINK_ENCRYPTING;
}

static void servers_without_direct_tls_are_asked_at_the_same_time(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(serve_after_two);
    struct server_request second = world.request;
    cluster_request(&world.cluster, &second);
    cluster_request(&world.cluster, &world.request);
    while (!is_encrypting(&second) || !is_encrypting(&world.request)) {
        uv_run(&world.loop, UV_RUN_ONCE);
    }
    atomic_store(&world.has_begun_both, true);
    for (int i = 0; i < 2; i++) {
        world.server = NULL;
        wait_for_server();
        assert_non_null(world.server);
        server_close(world.server, true);
    }
    world.server = NULL;
    finish();
    fake_server_stop(fake);
}

static void token_is_not_sent_by_another_method(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(ask_for_md5);
    ask();
    assert_true(world.is_failed);
    assert_non_null(strstr(world.problem, "not Aurora DSQL"));
    finish();
    fake_server_stop(fake);
}

static void password_of_the_options_is_sent_instead_of_a_token(void **state)
{
    (void)state;
    struct secret password = {0};
    assert_true(secret_set_string(&password, "s3cret"));
    const struct fake_identity identity = {.name = HOST};
    struct fake_server *fake = fake_server_start(&identity, serve, NULL);
    start(fake, &password);
    ask();
    assert_non_null(world.server);
    assert_string_equal(world.first_password, "s3cret");
    assert_int_equal(world.cluster.counters.tokens, 0);
    finish();
    fake_server_stop(fake);
    secret_clear(&password);
}

static void certificate_for_another_name_is_refused(void **state)
{
    (void)state;
    const struct fake_identity identity = {.name = "another.example"};
    struct fake_server *fake = fake_server_start(&identity, serve, NULL);
    start(fake, NULL);
    ask();
    assert_true(world.is_failed);
    assert_non_null(strstr(world.problem, "the certificate of the server is not valid"));
    assert_int_equal(world.cluster.counters.refusals[PROXY_REFUSAL_TLS], 1);
    finish();
    fake_server_stop(fake);
}

static void certificate_that_nobody_signed_is_refused(void **state)
{
    (void)state;
    const struct fake_identity identity = {.name = HOST, .is_self_signed = true};
    struct fake_server *fake = fake_server_start(&identity, serve, NULL);
    start(fake, NULL);
    ask();
    assert_true(world.is_failed);
    assert_int_equal(world.cluster.counters.refusals[PROXY_REFUSAL_TLS], 1);
    finish();
    fake_server_stop(fake);
}

static void request_that_is_withdrawn_is_not_answered(void **state)
{
    (void)state;
    struct fake_server *fake = start_against(serve);
    cluster_request(&world.cluster, &world.request);
    cluster_withdraw(&world.request);
    finish();
    assert_null(world.server);
    assert_false(world.is_failed);
    fake_server_stop(fake);
}

/* A burst of one and one a second: the second request waits, unless it is withdrawn. */
static void connects_are_paced(void **state)
{
    (void)state;
    struct server_request other;
    struct fake_server *fake = start_against(serve);
    rate_limit_init(&world.cluster.pace, 1, 1, clock_monotonic_ms(clock_system()));
    ask();
    other = world.request;
    cluster_request(&world.cluster, &other);
    assert_int_equal(world.cluster.counters.server_queue, 1);
    assert_true(uv_is_active((uv_handle_t *)&world.cluster.again));
    cluster_withdraw(&other);
    assert_int_equal(world.cluster.counters.server_queue, 0);
    finish();
    fake_server_stop(fake);
}

/* Both wait until the first of two connections is closed. */
static void limit_of_connections_is_kept_and_the_oldest_is_first(void **state)
{
    (void)state;
    struct server_request second = {.action = TOKEN_CONNECT_ADMIN};
    struct fake_server *fake = start_against(serve);
    world.cluster.max_servers = 1;
    ask();
    struct server *first = world.server;
    second = world.request;
    cluster_request(&world.cluster, &second);
    assert_int_equal(world.cluster.counters.server_queue, 1);
    world.server = NULL;
    server_close(first, true);
    while (world.server == NULL && !world.is_failed) {
        uv_run(&world.loop, UV_RUN_ONCE);
    }
    assert_non_null(world.server);
    finish();
    fake_server_stop(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login_sends_a_token),
        cmocka_unit_test(expired_signature_is_tried_once_more_with_a_new_token),
        cmocka_unit_test(signature_that_stays_expired_is_reported),
        cmocka_unit_test(cluster_that_wakes_up_is_waited_for),
        cmocka_unit_test(refusal_is_reported_at_once),
        cmocka_unit_test(server_without_direct_tls_is_asked),
        cmocka_unit_test(servers_without_direct_tls_are_asked_at_the_same_time),
        cmocka_unit_test(token_is_not_sent_by_another_method),
        cmocka_unit_test(password_of_the_options_is_sent_instead_of_a_token),
        cmocka_unit_test(certificate_for_another_name_is_refused),
        cmocka_unit_test(certificate_that_nobody_signed_is_refused),
        cmocka_unit_test(request_that_is_withdrawn_is_not_answered),
        cmocka_unit_test(connects_are_paced),
        cmocka_unit_test(limit_of_connections_is_kept_and_the_oldest_is_first),
    };
    setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    unsetenv("AWS_SESSION_TOKEN");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
