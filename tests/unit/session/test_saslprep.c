/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "session/saslprep.h"
#include "session/scram_verifier.h"
#include "unit.h"

#include <string.h>

enum { OUT_MAX = SCRAM_PASSWORD_MAX * SASLPREP_EXPANSION_MAX };

static void expect(const char *password, const char *expected)
{
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    saslprep(text_of(password), &out);
    assert_true(buf_ok(&out));
    buf_add_char(&out, '\0');
    assert_string_equal(out.data, expected);
}

static void expect_unchanged(const char *password)
{
    expect(password, password);
}

/* RFC 4013, section 3. */
static void examples_of_the_standard(void **state)
{
    (void)state;
    expect("I\xc2\xadX", "IX");
    expect("user", "user");
    expect("USER", "USER");
    expect("\xc2\xaa", "a");
    expect("\xe2\x85\xa8", "IX");
    expect_unchanged("\x07");         /* prohibited */
    expect_unchanged("\xd8\xa7\x31"); /* an Arabic letter, and not one at the end */
}

static void one_password_in_two_spellings_is_one(void **state)
{
    (void)state;
    expect("p\xc3\xa4ss", "p\xc3\xa4ss");
    expect("pa\xcc\x88ss", "p\xc3\xa4ss");       /* a, diaeresis */
    expect("\xe1\xba\xad", "\xe1\xba\xad");      /* a, circumflex, dot below ... */
    expect("a\xcc\x82\xcc\xa3", "\xe1\xba\xad"); /* ... in another order */
    expect("\xea\xb0\x81", "\xea\xb0\x81");      /* Hangul ... */
    expect("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", "\xea\xb0\x81"); /* ... from its parts */
    expect("\xef\xac\x81", "fi");                                   /* a ligature */
    expect("\xef\xbc\xa1", "A");                                    /* of double width */
    expect("\xe2\x84\xab", "\xc3\x85");                 /* Angstrom, and A with a ring */
    expect("\xf0\xaf\xa1\xa8", "\xe3\x9b\xbc");         /* corrected in Unicode 4.0 */
    expect("\xe0\xa5\x98", "\xe0\xa4\x95\xe0\xa4\xbc"); /* excluded from composition */
}

static void spaces_become_one_and_others_vanish(void **state)
{
    (void)state;
    expect("a\xc2\xa0"
           "b\xe3\x80\x80",
           "a b ");
    expect("a\xe2\x80\x8b"
           "b",
           "a b"); /* PostgreSQL: a space, not nothing */
    expect("a\xe2\x80\x8d"
           "b\xef\xb8\x8f",
           "ab");
}

/* PostgreSQL and libpq use such a password as it is. */
static void what_is_prohibited_is_not_changed(void **state)
{
    (void)state;
    expect_unchanged("");
    expect_unchanged("\xc2\xad");                   /* nothing is left */
    expect_unchanged("pa\xcc\x88\xdf\x80");         /* a digit that Unicode 3.2 does not have */
    expect_unchanged("pa\xcc\x88\x01");             /* a control character */
    expect_unchanged("pa\xcc\x88\xee\x80\x80");     /* private use */
    expect_unchanged("pa\xcc\x88\xf4\x90\x80\x80"); /* above 0x10FFFF */
    expect_unchanged("pa\xcc\x88\xed\xa0\x80");     /* a surrogate */
    expect_unchanged("pa\xcc\x88\xc0\xaf");         /* more bytes than are needed */
    expect_unchanged("pa\xcc\x88\xe4");             /* LATIN1 */
    expect_unchanged("pa\xcc\x88\xe2\x82");         /* cut */
    expect_unchanged("\xd7\x90"
                     "a\xd7\x90"); /* both directions */
}

/* Every character alone fits, so any password does. */
static void expansion_has_a_maximum(void **state)
{
    (void)state;
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    for (unsigned code = 0x800; code < 0x10000; code++) {
        const char character[] = {(char)(0xE0 | code >> 12), (char)(0x80 | (code >> 6 & 0x3F)),
                                  (char)(0x80 | (code & 0x3F))};
        buf_reset(&out);
        saslprep(text_of_bytes(character, sizeof character), &out);
        assert_true(out.len <= sizeof character * SASLPREP_EXPANSION_MAX);
    }
    char longest[SCRAM_PASSWORD_MAX];
    for (size_t i = 0; i < sizeof longest; i++) {
        longest[i] = "\xef\xb7\xba"[i % 3];
    }
    buf_reset(&out);
    saslprep(text_of_bytes(longest, sizeof longest - 1), &out);
    assert_true(buf_ok(&out));
    assert_int_equal(out.len, (sizeof longest - 1) * SASLPREP_EXPANSION_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_standard),
        cmocka_unit_test(one_password_in_two_spellings_is_one),
        cmocka_unit_test(spaces_become_one_and_others_vanish),
        cmocka_unit_test(what_is_prohibited_is_not_changed),
        cmocka_unit_test(expansion_has_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
