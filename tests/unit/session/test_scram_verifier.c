/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/secret.h"
#include "session/scram_verifier.h"
#include "unit.h"

#include <string.h>

/* The salt of RFC 7677's example; the keys were computed with Python's hashlib. */
#define VERIFIER                                                                                   \
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                                                 \
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static struct text rfc_salt(unsigned char out[SCRAM_SALT_MAX])
{
    size_t len = 0;
    assert_true(
        base64_decode_bytes(text_of("W22ZaJ0SNY7soEsUEjb6gQ=="), out, SCRAM_SALT_MAX, &len));
    return text_of_bytes(out, len);
}

static void published_example_has_these_keys(void **state)
{
    (void)state;
    unsigned char salt[SCRAM_SALT_MAX];
    struct scram_verifier verifier;
    assert_true(scram_verifier_make(&verifier, text_of("pencil"), rfc_salt(salt), 4096));
    struct buf text AUTO_BUF;
    buf_init(&text, SCRAM_VERIFIER_TEXT_MAX);
    scram_verifier_write(&verifier, &text);
    assert_string_equal(text.data, VERIFIER);
}

static void text_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct scram_verifier verifier;
    assert_true(scram_verifier_parse(&verifier, text_of(VERIFIER)));
    assert_int_equal(verifier.iterations, 4096);
    struct buf text AUTO_BUF;
    buf_init(&text, SCRAM_VERIFIER_TEXT_MAX);
    scram_verifier_write(&verifier, &text);
    assert_string_equal(text.data, VERIFIER);
}

static void damaged_text_is_rejected_and_leaves_no_key(void **state)
{
    (void)state;
    static const char *const damaged[] = {
        "",
        "SCRAM-SHA-256$",
        "SCRAM-SHA-1$4096:W22ZaJ0SNY7soEsUEjb6gQ==$x:y",
        "SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$1000001:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3Otc:wfPLwcE6nTWhTAmQ",
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        static const struct scram_verifier nothing;
        struct scram_verifier verifier;
        assert_false(scram_verifier_parse(&verifier, text_of(damaged[i])));
        assert_memory_equal(&verifier, &nothing, sizeof nothing);
    }
    /* Each end, too: no prefix of a verifier is one. */
    for (size_t len = 0; len < strlen(VERIFIER); len++) {
        struct scram_verifier verifier;
        assert_false(scram_verifier_parse(&verifier, text_of_bytes(VERIFIER, len)));
    }
}

static void passwords_out_of_range_are_rejected(void **state)
{
    (void)state;
    struct scram_keys keys;
    char longest[SCRAM_PASSWORD_MAX + 1];
    memset(longest, 'x', sizeof longest);
    assert_true(scram_password_is_supported(text_of("a b\x7f")));
    assert_true(scram_password_is_supported(text_of_bytes(longest, SCRAM_PASSWORD_MAX)));
    assert_false(scram_password_is_supported(text_of_bytes(longest, sizeof longest)));
    assert_false(scram_password_is_supported(text_of("")));
    assert_true(scram_password_is_supported(text_of("pass\xc3\xa9")));
    assert_false(scram_password_is_supported(text_of_bytes("a\0b", 3)));
    assert_false(scram_keys_derive(&keys, text_of("pencil"), text_of("salt"), 0));
    assert_false(
        scram_keys_derive(&keys, text_of("pencil"), text_of("salt"), SCRAM_ITERATIONS_MAX + 1));
    assert_false(scram_keys_derive(&keys, text_of("pencil"), text_of(""), 4096));
}

static void unknown_users_keep_their_salt(void **state)
{
    (void)state;
    struct scram_verifier first;
    struct scram_verifier again;
    struct scram_verifier other;
    struct scram_verifier elsewhere;
    assert_true(scram_verifier_mock(&first, text_of("secret"), text_of("nobody")));
    assert_true(scram_verifier_mock(&again, text_of("secret"), text_of("nobody")));
    assert_true(scram_verifier_mock(&other, text_of("secret"), text_of("nobody2")));
    assert_true(scram_verifier_mock(&elsewhere, text_of("secret2"), text_of("nobody")));
    assert_int_equal(first.salt_len, SCRAM_SALT_SIZE);
    assert_int_equal(first.iterations, SCRAM_ITERATIONS);
    assert_memory_equal(first.salt, again.salt, SCRAM_SALT_SIZE);
    assert_memory_not_equal(first.salt, other.salt, SCRAM_SALT_SIZE);
    assert_memory_not_equal(first.salt, elsewhere.salt, SCRAM_SALT_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_example_has_these_keys),
        cmocka_unit_test(text_is_read_as_it_was_written),
        cmocka_unit_test(damaged_text_is_rejected_and_leaves_no_key),
        cmocka_unit_test(passwords_out_of_range_are_rejected),
        cmocka_unit_test(unknown_users_keep_their_salt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
