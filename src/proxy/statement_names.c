/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_names.h"

#include "proxy/statement_identifier.h"

enum name_state {
    AT_START, /* of a statement */
    AFTER_DEALLOCATE,
    AFTER_DEALLOCATE_PREPARE, /* the name of a statement may be "prepare", too */
    AFTER_EXECUTE,
    AFTER_PREPARE,
    IN_EXPLAIN,
    IN_CREATE,
    PAST_NAME /* or there is none */
};

struct search {
    struct text sql;
    struct lexer lexer;
    enum name_state state;
    size_t word_start;
    size_t prepare_start; /* of the word after DEALLOCATE */
    bool is_after_as;
    unsigned parentheses;
    struct statement_name *names;
    size_t count;
};

/* ---- Names ---- */

static void add(struct search *search, enum statement_name_use use, size_t start)
{
    search->state = PAST_NAME;
    if (search->count == STATEMENT_NAMES_MAX) {
        return;
    }
    struct statement_name *name = &search->names[search->count];
    size_t len =
        statement_identifier_read(text_slice(search->sql, start, search->sql.len), name->name);
    name->use = use;
    name->start = start;
    name->end = start + len;
    search->count += len > 0 ? 1 : 0;
}

/* False: no name is expected here. */
static bool take_name(struct search *search, size_t start)
{
    switch (search->state) {
    case AFTER_DEALLOCATE:
    case AFTER_DEALLOCATE_PREPARE:
        add(search, NAME_DEALLOCATED, start);
        return true;
    case AFTER_EXECUTE:
        add(search, NAME_EXECUTED, start);
        return true;
    case AFTER_PREPARE:
        add(search, NAME_PREPARED, start);
        return true;
    default:
        return false;
    }
}

/* ---- Words ---- */

static enum name_state state_of(struct text word)
{
    static const struct {
        const char *word;
        enum name_state state;
    } first_words[] = {
        {"deallocate", AFTER_DEALLOCATE}, {"execute", AFTER_EXECUTE}, {"prepare", AFTER_PREPARE},
        {"explain", IN_EXPLAIN},          {"create", IN_CREATE},
    };
    for (size_t i = 0; i < sizeof first_words / sizeof first_words[0]; i++) {
        if (text_equal_string(word, first_words[i].word)) {
            return first_words[i].state;
        }
    }
    return PAST_NAME;
}

/* DEALLOCATE ALL, and PREPARE TRANSACTION, have no name. */
static bool is_keyword(const struct search *search, struct text word)
{
    bool is_all = search->state == AFTER_DEALLOCATE || search->state == AFTER_DEALLOCATE_PREPARE;
    return (is_all && text_equal_string(word, "all")) ||
           (search->state == AFTER_PREPARE && text_equal_string(word, "transaction"));
}

/* EXPLAIN [ANALYZE] [VERBOSE] EXECUTE; options in parentheses do not get here. */
static enum name_state in_explain(struct text word)
{
    if (text_equal_string(word, "execute")) {
        return AFTER_EXECUTE;
    }
    bool is_option = text_equal_string(word, "analyze") || text_equal_string(word, "analyse") ||
                     text_equal_string(word, "verbose");
    return is_option ? IN_EXPLAIN : PAST_NAME;
}

static void take_word(struct search *search, struct text word)
{
    bool was_after_as = search->is_after_as;
    search->is_after_as = text_equal_string(word, "as");
    if (search->parentheses > 0) {
        return;
    }
    if (search->state == AT_START) {
        search->state = state_of(word);
    } else if (search->state == IN_EXPLAIN) {
        search->state = in_explain(word);
    } else if (search->state == IN_CREATE) {
        bool is_execute = was_after_as && text_equal_string(word, "execute");
        search->state = is_execute ? AFTER_EXECUTE : IN_CREATE;
    } else if (is_keyword(search, word)) {
        search->state = PAST_NAME;
    } else if (search->state == AFTER_DEALLOCATE && text_equal_string(word, "prepare")) {
        search->state = AFTER_DEALLOCATE_PREPARE;
        search->prepare_start = search->word_start;
    } else {
        (void)take_name(search, search->word_start);
    }
}

static void take_sign(struct search *search, char c)
{
    search->is_after_as = false;
    if (c == '(') {
        search->parentheses++;
    } else if (c == ')' && search->parentheses > 0) {
        search->parentheses--;
    } else if (search->state != IN_CREATE && search->parentheses == 0) {
        search->state = PAST_NAME; /* a syntax error */
    }
}

static void end_statement(struct search *search)
{
    if (search->state == AFTER_DEALLOCATE_PREPARE) {
        add(search, NAME_DEALLOCATED, search->prepare_start);
    }
    search->state = AT_START;
    search->is_after_as = false;
    search->parentheses = 0;
}

/* ---- Bytes ---- */

/* U&"..." is one token, but two for the lexer. */
static bool is_prefix(const struct search *search, size_t at)
{
    return at + 1 < search->sql.len && search->sql.data[at] == '&' &&
           search->sql.data[at + 1] == '"' && text_equal_string(lexer_word(&search->lexer), "u");
}

static void take_byte(struct search *search, size_t at, char c)
{
    unsigned events = lexer_byte(&search->lexer, c);
    if ((events & LEXER_WORD_END) != 0 &&
        !(is_prefix(search, at) && take_name(search, search->word_start))) {
        take_word(search, lexer_word(&search->lexer));
    }
    if ((events & LEXER_OTHER) != 0) {
        take_sign(search, c);
    }
    if ((events & LEXER_WORD_START) != 0) {
        search->word_start = at;
    }
    if ((events & LEXER_IDENTIFIER) != 0 && search->parentheses == 0) {
        (void)take_name(search, at);
    }
    if ((events & LEXER_SEMICOLON) != 0 && search->parentheses == 0) {
        end_statement(search);
    }
}

size_t statement_names_find(struct text sql, const struct lexer_rules *rules,
                            struct statement_name out[STATEMENT_NAMES_MAX])
{
    struct search search = {.sql = sql, .names = out};
    lexer_init_rules(&search.lexer, rules);
    for (size_t i = 0; i < sql.len; i++) {
        take_byte(&search, i, sql.data[i]);
    }
    take_byte(&search, sql.len, '\n'); /* ends the last word */
    end_statement(&search);
    return search.count;
}
