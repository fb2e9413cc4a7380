/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"
#include "net/tls_engine.h"
#include "unit.h"

#include <openssl/crypto.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* ---- OpenSSL's large blocks: the buffers of records -------------------- */

enum { LARGE = 16384 };

static int large_blocks;

static bool is_large(void *block)
{
    return block != NULL && malloc_usable_size(block) >= LARGE;
}

static void *count_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    void *block = size == 0 ? NULL : malloc(size);
    large_blocks += is_large(block) ? 1 : 0;
    return block;
}

static void count_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    large_blocks -= is_large(block) ? 1 : 0;
    free(block);
}

static void *count_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    large_blocks -= is_large(old) ? 1 : 0;
    void *block = realloc(old, size);
    large_blocks += is_large(block) ? 1 : 0;
    return block;
}

/* A client of OpenSSL's and an engine, without a network between them. */
struct pair {
    SSL_CTX *server_context;
    SSL_CTX *client_context;
    SSL *client;
    struct tls_engine engine;
    char bytes[65536]; /* on their way to the engine */
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
    int sent = BIO_read(SSL_get_wbio(pair->client), pair->bytes, sizeof pair->bytes);
    tls_engine_receive(&pair->engine, text_of_bytes(pair->bytes, sent > 0 ? (size_t)sent : 0));
    assert_true(tls_engine_handshake(&pair->engine));
    struct text answer = tls_engine_pending(&pair->engine);
    if (!text_is_empty(answer)) {
        BIO_write(SSL_get_rbio(pair->client), answer.data, (int)answer.len);
    }
    tls_engine_sent(&pair->engine);
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

/* Both directions, so that it has both buffers. */
static void ask_and_answer(struct pair *pair)
{
    char got[64] = "";
    size_t len = 0;
    assert_int_equal(SSL_write(pair->client, "question", 8), 8);
    exchange(pair);
    assert_int_equal(tls_engine_read(&pair->engine, got, sizeof got, &len), TLS_ENGINE_DATA);
    assert_true(text_equal_string(text_of_bytes(got, len), "question"));
    assert_true(tls_engine_write(&pair->engine, text_of("answer")));
    exchange(pair);
    assert_int_equal(SSL_read(pair->client, got, sizeof got), 6);
    assert_int_equal(SSL_free_buffers(pair->client), 1); /* only the engine's are counted */
}

static struct pair *pairs_new(size_t count)
{
    struct pair *pairs = calloc(count, sizeof *pairs);
    assert_non_null(pairs);
    for (size_t i = 0; i < count; i++) {
        setup(&pairs[i]);
        do_handshake(&pairs[i]);
        ask_and_answer(&pairs[i]);
    }
    return pairs;
}

static void pairs_free(struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        teardown(&pairs[i]);
    }
    free(pairs);
}

/* Those that were used last keep their buffers; all others work without. */
static void few_sessions_keep_their_buffers(void **state)
{
    (void)state;
    const size_t count = TLS_BUFFERS_MAX + 8;
    pairs_free(pairs_new(1), 1); /* OpenSSL 3.5 allocates a large block once */
    int before = large_blocks;
    struct pair *pairs = pairs_new(count);
    assert_in_range(large_blocks - before, TLS_BUFFERS_MAX, 2 * TLS_BUFFERS_MAX);
    assert_null(pairs[0].engine.buffers.ssl);
    assert_non_null(pairs[count - 1].engine.buffers.ssl);
    ask_and_answer(&pairs[0]);
    assert_non_null(pairs[0].engine.buffers.ssl);
    assert_in_range(large_blocks - before, TLS_BUFFERS_MAX, 2 * TLS_BUFFERS_MAX);
    pairs_free(pairs, count);
    assert_int_equal(large_blocks, before);
}

/* A network that takes at most so many bytes, and only once. */
struct network {
    struct buf bytes;
    size_t room;
    int calls;
};

static size_t send_now(void *arg, struct text bytes)
{
    struct network *network = arg;
    struct text taken = text_slice(bytes, 0, network->room);
    buf_add_text(&network->bytes, taken);
    network->room -= taken.len;
    network->calls++;
    return taken.len;
}

static void what_the_network_does_not_take_waits(void **state)
{
    (void)state;
    for (size_t room = 0; room < 64; room += 9) {
        struct pair pair;
        char got[64] = "";
        setup(&pair);
        do_handshake(&pair);
        struct network network = {.room = room};
        buf_init(&network.bytes, 1000);
        pair.engine.send_now = send_now;
        pair.engine.arg = &network;
        assert_true(tls_engine_write(&pair.engine, text_of("first")));
        assert_true(tls_engine_write(&pair.engine, text_of("second")));
        buf_add_text(&network.bytes, tls_engine_pending(&pair.engine));
        BIO_write(SSL_get_rbio(pair.client), network.bytes.data, (int)network.bytes.len);
        assert_int_equal(SSL_read(pair.client, got, sizeof got), 5);
        assert_int_equal(SSL_read(pair.client, got, sizeof got), 6);
        assert_int_equal(network.calls, room < 27 ? 1 : 2); /* not while older bytes wait */
        buf_clear(&network.bytes);
        teardown(&pair);
    }
}

static void end_is_sent_after_the_handshake_only(void **state)
{
    (void)state;
    struct pair pair;
    char got[8];
    setup(&pair);
    tls_engine_end(&pair.engine);
    assert_true(text_is_empty(tls_engine_pending(&pair.engine)));
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
    tls_engine_receive(&pair.engine, text_of("GET / HTTP/1.1\r\n\r\n"));
    assert_false(tls_engine_handshake(&pair.engine));
    teardown(&pair);
}

/* False: the engine has ended the session. */
static bool update_key(struct pair *pair)
{
    char got[8];
    size_t len = 0;
    assert_int_equal(SSL_key_update(pair->client, SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(pair->client), 1);
    exchange(pair);
    bool is_alive = tls_engine_read(&pair->engine, got, sizeof got, &len) != TLS_ENGINE_ENDED;
    (void)SSL_read(pair->client, got, sizeof got); /* takes the answer */
    return is_alive;
}

/* Each is answered by one, so they count twice. */
static void few_new_keys_are_taken_and_many_end_the_session(void **state)
{
    (void)state;
    struct pair pair;
    char got[64] = "";
    size_t len = 0;
    setup(&pair);
    do_handshake(&pair);
    for (int i = 0; i < TLS_ENGINE_CONTROL_MAX / 2; i++) {
        assert_true(update_key(&pair));
    }
    assert_int_equal(SSL_write(pair.client, "question", 8), 8);
    exchange(&pair);
    assert_int_equal(tls_engine_read(&pair.engine, got, sizeof got, &len), TLS_ENGINE_DATA);
    int more = 0;
    while (more < TLS_ENGINE_CONTROL_MAX && update_key(&pair)) {
        more++;
    }
    assert_true(more < TLS_ENGINE_CONTROL_MAX / 2);
    teardown(&pair);
}

/* One call of SSL_read() would otherwise go through them all. */
static void no_more_new_keys_are_made_than_the_limit(void **state)
{
    (void)state;
    struct pair pair;
    char got[64];
    size_t len = 0;
    setup(&pair);
    do_handshake(&pair);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(SSL_key_update(pair.client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(pair.client), 1);
    }
    exchange(&pair);
    assert_int_equal(tls_engine_read(&pair.engine, got, sizeof got, &len), TLS_ENGINE_ENDED);
    assert_in_range(pair.engine.control_count, 1, 2 * TLS_ENGINE_CONTROL_MAX);
    teardown(&pair);
}

/* A client that sends much may change its key more often. */
static void bytes_allow_new_keys(void **state)
{
    (void)state;
    struct pair pair;
    setup(&pair);
    do_handshake(&pair);
    for (int i = 0; i < TLS_ENGINE_CONTROL_MAX; i++) {
        pair.engine.byte_count += 2 * TLS_ENGINE_BYTES_PER_CONTROL;
        assert_true(update_key(&pair));
    }
    teardown(&pair);
}

int main(void)
{
    bool is_counted = CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) == 1;
    if (!is_counted) {
        return EXIT_FAILURE;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_sessions_keep_their_buffers),
        cmocka_unit_test(plain_bytes_pass_both_ways_and_the_end_is_seen),
        cmocka_unit_test(what_the_network_does_not_take_waits),
        cmocka_unit_test(end_is_sent_after_the_handshake_only),
        cmocka_unit_test(other_protocols_fail),
        cmocka_unit_test(few_new_keys_are_taken_and_many_end_the_session),
        cmocka_unit_test(no_more_new_keys_are_made_than_the_limit),
        cmocka_unit_test(bytes_allow_new_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
