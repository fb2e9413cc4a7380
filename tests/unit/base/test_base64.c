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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_are_met),
        cmocka_unit_test(high_bytes_use_the_url_alphabet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
