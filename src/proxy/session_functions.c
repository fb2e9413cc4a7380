/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/session_functions.h"

/*
 * PostgreSQL manual, "Advisory Lock Functions", "Sequence Manipulation Functions", and so on.
 * Advisory locks with xact in their names end with the transaction.  currval() and lastval() need a
 * nextval() of the same session; setseed() decides what random() returns.  By length.
 */
#define WORD(text) (text), sizeof(text) - 1
static const struct {
    const char *word;
    size_t len;
} names[] = {
    {WORD("setval")},
    {WORD("setseed")},
    {WORD("nextval")},
    {WORD("set_config")},
    {WORD("dblink_connect")},
    {WORD("pg_advisory_lock")},
    {WORD("dblink_connect_u")},
    {WORD("pg_try_advisory_lock")},
    {WORD("pg_advisory_lock_shared")},
    {WORD("pg_try_advisory_lock_shared")},
};

static bool is_function(struct text word)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0] && names[i].len <= word.len; i++) {
        if (text_equal(word, text_of_bytes(names[i].word, names[i].len))) {
            return true;
        }
    }
    return false;
}

/* pg_temp, or pg_temp_3 as it is called for a session. */
static bool is_temporary_schema(struct text word)
{
    return word.data[0] == 'p' &&
           (text_equal_string(word, "pg_temp") || text_starts_with(word, "pg_temp_"));
}

/* Most words are short or begin with another letter. */
static bool may_matter(struct text word)
{
    return word.len >= sizeof "setval" - 1 && (word.data[0] == 's' || word.data[0] == 'n' ||
                                               word.data[0] == 'd' || word.data[0] == 'p');
}

static void take_name(struct session_functions *functions, struct text word)
{
    functions->is_name = false;
    if (may_matter(word)) {
        functions->is_name = is_function(word);
        functions->has_found = functions->has_found || is_temporary_schema(word);
    }
}

void session_functions_take(struct session_functions *functions, const struct lexer *lexer,
                            unsigned events, char c)
{
    if (events == LEXER_WORD_START && !functions->has_prefix) {
        return; /* half of all events, and nothing would change */
    }
    struct text word = lexer_word(lexer);
    bool is_prefixed = functions->has_prefix && (events & LEXER_IDENTIFIER) != 0;
    functions->has_prefix =
        c == '&' && (events & LEXER_WORD_END) != 0 && text_equal_string(word, "u");
    if ((events & (LEXER_WORD_END | LEXER_IDENTIFIER_END)) != 0) {
        take_name(functions, word);
    }
    if ((events & (LEXER_OTHER | LEXER_SEMICOLON)) != 0) {
        bool is_call = functions->is_name && (events & LEXER_OTHER) != 0 && c == '(';
        functions->has_found = functions->has_found || is_call;
        functions->is_name = false;
    }
    functions->has_found = functions->has_found || is_prefixed;
}
