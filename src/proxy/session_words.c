/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/session_words.h"

/*
 * PostgreSQL manual, "Advisory Lock Functions", "Sequence Manipulation Functions", and so on.
 * Advisory locks with xact in their names end with the transaction.  currval() and lastval() need a
 * nextval() of the same session; setseed() decides what random() returns.
 *
 * By length, since most words are short and matter to nobody.
 */
#define WORD(text) (text), sizeof(text) - 1
static const struct {
    const char *word;
    size_t len;
    enum session_word kind;
} table[] = {
    {WORD("set"), SESSION_WORD_SET},
    {WORD("temp"), SESSION_WORD_TEMP},
    {WORD("into"), SESSION_WORD_INTO},
    {WORD("with"), SESSION_WORD_WITH},
    {WORD("hold"), SESSION_WORD_HOLD},
    {WORD("local"), SESSION_WORD_SCOPE},
    {WORD("merge"), SESSION_WORD_WRITE},
    {WORD("create"), SESSION_WORD_CREATE},
    {WORD("global"), SESSION_WORD_SCOPE},
    {WORD("insert"), SESSION_WORD_WRITE},
    {WORD("setval"), SESSION_WORD_FUNCTION},
    {WORD("declare"), SESSION_WORD_DECLARE},
    {WORD("setseed"), SESSION_WORD_FUNCTION},
    {WORD("nextval"), SESSION_WORD_FUNCTION},
    {WORD("temporary"), SESSION_WORD_TEMP},
    {WORD("set_config"), SESSION_WORD_FUNCTION},
    {WORD("transaction"), SESSION_WORD_IN_BLOCK},
    {WORD("constraints"), SESSION_WORD_IN_BLOCK},
    {WORD("dblink_connect"), SESSION_WORD_FUNCTION},
    {WORD("pg_advisory_lock"), SESSION_WORD_FUNCTION},
    {WORD("dblink_connect_u"), SESSION_WORD_FUNCTION},
    {WORD("pg_try_advisory_lock"), SESSION_WORD_FUNCTION},
    {WORD("pg_advisory_lock_shared"), SESSION_WORD_FUNCTION},
    {WORD("pg_try_advisory_lock_shared"), SESSION_WORD_FUNCTION},
};

static bool is_temporary_schema(struct text word)
{
    return word.len >= sizeof "pg_temp" - 1 && word.data[0] == 'p' &&
           (text_equal_string(word, "pg_temp") || text_starts_with(word, "pg_temp_"));
}

static enum session_word kind_of(struct text word)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0] && table[i].len <= word.len; i++) {
        if (text_equal(word, text_of_bytes(table[i].word, table[i].len))) {
            return table[i].kind;
        }
    }
    return is_temporary_schema(word) ? SESSION_WORD_SCHEMA : SESSION_WORD_OTHER;
}

/* In quotes it is a name, whatever it says. */
static enum session_word kind_of_name(struct text name)
{
    enum session_word kind = kind_of(name);
    bool matters = kind == SESSION_WORD_FUNCTION || kind == SESSION_WORD_SCHEMA;
    return matters ? kind : SESSION_WORD_OTHER;
}

static void begin_statement(struct session_words *words)
{
    words->first = SESSION_WORD_NONE;
    words->before = SESSION_WORD_NONE;
    words->is_second = false;
}

void session_words_begin(struct session_words *words)
{
    lexer_init(&words->lexer);
    begin_statement(words);
    words->quoted_len = 0;
    words->has_prefix = false;
}

/* SET x and SET SESSION ..., but not SET LOCAL, SET TRANSACTION and SET CONSTRAINTS. */
static bool is_set(const struct session_words *words, enum session_word kind)
{
    return words->first == SESSION_WORD_SET && words->is_second && kind != SESSION_WORD_SCOPE &&
           kind != SESSION_WORD_IN_BLOCK;
}

/* CREATE [OR REPLACE] [LOCAL] TEMP, SELECT ... INTO [LOCAL] TEMP, DECLARE ... WITH HOLD. */
static bool leaves_something(const struct session_words *words, enum session_word kind)
{
    switch (kind) {
    case SESSION_WORD_TEMP:
        return words->before == SESSION_WORD_CREATE || words->before == SESSION_WORD_INTO;
    case SESSION_WORD_HOLD:
        return words->first == SESSION_WORD_DECLARE && words->before == SESSION_WORD_WITH;
    case SESSION_WORD_SCHEMA:
        return true;
    default:
        return false;
    }
}

/* The words between CREATE or INTO and TEMP do not count as words before it. */
static enum session_word as_before(const struct session_words *words, enum session_word kind,
                                   struct text word)
{
    bool is_open = words->before == SESSION_WORD_CREATE || words->before == SESSION_WORD_INTO;
    if (is_open && (kind == SESSION_WORD_SCOPE || text_equal_string(word, "or") ||
                    text_equal_string(word, "replace"))) {
        return words->before;
    }
    bool is_of_write = kind == SESSION_WORD_INTO && words->before == SESSION_WORD_WRITE;
    return is_of_write ? SESSION_WORD_OTHER : kind;
}

static void take_word(struct session_words *words, enum session_word kind, struct text word)
{
    words->has_set = words->has_set || is_set(words, kind);
    words->has_found = words->has_found || leaves_something(words, kind);
    words->is_second = words->first == SESSION_WORD_NONE;
    words->first = words->is_second ? kind : words->first;
    words->before = as_before(words, kind, word);
}

/* A name with escapes, U&"...", is not read: it may be any. */
static void end_quoted(struct session_words *words)
{
    size_t len = words->quoted_len <= sizeof words->quoted ? words->quoted_len : 0;
    take_word(words, kind_of_name(text_of_bytes(words->quoted, len)), text_of(""));
    words->has_found = words->has_found || words->has_prefix;
}

static void add_quoted(struct session_words *words, char c)
{
    if (words->quoted_len < sizeof words->quoted) {
        words->quoted[words->quoted_len] = c;
    }
    words->quoted_len++;
}

/* A function matters if a parenthesis follows. */
static void take_sign(struct session_words *words, char c)
{
    bool is_call = words->before == SESSION_WORD_FUNCTION && c == '(';
    words->has_found = words->has_found || is_call;
    words->before = SESSION_WORD_OTHER;
    if (words->first == SESSION_WORD_NONE) {
        words->first = SESSION_WORD_OTHER;
    }
}

/* The & of U& must follow its letter, and the quote the &. */
static void note_prefix(struct session_words *words, unsigned events, char c)
{
    if ((events & LEXER_WORD_END) != 0) {
        words->has_prefix = c == '&' && text_equal_string(lexer_word(&words->lexer), "u");
    } else if ((events & LEXER_IDENTIFIER) == 0) {
        words->has_prefix = false;
    }
}

static void take_byte(struct session_words *words, char c)
{
    bool was_quoted = words->lexer.state == LEXER_QUOTED_IDENTIFIER;
    unsigned events = lexer_byte(&words->lexer, c);
    if (was_quoted) {
        if (words->lexer.state == LEXER_QUOTED_IDENTIFIER) {
            add_quoted(words, c);
        } else {
            end_quoted(words);
        }
        return;
    }
    if ((events & LEXER_WORD_END) != 0) {
        struct text word = lexer_word(&words->lexer);
        take_word(words, kind_of(word), word);
    }
    note_prefix(words, events, c);
    if ((events & LEXER_OTHER) != 0) {
        take_sign(words, c);
    }
    if ((events & LEXER_IDENTIFIER) != 0) {
        words->quoted_len = 0;
    }
    if ((events & LEXER_SEMICOLON) != 0) {
        begin_statement(words);
    }
}

void session_words_add(struct session_words *words, struct text sql)
{
    while (!text_is_empty(sql) && !words->has_found) {
        size_t skipped = lexer_skip(&words->lexer, sql);
        words->has_prefix = words->has_prefix && skipped == 0;
        sql = text_slice(sql, skipped, sql.len);
        if (!text_is_empty(sql)) {
            take_byte(words, sql.data[0]);
            sql = text_slice(sql, 1, sql.len);
        }
    }
}

void session_words_end(struct session_words *words)
{
    take_byte(words, '\n');
}
