/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What test_sql_rewriter.c, which goes through all kinds of tokens, does not show. */
#include "base/buf.h"
#include "sql/lexer.h"
#include "unit.h"

/* Whether a semicolon in the text ends a statement. */
static bool has_semicolon(const struct lexer_rules *rules, const char *sql)
{
    struct lexer lexer;
    unsigned events = 0;
    lexer_init_rules(&lexer, rules);
    for (size_t i = 0; sql[i] != '\0'; i++) {
        events |= lexer_byte(&lexer, sql[i]);
    }
    return (events & LEXER_SEMICOLON) != 0;
}

static void backslash_escapes_if_strings_do_not_conform(void **state)
{
    (void)state;
    const struct lexer_rules on = {0};
    const struct lexer_rules off = {.has_backslashes = true};
    assert_true(has_semicolon(&on, "SELECT 'a\\';'"));
    assert_false(has_semicolon(&off, "SELECT 'a\\';'"));
    assert_true(has_semicolon(&off, "SELECT 'a\\\\';'"));
    assert_false(has_semicolon(&off, "SELECT $$a\\$$ || ';'"));
}

/* 0x5C as a second byte is no backslash, and 0xB1 stands alone in Shift JIS only. */
static void second_bytes_are_not_ascii(void **state)
{
    (void)state;
    const struct lexer_rules utf8 = {0};
    const struct lexer_rules gbk = {.encoding = lexer_encoding(text_of("GBK"))};
    const struct lexer_rules sjis = {.encoding = lexer_encoding(text_of("shift_jis_2004"))};
    assert_false(has_semicolon(&utf8, "SELECT E'\x95\\';'"));
    assert_true(has_semicolon(&gbk, "SELECT E'\x95\\';'"));
    assert_true(has_semicolon(&sjis, "SELECT E'\x95\\';'"));
    assert_true(has_semicolon(&gbk, "SELECT E'\xb1\\';'"));
    assert_false(has_semicolon(&sjis, "SELECT E'\xb1\\';'"));
    assert_false(has_semicolon(&gbk, "SELECT E'\x95\x5c\\';'"));
}

static void a_quote_is_never_a_second_byte(void **state)
{
    (void)state;
    const struct lexer_rules gbk = {.encoding = LEXER_PAIRS};
    assert_true(has_semicolon(&gbk, "SELECT '\x95';"));
}

/* The events of a text, each with the word at that moment. */
static void read_events(const struct lexer_rules *rules, struct text sql, bool skips,
                        struct buf *out)
{
    struct lexer lexer;
    lexer_init_rules(&lexer, rules);
    while (!text_is_empty(sql)) {
        unsigned events = lexer_byte(&lexer, sql.data[0]);
        sql = text_slice(sql, 1, sql.len);
        if (events != 0) {
            struct text word = lexer_word(&lexer);
            buf_printf(out, "%zu:%u:%zu:%.*s ", sql.len, events, lexer.word_len, (int)word.len,
                       word.data);
        }
        sql = text_slice(sql, skips ? lexer_skip(&lexer, sql) : 0, sql.len);
    }
}

static void what_is_skipped_brings_no_event(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "SELECT a_long_word_1, 'it''s; ' || E'a\\';' FROM \"x;y\" -- c\n; $t$;$t$ ;",
        "create TABLE e'x' e 'y' n'z';E'';a$b;$1a;\xe4\xf6;'open",
        "SELECT E'a'  \n  '\\';'  ,  E'a'  '\\'  ; \"x\" \"y;\"  -  -1  /  * ; */ .  5 ;",
        "Word_of_ThirtyTwo_Bytes_Which_Fi A_Word_of_ThirtyThree_Bytes_Longer;  $  1  a  ;",
        "\x95' ; \x95\x5c; word\x95;x",
    };
    const struct lexer_rules all[] = {
        {0}, {.has_backslashes = true}, {.encoding = LEXER_PAIRS}, {.encoding = LEXER_SHIFT_JIS}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] * 4; i++) {
        struct text sql = text_of(texts[i / 4]);
        struct buf slow AUTO_BUF;
        struct buf fast AUTO_BUF;
        buf_init(&slow, 10000);
        buf_init(&fast, 10000);
        read_events(&all[i % 4], sql, false, &slow);
        read_events(&all[i % 4], sql, true, &fast);
        assert_string_equal(slow.data, fast.data);
    }
}

static void encodings_have_several_names(void **state)
{
    (void)state;
    assert_int_equal(lexer_encoding(text_of("UTF8")), LEXER_ASCII_SAFE);
    assert_int_equal(lexer_encoding(text_of("")), LEXER_ASCII_SAFE);
    assert_int_equal(lexer_encoding(text_of("EUC_JP")), LEXER_ASCII_SAFE);
    assert_int_equal(lexer_encoding(text_of("Big-5")), LEXER_PAIRS);
    assert_int_equal(lexer_encoding(text_of("WINDOWS-949")), LEXER_PAIRS);
    assert_int_equal(lexer_encoding(text_of("Shift_JIS")), LEXER_SHIFT_JIS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backslash_escapes_if_strings_do_not_conform),
        cmocka_unit_test(second_bytes_are_not_ascii),
        cmocka_unit_test(a_quote_is_never_a_second_byte),
        cmocka_unit_test(what_is_skipped_brings_no_event),
        cmocka_unit_test(encodings_have_several_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
