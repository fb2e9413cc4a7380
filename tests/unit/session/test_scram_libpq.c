/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* libpq logs in to our server, with TLS and without. */
#include "fake_server.h"
#include "net/channel_binding.h"
#include "session/scram_server.h"
#include "unit.h"

#include <libpq-fe.h>

#include <stdio.h>
#include <string.h>

enum { OUT_MAX = 8192 };

static struct {
    bool uses_tls;
    bool offers_binding;
    bool is_mock;
    const char *password; /* NULL: "pencil" */
    enum scram_server_event event;
    bool is_plus;
} script;

static bool send_buf(struct fake_client *client, struct buf *out)
{
    bool is_sent = buf_ok(out) && fake_send(client, out->data, out->len);
    buf_reset(out);
    return is_sent;
}

static struct scram_server make_server(struct fake_client *client)
{
    struct scram_verifier verifier;
    struct scram_server server;
    char nonce[SCRAM_NONCE_SIZE];
    unsigned char binding[CHANNEL_BINDING_MAX];
    size_t len = script.offers_binding ? channel_binding_of_server(fake_ssl(client), binding) : 0;
    const char *password = script.password == NULL ? "pencil" : script.password;
    assert_true(scram_verifier_make(&verifier, text_of(password), text_of("0123456789abcdef"),
                                    SCRAM_ITERATIONS));
    assert_true(scram_nonce_make(nonce));
    const struct scram_server_settings settings = {.verifier = &verifier,
                                                   .is_mock = script.is_mock,
                                                   .binding = text_of_bytes(binding, len),
                                                   .nonce = text_of(nonce)};
    assert_true(scram_server_init(&server, &settings));
    return server;
}

static void exchange(struct fake_client *client, struct scram_server *server)
{
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    char body[4096];
    char type = '\0';
    scram_server_begin(server, &out);
    script.event = SCRAM_CONTINUE;
    while (script.event == SCRAM_CONTINUE && send_buf(client, &out) &&
           fake_read_message(client, &type, body, sizeof body)) {
        script.event =
            scram_server_message(server, text_of_bytes(body, fake_message_size(client)), &out);
    }
    script.is_plus = server->is_plus;
    if (script.event == SCRAM_AUTHENTICATED) {
        send_buf(client, &out);
        fake_send_ready(client);
    } else {
        fake_send_error(client, "28P01", "password authentication failed", NULL);
    }
}

static void serve(struct fake_client *client, int number, void *arg)
{
    (void)number;
    (void)arg;
    if ((script.uses_tls && !fake_tls(client)) || !fake_read_startup(client)) {
        return;
    }
    struct scram_server server = make_server(client);
    exchange(client, &server);
    scram_server_clear(&server);
    fake_listen(client);
}

static bool log_in(const char *password, const char *channel_binding)
{
    const struct fake_identity identity = {.name = "localhost"};
    struct fake_server *server = fake_server_start(&identity, serve, NULL);
    char conninfo[512];
    snprintf(conninfo, sizeof conninfo,
             "host=localhost hostaddr=127.0.0.1 port=%s user=app dbname=postgres password=%s "
             "sslmode=%s sslrootcert=%s gssencmode=disable channel_binding=%s connect_timeout=10",
             fake_server_port(server), password, script.uses_tls ? "verify-full" : "disable",
             fake_server_ca_file(server), channel_binding);
    PGconn *conn = PQconnectdb(conninfo);
    bool is_in = PQstatus(conn) == CONNECTION_OK;
    PQfinish(conn);
    fake_server_stop(server);
    return is_in;
}

static void libpq_logs_in_without_tls(void **state)
{
    (void)state;
    script.uses_tls = script.offers_binding = script.is_mock = false;
    assert_true(log_in("pencil", "prefer"));
    assert_false(log_in("pen", "prefer"));
    assert_int_equal(script.event, SCRAM_WRONG_PASSWORD);
}

/* libpq prepares the password too: composed or not, it is the same, unless it is prohibited. */
static void libpq_prepares_passwords_alike(void **state)
{
    (void)state;
    script.password = "p\xc3\xa4ss";
    assert_true(log_in("p\xc3\xa4ss", "prefer"));
    assert_true(log_in("pa\xcc\x88ss", "prefer"));
    assert_false(log_in("pass", "prefer"));
    script.password = "pa\xcc\x88\xdf\x80";
    assert_true(log_in("pa\xcc\x88\xdf\x80", "prefer"));
    assert_false(log_in("p\xc3\xa4\xdf\x80", "prefer"));
    script.password = "\xff\xc2\xad";
    assert_true(log_in("\xff\xc2\xad", "prefer"));
    script.password = NULL;
}

static void libpq_binds_the_channel(void **state)
{
    (void)state;
    script.uses_tls = script.offers_binding = true;
    script.is_mock = false;
    assert_true(log_in("pencil", "require"));
    assert_true(script.is_plus);
    assert_true(log_in("pencil", "prefer"));
    assert_true(script.is_plus);
    assert_true(log_in("pencil", "disable"));
    assert_false(script.is_plus);
    assert_false(log_in("pen", "require"));
    assert_int_equal(script.event, SCRAM_WRONG_PASSWORD);
}

static void libpq_that_insists_does_not_log_in_without_binding(void **state)
{
    (void)state;
    script.uses_tls = true;
    script.offers_binding = script.is_mock = false;
    assert_true(log_in("pencil", "prefer"));
    assert_false(log_in("pencil", "require"));
}

static void right_password_of_no_user_fails(void **state)
{
    (void)state;
    script.uses_tls = script.offers_binding = script.is_mock = true;
    assert_false(log_in("pencil", "prefer"));
    assert_int_equal(script.event, SCRAM_WRONG_PASSWORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libpq_logs_in_without_tls),
        cmocka_unit_test(libpq_prepares_passwords_alike),
        cmocka_unit_test(libpq_binds_the_channel),
        cmocka_unit_test(libpq_that_insists_does_not_log_in_without_binding),
        cmocka_unit_test(right_password_of_no_user_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
