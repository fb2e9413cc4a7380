/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The example of RFC 7677, and what clients must not get away with. */
#include "base/base64.h"
#include "session/scram_server.h"
#include "unit.h"
#include "wire/backend.h"
#include "wire/message.h"
#include "wire/sasl.h"

#include <string.h>

#define VERIFIER                                                                                   \
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                                                 \
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define CLIENT_NONCE "rOprNGfwEbeRWgbNEkqO"
#define SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FIRST        "n,,n=user,r=" CLIENT_NONCE
#define CHALLENGE    "r=" CLIENT_NONCE SERVER_NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define FINAL_BARE   "c=biws,r=" CLIENT_NONCE SERVER_NONCE
#define FINAL        FINAL_BARE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SIGNATURE    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
#define BINDING      "0123456789abcdef0123456789abcdef"

static struct scram_server begun(const char *binding, bool is_mock)
{
    struct scram_verifier verifier;
    struct scram_server server;
    assert_true(scram_verifier_parse(&verifier, text_of(VERIFIER)));
    const struct scram_server_settings settings = {.verifier = &verifier,
                                                   .is_mock = is_mock,
                                                   .binding = text_of(binding),
                                                   .nonce = text_of(SERVER_NONCE)};
    assert_true(scram_server_init(&server, &settings));
    return server;
}

/* The body of the only message in out. */
static struct text body_of(const struct buf *out)
{
    struct frame frame;
    assert_int_equal(frame_next(buf_text(out), 4096, &frame), FRAME_COMPLETE);
    assert_int_equal(frame.type, BACKEND_AUTHENTICATION);
    assert_int_equal(frame.size, out->len);
    return frame.body;
}

static enum scram_server_event initial(struct scram_server *server, const char *mechanism,
                                       struct text data, struct buf *out)
{
    struct buf message AUTO_BUF;
    buf_init(&message, 8192);
    const struct sasl_initial first = {
        .mechanism = text_of(mechanism), .data = data, .has_data = true};
    sasl_write_initial(&message, &first);
    struct frame frame;
    assert_int_equal(frame_next(buf_text(&message), 8192, &frame), FRAME_COMPLETE);
    return scram_server_message(server, frame.body, out);
}

/* One login; *server is to be cleared. */
static enum scram_server_event log_in(struct scram_server *server, const char *first,
                                      struct text final, struct buf *out)
{
    enum scram_server_event event = initial(server, SCRAM_MECHANISM, text_of(first), out);
    if (event != SCRAM_CONTINUE) {
        return event;
    }
    buf_reset(out);
    return scram_server_message(server, final, out);
}

static void published_example_logs_in(void **state)
{
    (void)state;
    struct scram_server server = begun("", false);
    struct buf out AUTO_BUF;
    buf_init(&out, 4096);
    scram_server_begin(&server, &out);
    assert_memory_equal(body_of(&out).data, "\0\0\0\x0aSCRAM-SHA-256\0", 19);
    assert_int_equal(body_of(&out).len, 19);
    buf_reset(&out);

    struct text data;
    assert_int_equal(initial(&server, SCRAM_MECHANISM, text_of(FIRST), &out), SCRAM_CONTINUE);
    assert_true(sasl_parse_data(body_of(&out), AUTHENTICATION_SASL_CONTINUE, &data));
    assert_true(text_equal_string(data, CHALLENGE));
    buf_reset(&out);

    assert_int_equal(scram_server_message(&server, text_of(FINAL), &out), SCRAM_AUTHENTICATED);
    assert_true(sasl_parse_data(body_of(&out), AUTHENTICATION_SASL_FINAL, &data));
    assert_true(text_equal_string(data, SIGNATURE));
    /* Nothing more is accepted, not even the same proof. */
    assert_int_equal(scram_server_message(&server, text_of(FINAL), &out), SCRAM_INVALID);
    scram_server_clear(&server);
    static const struct scram_verifier nothing;
    assert_memory_equal(&server.verifier, &nothing, sizeof nothing);
}

static void empty_challenge_is_sent_to_a_client_without_data(void **state)
{
    (void)state;
    struct scram_server server = begun("", false);
    struct buf out AUTO_BUF;
    buf_init(&out, 4096);
    struct text body = text_of_bytes("SCRAM-SHA-256\0\xff\xff\xff\xff", 18);
    assert_int_equal(scram_server_message(&server, body, &out), SCRAM_CONTINUE);
    assert_int_equal(body_of(&out).len, 4);
    buf_reset(&out);
    assert_int_equal(scram_server_message(&server, text_of(FIRST), &out), SCRAM_CONTINUE);
    buf_reset(&out);
    assert_int_equal(scram_server_message(&server, text_of(FINAL), &out), SCRAM_AUTHENTICATED);
    scram_server_clear(&server);
}

static void no_user_has_the_same_steps_and_no_login(void **state)
{
    (void)state;
    struct scram_server server = begun("", true);
    struct buf out AUTO_BUF;
    buf_init(&out, 4096);
    assert_int_equal(log_in(&server, FIRST, text_of(FINAL), &out), SCRAM_WRONG_PASSWORD);
    assert_int_equal(out.len, 0);
    scram_server_clear(&server);
}

/* Every byte of the proof's message changed, and every shorter message: no login, no answer. */
static void damaged_proofs_are_rejected(void **state)
{
    (void)state;
    char final[] = FINAL;
    for (size_t i = 0; i < 2 * strlen(FINAL); i++) {
        size_t place = i / 2;
        struct scram_server server = begun("", false);
        struct buf out AUTO_BUF;
        buf_init(&out, 4096);
        final[place] = FINAL[place] == 'A' ? 'B' : 'A';
        struct text message = i % 2 == 0 ? text_of(final) : text_of_bytes(FINAL, place);
        enum scram_server_event event = log_in(&server, FIRST, message, &out);
        assert_true(event == SCRAM_INVALID || event == SCRAM_WRONG_PASSWORD);
        assert_int_equal(out.len, 0);
        if (event == SCRAM_INVALID) {
            assert_int_equal(strlen(server.sqlstate), 5);
            assert_true(server.message[0] != '\0');
        }
        scram_server_clear(&server);
        final[place] = FINAL[place];
    }
}

static void expect_first(const char *binding, const char *mechanism, struct text first,
                         const char *sqlstate)
{
    struct scram_server server = begun(binding, false);
    struct buf out AUTO_BUF;
    buf_init(&out, 4096);
    enum scram_server_event event = initial(&server, mechanism, first, &out);
    assert_int_equal(event, sqlstate == NULL ? SCRAM_CONTINUE : SCRAM_INVALID);
    if (sqlstate != NULL) {
        assert_string_equal(server.sqlstate, sqlstate);
        assert_int_equal(out.len, 0);
        assert_int_equal(scram_server_message(&server, text_of(FINAL), &out), SCRAM_INVALID);
    }
    scram_server_clear(&server);
}

static void malformed_first_messages_are_rejected(void **state)
{
    (void)state;
    static const char *const damaged[] = {
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=",
        "n,,n=,",
        "n,,n=,r=",
        "n,,r=x",
        "n,,n=,r=x,",
        "n,,n=,r=x,y",
        "n,,n=,r=a b",
        "n,,n=,r=\x7f",
        "x,,n=,r=x",
        "nn,,n=,r=",
        "n,b=,n=,r=x",
        ",,n=,r=x",
        "n,,n=,r=\xc3\xa9",
        "n,,n=,n=,r=x",
        "p,,n=,r=x",
        "p=,,n=,r=x",
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        expect_first("", SCRAM_MECHANISM, text_of(damaged[i]), "08P01");
    }
    expect_first("", SCRAM_MECHANISM, text_of_bytes("n,,n=,r=x\0y", 11), "08P01");
    expect_first("", SCRAM_MECHANISM, text_of("n,,n=,r=x,e=extension"), NULL);
    expect_first("", SCRAM_MECHANISM, text_of("n,a=other,n=,r=x"), "0A000");
    expect_first("", SCRAM_MECHANISM, text_of("n,,m=must,n=,r=x"), "0A000");
    expect_first("", "SCRAM-SHA-1", text_of(FIRST), "08P01");
    expect_first("", "", text_of(FIRST), "08P01");
    char nonce[SCRAM_NONCE_MAX + 16] = "n,,n=,r=";
    memset(nonce + 8, 'x', SCRAM_NONCE_MAX);
    expect_first("", SCRAM_MECHANISM, text_of(nonce), NULL);
    nonce[8 + SCRAM_NONCE_MAX] = 'x';
    expect_first("", SCRAM_MECHANISM, text_of(nonce), "08P01");
    char longest[SCRAM_MESSAGE_MAX + 2] = "n,,n=,r=x,e=";
    memset(longest + 12, 'x', SCRAM_MESSAGE_MAX - 12);
    expect_first("", SCRAM_MECHANISM, text_of(longest), NULL);
    longest[SCRAM_MESSAGE_MAX] = 'x';
    expect_first("", SCRAM_MECHANISM, text_of(longest), "08P01");
}

static void initial_response_that_lies_about_its_length_is_rejected(void **state)
{
    (void)state;
    static const char *const bodies[] = {"SCRAM-SHA-256\0\0\0\0\x02x", "SCRAM-SHA-256\0\0\0\0\0xx",
                                         "SCRAM-SHA-256\0\x7f\xff\xff\xffx",
                                         "SCRAM-SHA-256\0\xff\xff\xff\xffx"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct scram_server server = begun("", false);
        struct buf out AUTO_BUF;
        buf_init(&out, 4096);
        assert_int_equal(scram_server_message(&server, text_of_bytes(bodies[i], 19), &out),
                         SCRAM_INVALID);
        scram_server_clear(&server);
    }
    for (size_t len = 0; len < 18; len++) {
        struct scram_server server = begun("", false);
        struct buf out AUTO_BUF;
        buf_init(&out, 4096);
        struct text body = text_of_bytes("SCRAM-SHA-256\0\xff\xff\xff\xff", len);
        assert_int_equal(scram_server_message(&server, body, &out), SCRAM_INVALID);
        scram_server_clear(&server);
    }
}

static void binding_is_offered_first_and_only_with_a_certificate(void **state)
{
    (void)state;
    struct scram_server server = begun(BINDING, false);
    struct buf out AUTO_BUF;
    buf_init(&out, 4096);
    scram_server_begin(&server, &out);
    struct text names[SASL_MECHANISMS_MAX];
    size_t count = 0;
    assert_true(sasl_parse_mechanisms(body_of(&out), names, &count));
    assert_int_equal(count, 2);
    assert_true(text_equal_string(names[0], SCRAM_MECHANISM_PLUS));
    assert_true(text_equal_string(names[1], SCRAM_MECHANISM));
    scram_server_clear(&server);
}

/* RFC 5802, section 6, in all combinations of mechanism, flag and connection. */
static void binding_flags_are_checked(void **state)
{
    (void)state;
    struct text n = text_of("n,,n=,r=x");
    struct text y = text_of("y,,n=,r=x");
    struct text p = text_of("p=tls-server-end-point,,n=,r=x");
    expect_first("", SCRAM_MECHANISM, y, NULL);
    expect_first("", SCRAM_MECHANISM, p, "08P01");
    expect_first("", SCRAM_MECHANISM_PLUS, p, "08P01");
    expect_first(BINDING, SCRAM_MECHANISM, n, NULL);
    expect_first(BINDING, SCRAM_MECHANISM, y, "28000"); /* the offer was removed on its way */
    expect_first(BINDING, SCRAM_MECHANISM, p, "08P01");
    expect_first(BINDING, SCRAM_MECHANISM_PLUS, n, "08P01");
    expect_first(BINDING, SCRAM_MECHANISM_PLUS, y, "08P01");
    expect_first(BINDING, SCRAM_MECHANISM_PLUS, p, NULL);
    expect_first(BINDING, SCRAM_MECHANISM_PLUS, text_of("p=tls-unique,,n=,r=x"), "08P01");
}

/* The header of the first message must be the one in the last, whatever the proof. */
static void binding_that_changes_is_rejected(void **state)
{
    (void)state;
    static const char *const bindings[] = {"eSws", "cD10bHMtc2VydmVyLWVuZC1wb2ludCws", "", "bixh"};
    for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++) {
        struct scram_server server = begun("", false);
        struct buf out AUTO_BUF;
        struct buf final AUTO_BUF;
        buf_init(&out, 4096);
        buf_init(&final, 4096);
        buf_add_string(&final, "c=");
        buf_add_string(&final, bindings[i]);
        buf_add_string(&final, ",r=" CLIENT_NONCE SERVER_NONCE
                               ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assert_int_equal(log_in(&server, FIRST, buf_text(&final), &out), SCRAM_INVALID);
        assert_string_equal(server.sqlstate, "28000");
        scram_server_clear(&server);
    }
}

static void nonces_are_new_and_printable(void **state)
{
    (void)state;
    char first[SCRAM_NONCE_SIZE];
    char second[SCRAM_NONCE_SIZE];
    assert_true(scram_nonce_make(first));
    assert_true(scram_nonce_make(second));
    assert_int_equal(strlen(first), SCRAM_NONCE_SIZE - 1);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_example_logs_in),
        cmocka_unit_test(empty_challenge_is_sent_to_a_client_without_data),
        cmocka_unit_test(no_user_has_the_same_steps_and_no_login),
        cmocka_unit_test(damaged_proofs_are_rejected),
        cmocka_unit_test(malformed_first_messages_are_rejected),
        cmocka_unit_test(initial_response_that_lies_about_its_length_is_rejected),
        cmocka_unit_test(binding_is_offered_first_and_only_with_a_certificate),
        cmocka_unit_test(binding_flags_are_checked),
        cmocka_unit_test(binding_that_changes_is_rejected),
        cmocka_unit_test(nonces_are_new_and_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
