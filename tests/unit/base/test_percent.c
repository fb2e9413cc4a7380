/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/percent.h"
#include "base/secret.h"
#include "unit.h"

static void everything_but_the_unreserved_is_escaped(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init(&out, 100);
    percent_encode(&out, text_of("aZ09-._~+/= *\xff"));
    assert_true(text_equal_string(buf_text(&out), "aZ09-._~%2B%2F%3D%20%2A%FF"));
}

static void decoding_undoes_it(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init(&out, 100);
    assert_true(percent_decode(&out, text_of("a%2Fb%2b+%C3%A4")));
    assert_true(text_equal_string(buf_text(&out), "a/b++\xc3\xa4"));
}

static void half_an_escape_is_refused(void **state)
{
    (void)state;
    const char *const wrong[] = {"%", "%2", "a%2", "%zz", "%2g", "%00", "%%41"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buf out AUTO_BUF;
        buf_init(&out, 100);
        assert_false(percent_decode(&out, text_of(wrong[i])));
    }
}

static void secrets_compare_by_content_and_length(void **state)
{
    (void)state;
    assert_true(secret_equal("abc", 3, "abc", 3));
    assert_false(secret_equal("abc", 3, "abd", 3));
    assert_false(secret_equal("abc", 3, "ab", 2));
    struct secret secret = {0};
    assert_true(secret_set_string(&secret, "key"));
    assert_string_equal(secret_string(&secret), "key");
    assert_true(secret_set_string(&secret, ""));
    assert_true(secret_is_empty(&secret));
    assert_string_equal(secret_string(&secret), "");
    secret_clear(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_but_the_unreserved_is_escaped),
        cmocka_unit_test(decoding_undoes_it),
        cmocka_unit_test(half_an_escape_is_refused),
        cmocka_unit_test(secrets_compare_by_content_and_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
