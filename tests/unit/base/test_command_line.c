/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "base/command_line.h"
#include "unit.h"

#include <string.h>

/* expected: the words, each with '|' behind it. */
static void expect(const char *command, const char *expected)
{
    struct command_line line;
    char got[200] = "";
    size_t len = 0;
    const char *wrong = command_line_split(text_of(command), &line);
    if (wrong != NULL) {
        fail_msg("%s: %s", command, wrong);
    }
    for (size_t i = 0; i < line.count; i++) {
        size_t word = strlen(line.words[i]);
        memcpy(got + len, line.words[i], word);
        len += word;
        got[len++] = '|';
    }
    assert_string_equal(got, expected);
    assert_null(line.words[line.count]);
    command_line_clear(&line);
    assert_null(line.words[0]);
}

static void expect_failure(struct text command, const char *words)
{
    struct command_line line;
    const char *wrong = command_line_split(command, &line);
    assert_non_null(wrong);
    if (strstr(wrong, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", wrong, words);
    }
}

/* All of these are what Python's shlex.split() gives. */
static void words_are_those_of_shlex(void **state)
{
    (void)state;
    expect("a b  c\td\n", "a|b|c|d|");
    expect("  a", "a|");
    expect("a 'b c' \"d e\"", "a|b c|d e|");
    expect("a'b'\"c\"d", "abcd|");
    expect("a '' \"\"", "a|||");
    expect("a\\ b \\'c\\\" \\\\", "a b|'c\"|\\|");
    expect("'a\\b\"c'", "a\\b\"c|");
    expect("\"a\\\"b\\\\c\\d'e\"", "a\"b\\c\\d'e|");
    expect("a\\\nb", "a\nb|");
}

static void nothing_is_expanded(void **state)
{
    (void)state;
    expect("a $HOME ~ * `b` $(c) e; # f a&b", "a|$HOME|~|*|`b`|$(c)|e;|#|f|a&b|");
}

static void what_needs_a_shell_is_refused_in_words(void **state)
{
    (void)state;
    static const char *const commands[] = {"a | b",  "a || b", "a && b", "a &",   "a > b",
                                           "a 2> b", "a < b",  "a ; b",  "a 2>&1"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        expect_failure(text_of(commands[i]), "sh -c");
    }
    expect("sh -c 'a | b'", "sh|-c|a | b|");
    expect("grep '>' \\> \"<\"", "grep|>|>|<|");
}

static void what_is_not_closed_or_empty_is_refused(void **state)
{
    (void)state;
    expect_failure(text_of("a 'b"), "quote");
    expect_failure(text_of("a \"b"), "quote");
    expect_failure(text_of("a \"b\\"), "backslash");
    expect_failure(text_of("a \\"), "backslash");
    expect_failure(text_of(" \t"), "empty");
    expect_failure(text_of(""), "empty");
    expect_failure(text_of_bytes("a\0b", 3), "NUL");
}

static void words_and_bytes_have_limits(void **state)
{
    (void)state;
    struct buf command AUTO_BUF;
    struct command_line line;
    buf_init(&command, 1 << 20);
    for (size_t i = 0; i < COMMAND_LINE_MAX_WORDS; i++) {
        buf_add_string(&command, "a ");
    }
    assert_null(command_line_split(buf_text(&command), &line));
    assert_int_equal(line.count, COMMAND_LINE_MAX_WORDS);
    command_line_clear(&line);
    buf_add_char(&command, 'b');
    expect_failure(buf_text(&command), "too many words");
    buf_reset(&command);
    for (size_t i = 0; i < COMMAND_LINE_MAX_SIZE; i++) {
        buf_add_char(&command, 'a');
    }
    expect_failure(buf_text(&command), "too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_those_of_shlex),
        cmocka_unit_test(nothing_is_expanded),
        cmocka_unit_test(what_needs_a_shell_is_refused_in_words),
        cmocka_unit_test(what_is_not_closed_or_empty_is_refused),
        cmocka_unit_test(words_and_bytes_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
