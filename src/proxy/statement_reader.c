/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer says where words and semicolons are; this file counts statements, looks at their first
 * words, and holds the text of those that statement_parser.c must see.  Comments are not held: a
 * value of SET is used again in another text, where a line comment would hide what follows.
 */
#include "proxy/statement_reader.h"

#include "proxy/statement_parser.h"

#include <limits.h>
#include <string.h>

/* The kind of a statement by its first word.  is_held: the parser decides. */
struct first_word {
    const char *word;
    enum statement_kind kind;
    bool is_held;
};

static const struct first_word first_words[] = {
    {"select", STATEMENT_UNDOABLE, false},   {"insert", STATEMENT_UNDOABLE, false},
    {"update", STATEMENT_UNDOABLE, false},   {"delete", STATEMENT_UNDOABLE, false},
    {"with", STATEMENT_UNDOABLE, false},     {"merge", STATEMENT_UNDOABLE, false},
    {"values", STATEMENT_UNDOABLE, false},   {"table", STATEMENT_UNDOABLE, false},
    {"create", STATEMENT_UNDOABLE, false},   {"alter", STATEMENT_UNDOABLE, false},
    {"drop", STATEMENT_UNDOABLE, false},     {"grant", STATEMENT_UNDOABLE, false},
    {"revoke", STATEMENT_UNDOABLE, false},   {"comment", STATEMENT_UNDOABLE, false},
    {"truncate", STATEMENT_UNDOABLE, false}, {"aws", STATEMENT_UNDOABLE, false},
    {"copy", STATEMENT_COPY, false},         {"begin", STATEMENT_OTHER, true},
    {"start", STATEMENT_OTHER, true},        {"commit", STATEMENT_OTHER, true},
    {"end", STATEMENT_OTHER, true},          {"rollback", STATEMENT_OTHER, true},
    {"abort", STATEMENT_OTHER, true},        {"savepoint", STATEMENT_OTHER, true},
    {"release", STATEMENT_OTHER, true},      {"set", STATEMENT_OTHER, true},
    {"reset", STATEMENT_OTHER, true},        {"discard", STATEMENT_OTHER, true},
    {"deallocate", STATEMENT_OTHER, true},   {"prepare", STATEMENT_OTHER, true},
    {"declare", STATEMENT_OTHER, true},      {"listen", STATEMENT_OTHER, true},
    {"load", STATEMENT_OTHER, true},         {"execute", STATEMENT_OTHER, false},
    {"explain", STATEMENT_OTHER, false},
};

static void begin_statement(struct statement_reader *reader)
{
    reader->has_word = false;
    reader->is_begun = false;
    reader->kind = STATEMENT_EMPTY;
    reader->is_create = false;
    reader->is_after_into = false;
    reader->is_after_write = false;
    reader->may_execute = false;
    reader->is_routine = false;
    reader->may_be_atomic = false;
    reader->is_held = false;
    reader->parentheses = 0;
    reader->blocks = 0;
    buf_reset(&reader->held);
}

void statement_reader_init(struct statement_reader *reader, const struct lexer_rules *rules)
{
    *reader = (struct statement_reader){0};
    lexer_init_rules(&reader->lexer, rules);
    buf_init(&reader->held, STATEMENT_READER_HELD_MAX);
    begin_statement(reader);
}

void statement_reader_clear(struct statement_reader *reader)
{
    statement_effects_free(reader->summary.effects);
    reader->summary = (struct statement_summary){0};
    reader->tail = NULL;
    buf_clear(&reader->held);
}

/* ---- Effects ---- */

static bool is_transaction_control(enum statement_kind kind)
{
    return kind == STATEMENT_BEGIN || kind == STATEMENT_COMMIT || kind == STATEMENT_ROLLBACK;
}

/* SET seed does what setseed() does. */
static bool is_seed(const struct statement_effect *effect)
{
    return effect->kind == STATEMENT_SET_LOCAL && text_equal_string(text_of(effect->name), "seed");
}

static void append_effects(struct statement_reader *reader, struct statement_effect *effects)
{
    if (reader->tail == NULL) {
        reader->tail = &reader->summary.effects;
    }
    *reader->tail = effects;
    for (struct statement_effect *effect = effects; effect != NULL; effect = effect->next) {
        reader->summary.has_transaction_control |= is_transaction_control(effect->kind);
        reader->summary.leaves_state |= is_seed(effect);
        reader->tail = &effect->next;
        reader->effect_count++;
    }
}

/* Parses the text that was held.  The statement's kind is that of its first effect. */
static void end_held(struct statement_reader *reader)
{
    struct statement_effect *effects = NULL;
    bool is_clear = buf_ok(&reader->held) && reader->effect_count < STATEMENT_READER_EFFECTS_MAX;
    if (is_clear) {
        is_clear = statement_parse(buf_text(&reader->held), &effects) != STATEMENT_PARSED_UNCLEAR;
    }
    if (!is_clear) {
        reader->summary.is_unclear = true;
    }
    if (effects != NULL) {
        reader->kind = effects->kind;
        append_effects(reader, effects);
    }
}

/* CREATE TEMPORARY TABLE was noticed by its words. */
static void end_keeping(struct statement_reader *reader)
{
    struct statement_effect *effects = NULL;
    if (statement_parse(text_of("listen"), &effects) == STATEMENT_PARSED) {
        append_effects(reader, effects);
    } else {
        reader->summary.is_unclear = true;
        statement_effects_free(effects);
    }
}

static void end_statement(struct statement_reader *reader)
{
    if (reader->is_held) {
        end_held(reader);
    } else if (reader->kind == STATEMENT_KEEPS_SESSION) {
        end_keeping(reader);
    }
    if (reader->is_begun) {
        reader->summary.kind = reader->summary.count == 0 ? reader->kind : reader->summary.kind;
        reader->summary.count += reader->summary.count < UINT_MAX ? 1 : 0;
    }
    begin_statement(reader);
}

/* ---- Words ---- */

static bool names_statements(struct text word)
{
    return text_equal_string(word, "execute") || text_equal_string(word, "prepare") ||
           text_equal_string(word, "deallocate");
}

static void on_first_word(struct statement_reader *reader, struct text word)
{
    reader->kind = STATEMENT_OTHER;
    for (size_t i = 0; i < sizeof first_words / sizeof first_words[0]; i++) {
        /* Most differ in the first byte. */
        if (word.len > 0 && word.data[0] == first_words[i].word[0] &&
            text_equal_string(word, first_words[i].word)) {
            reader->kind = first_words[i].kind;
            reader->is_held = first_words[i].is_held;
            break;
        }
    }
    reader->is_create = text_equal_string(word, "create");
    reader->may_execute = reader->is_create || text_equal_string(word, "explain");
    reader->summary.has_names |= names_statements(word);
    if (reader->is_held) {
        buf_add_text(&reader->held, word);
    }
}

static bool is_scope(struct text word)
{
    return text_equal_string(word, "local") || text_equal_string(word, "global");
}

static bool is_temporary(struct text word)
{
    return text_equal_string(word, "temp") || text_equal_string(word, "temporary");
}

/* CREATE [OR REPLACE] [LOCAL] TEMPORARY; the word after these says what is created. */
static void on_create_word(struct statement_reader *reader, struct text word)
{
    if (is_temporary(word)) {
        reader->kind = STATEMENT_KEEPS_SESSION;
    }
    reader->is_routine =
        text_equal_string(word, "function") || text_equal_string(word, "procedure");
    reader->is_create =
        is_scope(word) || text_equal_string(word, "or") || text_equal_string(word, "replace");
}

/* SELECT ... INTO [LOCAL] TEMPORARY; a table that is called so may be written to. */
static void on_into(struct statement_reader *reader, struct text word)
{
    if (reader->is_after_into && is_temporary(word)) {
        reader->kind = STATEMENT_KEEPS_SESSION;
    }
    bool is_into = text_equal_string(word, "into") && !reader->is_after_write;
    reader->is_after_into = is_into || (reader->is_after_into && is_scope(word));
    reader->is_after_write = text_equal_string(word, "insert") || text_equal_string(word, "merge");
}

/* As psql does: CASE also has an END, but counts only inside a block. */
static void on_routine_word(struct statement_reader *reader, struct text word)
{
    bool is_atomic = reader->may_be_atomic && text_equal_string(word, "atomic");
    reader->may_be_atomic = text_equal_string(word, "begin");
    if (is_atomic || (reader->blocks > 0 && text_equal_string(word, "case"))) {
        reader->blocks++;
    } else if (reader->blocks > 0 && text_equal_string(word, "end")) {
        reader->blocks--;
    }
}

static void on_word_end(struct statement_reader *reader)
{
    struct text word = lexer_word(&reader->lexer);
    if (!reader->has_word && reader->kind == STATEMENT_EMPTY) {
        on_first_word(reader, word);
    } else if (reader->is_create) {
        on_create_word(reader, word);
    }
    on_into(reader, word);
    if (reader->is_routine) {
        on_routine_word(reader, word);
    }
    if (reader->may_execute) { /* EXPLAIN EXECUTE, CREATE TABLE AS EXECUTE */
        reader->summary.has_names |= text_equal_string(word, "execute");
    }
    reader->has_word = true;
}

/* ---- Bytes ---- */

/* A statement that begins with a parenthesis is a query; any other sign is a syntax error. */
static void on_sign(struct statement_reader *reader, char c)
{
    if (reader->kind == STATEMENT_EMPTY) {
        reader->kind = c == '(' ? STATEMENT_UNDOABLE : STATEMENT_OTHER;
    }
    if (c == '(') {
        reader->parentheses++;
    } else if (c == ')' && reader->parentheses > 0) {
        reader->parentheses--;
    }
    reader->is_begun = true;
}

static bool is_comment(enum lexer_state state)
{
    return state == LEXER_LINE_COMMENT || state == LEXER_BLOCK_COMMENT;
}

/*
 * Comments become a blank.  The first of the two bytes that open one has been held before it was
 * known to be that; the line end after one is held, as it may separate the parts of a literal.
 */
static void hold_byte(struct statement_reader *reader, enum lexer_state before, char c)
{
    bool was_comment = is_comment(before);
    bool is_now = is_comment(reader->lexer.state);
    if (is_now && !was_comment) {
        buf_truncate(&reader->held, reader->held.len > 0 ? reader->held.len - 1 : 0);
        buf_add_char(&reader->held, ' ');
    } else if (!is_now && !(was_comment && before == LEXER_BLOCK_COMMENT)) {
        buf_add_char(&reader->held, c);
    }
}

static void on_events(struct statement_reader *reader, unsigned events, char c)
{
    session_functions_take(&reader->functions, &reader->lexer, events, c);
    if ((events & LEXER_WORD_END) != 0) {
        on_word_end(reader);
    }
    if ((events & (LEXER_OTHER | LEXER_IDENTIFIER)) != 0) {
        on_sign(reader, c);
    }
    if ((events & LEXER_WORD_START) != 0) {
        reader->is_begun = true;
    }
}

static void on_byte(struct statement_reader *reader, char c)
{
    enum lexer_state before = reader->lexer.state;
    unsigned events = lexer_byte(&reader->lexer, c);
    if (events != 0) {
        on_events(reader, events, c);
    } else {
        session_functions_skip(&reader->functions);
    }
    if ((events & LEXER_SEMICOLON) != 0 && reader->parentheses == 0 && reader->blocks == 0) {
        end_statement(reader);
    } else if (reader->is_held) {
        hold_byte(reader, before, c);
    }
}

/* What is held must be seen byte by byte. */
static struct text skip(struct statement_reader *reader, struct text sql)
{
    size_t len = reader->is_held ? 0 : lexer_skip(&reader->lexer, sql);
    if (len > 0) {
        session_functions_skip(&reader->functions);
    }
    return text_slice(sql, len, sql.len);
}

void statement_reader_add(struct statement_reader *reader, struct text sql)
{
    sql = skip(reader, sql);
    while (!text_is_empty(sql)) {
        on_byte(reader, sql.data[0]);
        sql = skip(reader, text_slice(sql, 1, sql.len));
    }
}

struct statement_summary statement_reader_end(struct statement_reader *reader)
{
    on_byte(reader, '\n'); /* ends the last word */
    reader->parentheses = 0;
    reader->blocks = 0;
    end_statement(reader);
    struct statement_summary summary = reader->summary;
    summary.leaves_state = summary.leaves_state || reader->functions.has_found;
    reader->summary.effects = NULL;
    statement_reader_clear(reader);
    return summary;
}
