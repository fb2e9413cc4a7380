/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "unit.h"

static void expect(struct text bytes, const char *encoded)
{
    struct buf out AUTO_BUF;
    buf_init(&out, 64);
    base64url_encode(&out, bytes);
    assert_true(text_equal_string(buf_text(&out), encoded));
}

/* RFC 4648, section 10, without the padding. */
static void published_vectors_are_met(void **state)
{
    (void)state;
    expect(text_of(""), "");
    expect(text_of("f"), "Zg");
    expect(text_of("fo"), "Zm8");
    expect(text_of("foo"), "Zm9v");
    expect(text_of("foob"), "Zm9vYg");
    expect(text_of("fooba"), "Zm9vYmE");
    expect(text_of("foobar"), "Zm9vYmFy");
}

static void high_bytes_use_the_url_alphabet(void **state)
{
    (void)state;
    expect(text_of_bytes("\xff\xef\xbe\0", 4), "_---AA");
    expect(text_of_bytes("\xfb\xff", 2), "-_8");
}

/* RFC 4648, section 10. */
static void padded_vectors_are_met_in_both_directions(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff", "+/8="},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buf out AUTO_BUF;
        struct buf back AUTO_BUF;
        buf_init(&out, 64);
        buf_init(&back, 64);
        base64_encode(&out, text_of(pairs[i][0]));
        assert_true(text_equal_string(buf_text(&out), pairs[i][1]));
        assert_true(base64_decode(&back, buf_text(&out)));
        assert_true(text_equal_string(buf_text(&back), pairs[i][0]));
    }
}

static void only_the_one_text_of_a_value_is_decoded(void **state)
{
    (void)state;
    static const char *const damaged[] = {
        "Z",    "Zg",   "Zg=",      "Zg===",  "=",      "====", "Z===",  "Zh==",
        "Zm9=", "Z g=", "Zm8=Zm8=", "Zg==\n", "Zm9v\n", "_-8=", "Zm9v=", "Zm=v",
    };
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct buf out AUTO_BUF;
        buf_init(&out, 64);
        assert_false(base64_decode(&out, text_of(damaged[i])));
    }
    struct buf out AUTO_BUF;
    buf_init(&out, 64);
    assert_false(base64_decode(&out, text_of_bytes("Zm9\0", 4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padded_vectors_are_met_in_both_directions),
        cmocka_unit_test(only_the_one_text_of_a_value_is_decoded),
        cmocka_unit_test(published_vectors_are_met),
        cmocka_unit_test(high_bytes_use_the_url_alphabet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
