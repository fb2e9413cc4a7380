/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"
#include "net/tls_engine.h"
#include "unit.h"

#include <string.h>

/* A client of OpenSSL's and an engine, without a network between them. */
struct pair {
    SSL_CTX *server_context;
    SSL_CTX *client_context;
    SSL *client;
    struct tls_engine engine;
};

static void use_new_certificate(SSL_CTX *context)
{
    struct certificate made = certificate_make("localhost", NULL, false, -60, 3600);
    assert_int_equal(SSL_CTX_use_certificate(context, made.x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, made.key), 1);
    certificate_free(&made);
}

static void setup(struct pair *pair)
{
    memset(pair, 0, sizeof *pair);
    pair->server_context = SSL_CTX_new(TLS_server_method());
    pair->client_context = SSL_CTX_new(TLS_client_method());
    use_new_certificate(pair->server_context);
    assert_true(tls_engine_init(&pair->engine, pair->server_context));
    pair->client = SSL_new(pair->client_context);
    SSL_set_bio(pair->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(pair->client);
}

static void teardown(struct pair *pair)
{
    tls_engine_clear(&pair->engine);
    SSL_free(pair->client);
    SSL_CTX_free(pair->server_context);
    SSL_CTX_free(pair->client_context);
}

/* Moves what each side has sent to the other. */
static void exchange(struct pair *pair)
{
    char bytes[16384];
    int sent = BIO_read(SSL_get_wbio(pair->client), bytes, sizeof bytes);
    if (sent > 0) {
        assert_true(tls_engine_receive(&pair->engine, text_of_bytes(bytes, (size_t)sent)));
    }
    assert_true(tls_engine_handshake(&pair->engine));
    assert_true(tls_engine_pending(&pair->engine) <= sizeof bytes);
    size_t answered = tls_engine_take(&pair->engine, bytes, sizeof bytes);
    if (answered > 0) {
        BIO_write(SSL_get_rbio(pair->client), bytes, (int)answered);
    }
}

static void do_handshake(struct pair *pair)
{
    for (int i = 0; i < 10 && SSL_do_handshake(pair->client) != 1; i++) {
        exchange(pair);
    }
    exchange(pair);
    assert_true(SSL_is_init_finished(pair->client));
}

static void plain_bytes_pass_both_ways_and_the_end_is_seen(void **state)
{
    (void)state;
    struct pair pair;
    char got[64] = "";
    size_t len = 0;
    setup(&pair);
    assert_int_equal(tls_engine_read(&pair.engine, got, sizeof got, &len), TLS_ENGINE_NEEDS_MORE);
    do_handshake(&pair);

    assert_int_equal(SSL_write(pair.client, "question", 8), 8);
    exchange(&pair);
    assert_int_equal(tls_engine_read(&pair.engine, got, sizeof got, &len), TLS_ENGINE_DATA);
    assert_true(text_equal_string(text_of_bytes(got, len), "question"));
    assert_int_equal(tls_engine_read(&pair.engine, got, sizeof got, &len), TLS_ENGINE_NEEDS_MORE);

    assert_true(tls_engine_write(&pair.engine, text_of("answer")));
    exchange(&pair);
    assert_int_equal(SSL_read(pair.client, got, sizeof got), 6);

    SSL_shutdown(pair.client);
    exchange(&pair);
    assert_int_equal(tls_engine_read(&pair.engine, got, sizeof got, &len), TLS_ENGINE_ENDED);
    teardown(&pair);
}

static void end_is_sent_after_the_handshake_only(void **state)
{
    (void)state;
    struct pair pair;
    char got[8];
    setup(&pair);
    tls_engine_end(&pair.engine);
    assert_int_equal(tls_engine_pending(&pair.engine), 0);
    do_handshake(&pair);
    tls_engine_end(&pair.engine);
    exchange(&pair);
    assert_int_equal(SSL_get_error(pair.client, SSL_read(pair.client, got, sizeof got)),
                     SSL_ERROR_ZERO_RETURN);
    teardown(&pair);
}

static void other_protocols_fail(void **state)
{
    (void)state;
    struct pair pair;
    setup(&pair);
    assert_true(tls_engine_receive(&pair.engine, text_of("GET / HTTP/1.1\r\n\r\n")));
    assert_false(tls_engine_handshake(&pair.engine));
    teardown(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes_pass_both_ways_and_the_end_is_seen),
        cmocka_unit_test(end_is_sent_after_the_handshake_only),
        cmocka_unit_test(other_protocols_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
