/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement with a comment, or a Query of several statements, is passed on: these programs send
 * neither.
 */
#include "proxy/dump_statements.h"

#include "base/memory.h"
#include "proxy/dump_catalog.h"
#include "sql/lexer.h"
#include "wire/backend.h"
#include "wire/message.h"

#include <stdio.h>
#include <string.h>

void dump_statements_clear(struct dump_statements *statements)
{
    dump_prepared_clear(&statements->prepared);
    mem_free(statements->cursor_sql);
    *statements = (struct dump_statements){.cursor = ""};
}

bool dump_is_program(struct text application_name)
{
    return text_equal_string(application_name, "pg_dump") ||
           text_equal_string(application_name, "pg_restore");
}

/* A decision that is being made. */
struct decision {
    struct dump_statements *statements;
    struct statement_tokens tokens;
    struct text sql; /* the whole statement */
    struct buf *out;
    char *note;
};

/* ---- Answers ----------------------------------------------------------- */

static void note(struct decision *decision, const char *what, struct text name)
{
    snprintf(decision->note, DUMP_NOTE_SIZE, "%s%s%.*s", what, text_is_empty(name) ? "" : " ",
             (int)text_slice(name, 0, STATEMENT_NAME_SIZE - 1).len, name.data);
}

static enum dump_action answer(struct decision *decision, const char *tag)
{
    frame_write(decision->out, BACKEND_COMMAND_COMPLETE, text_of_bytes(tag, strlen(tag) + 1));
    return DUMP_ANSWER;
}

/* One column, and no row. */
static enum dump_action answer_no_row(struct decision *decision, const char *column)
{
    enum { TEXT_OID = 25, ANY_LENGTH = 0xffff };
    struct buf body AUTO_BUF;
    buf_init(&body, DUMP_ANSWER_MAX);
    buf_add_u16(&body, 1);
    buf_add(&body, column, strlen(column) + 1);
    buf_add_u32(&body, 0); /* of no table ... */
    buf_add_u16(&body, 0); /* ... and no column of one */
    buf_add_u32(&body, TEXT_OID);
    buf_add_u16(&body, ANY_LENGTH);
    buf_add_u32(&body, UINT32_MAX); /* no modifier */
    buf_add_u16(&body, 0);          /* text */
    frame_write(decision->out, BACKEND_ROW_DESCRIPTION, buf_text(&body));
    return answer(decision, "SELECT 0");
}

/* ---- SET --------------------------------------------------------------- */

/*
 * Parameters that make no difference to the result.  Aurora DSQL has no lock waits, no time limit
 * that a client could lift, no synchronized scans, no row security, no tablespaces, one access
 * method, no XML, and standard strings.  Without check_function_bodies a function is created or
 * refused, but never another one.
 */
static const struct ignored {
    const char *name;
    const char *value; /* NULL: any */
} ignored[] = {
    {"statement_timeout", NULL},
    {"lock_timeout", NULL},
    {"idle_in_transaction_session_timeout", NULL},
    {"transaction_timeout", NULL},
    {"synchronize_seqscans", NULL},
    {"row_security", NULL},
    {"restrict_nonsystem_relation_kind", NULL},
    {"check_function_bodies", NULL},
    {"client_min_messages", NULL},
    {"escape_string_warning", NULL},
    {"default_table_access_method", NULL},
    {"default_tablespace", ""},
    {"standard_conforming_strings", "on"},
    {"default_with_oids", "false"},
    {"xmloption", NULL},
};

static bool is_ignored(struct text name, struct text value)
{
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        if (text_equal_nocase(name, text_of(ignored[i].name))) {
            return ignored[i].value == NULL || text_equal_nocase(value, text_of(ignored[i].value));
        }
    }
    return false;
}

/*
 * Every transaction of Aurora DSQL reads one snapshot, and one that only reads need not say so.  A
 * snapshot of another session, or SERIALIZABLE, it does not have.
 */
static enum dump_action take_set_transaction(struct decision *decision)
{
    struct statement_tokens *tokens = &decision->tokens;
    bool is_read_only = tokens_accept(tokens, "isolation") && tokens_accept(tokens, "level") &&
                        tokens_accept(tokens, "repeatable") && tokens_accept(tokens, "read") &&
                        tokens_accept_sign(tokens, ',') && tokens_accept(tokens, "read") &&
                        tokens_accept(tokens, "only") && tokens_at_end(tokens);
    if (!is_read_only) {
        return DUMP_PASS;
    }
    note(decision, "SET TRANSACTION", text_of(""));
    return answer(decision, "SET");
}

static enum dump_action take_set(struct decision *decision)
{
    struct statement_tokens *tokens = &decision->tokens;
    if (tokens_accept(tokens, "transaction")) {
        return take_set_transaction(decision);
    }
    struct text name = tokens->token.text;
    tokens_advance(tokens);
    if (!tokens_accept(tokens, "to") && !tokens_accept_sign(tokens, '=')) {
        return DUMP_PASS;
    }
    struct text value = tokens->token.text;
    tokens_advance(tokens);
    if (!tokens_at_end(tokens) || !is_ignored(name, value)) {
        return DUMP_PASS;
    }
    note(decision, "SET", name);
    return answer(decision, "SET");
}

static enum dump_action take_catalog(struct decision *decision)
{
    const char *name = dump_catalog_rewrite(decision->sql, decision->out);
    if (name == NULL) {
        return DUMP_PASS;
    }
    note(decision, "the query of", text_of(name));
    return DUMP_REPLACE;
}

/* SELECT set_config(name, '...', false) FROM pg_settings WHERE name = '...': no such parameter. */
static enum dump_action take_select(struct decision *decision)
{
    static const char parameter[] = "restrict_nonsystem_relation_kind";
    struct statement_tokens *tokens = &decision->tokens;
    if (!tokens_accept(tokens, "set_config")) {
        return take_catalog(decision);
    }
    struct token last = tokens->token;
    while (!tokens_at_end(tokens)) {
        last = tokens->token;
        tokens_advance(tokens);
    }
    if (last.kind != TOKEN_STRING || !text_equal_string(last.text, parameter)) {
        return DUMP_PASS;
    }
    note(decision, "set_config", text_of(parameter));
    return answer_no_row(decision, "set_config");
}

/* ---- LOCK TABLE -------------------------------------------------------- */

/* It keeps others from changing the table; here the snapshot does.  A stronger lock would be for
   something else. */
static enum dump_action take_lock(struct decision *decision)
{
    struct text sql = tokens_rest(&decision->tokens);
    struct text nowait = text_of(" NOWAIT");
    if (text_ends_with(sql, nowait.data)) {
        sql = text_slice(sql, 0, sql.len - nowait.len);
    }
    if (!text_ends_with(sql, " IN ACCESS SHARE MODE")) {
        return DUMP_PASS;
    }
    note(decision, "LOCK TABLE", text_of(""));
    return answer(decision, "LOCK TABLE");
}

/* ---- PREPARE ----------------------------------------------------------- */

static enum dump_action take_prepare(struct decision *decision)
{
    struct text name = decision->tokens.token.text;
    if (!dump_prepared_add(&decision->statements->prepared, decision->tokens)) {
        return DUMP_PASS;
    }
    note(decision, "PREPARE", name);
    return answer(decision, "PREPARE");
}

static enum dump_action take_execute(struct decision *decision)
{
    if (!dump_prepared_expand(&decision->statements->prepared, decision->tokens, decision->out)) {
        buf_reset(decision->out);
        return DUMP_PASS;
    }
    note(decision, "EXECUTE", decision->tokens.token.text);
    return DUMP_REPLACE;
}

static enum dump_action take_deallocate(struct decision *decision)
{
    struct statement_tokens *tokens = &decision->tokens;
    (void)tokens_accept(tokens, "prepare");
    if (tokens_at_word(tokens, "all")) {
        dump_prepared_clear(&decision->statements->prepared);
        return DUMP_PASS;
    }
    if (!dump_prepared_remove(&decision->statements->prepared, tokens->token.text)) {
        return DUMP_PASS;
    }
    note(decision, "DEALLOCATE", tokens->token.text);
    return answer(decision, "DEALLOCATE");
}

/* ---- Cursors, of pg_dump --inserts ------------------------------------- */

static bool is_cursor(const struct decision *decision)
{
    const struct token *token = &decision->tokens.token;
    return token->kind == TOKEN_WORD && decision->statements->cursor[0] != '\0' &&
           text_equal_nocase(token->text, text_of(decision->statements->cursor));
}

static void close_cursor(struct dump_statements *statements)
{
    mem_free(statements->cursor_sql);
    statements->cursor_sql = NULL;
    statements->cursor[0] = '\0';
    statements->is_fetched = false;
}

/* name CURSOR FOR sql */
static enum dump_action take_declare(struct decision *decision)
{
    struct dump_statements *statements = decision->statements;
    struct statement_tokens *tokens = &decision->tokens;
    struct text name = tokens->token.text;
    bool is_name = tokens->token.kind == TOKEN_WORD && statements->cursor[0] == '\0';
    tokens_advance(tokens);
    if (!is_name || !tokens_accept(tokens, "cursor") || !tokens_accept(tokens, "for")) {
        return DUMP_PASS;
    }
    statements->cursor_sql = text_dup(tokens_rest(tokens));
    if (statements->cursor_sql == NULL ||
        !text_copy(name, statements->cursor, sizeof statements->cursor)) {
        close_cursor(statements);
        return DUMP_PASS;
    }
    note(decision, "DECLARE", name);
    return answer(decision, "DECLARE CURSOR");
}

/* The first FETCH gets all rows, however many it asks for; the next one gets the columns only. */
static enum dump_action take_fetch(struct decision *decision)
{
    struct dump_statements *statements = decision->statements;
    while (!tokens_at_end(&decision->tokens) && !tokens_accept(&decision->tokens, "from")) {
        tokens_advance(&decision->tokens);
    }
    if (!is_cursor(decision)) {
        return DUMP_PASS;
    }
    note(decision, "FETCH", decision->tokens.token.text);
    buf_add_string(decision->out, statements->is_fetched ? "SELECT * FROM (" : "");
    buf_add_string(decision->out, statements->cursor_sql);
    buf_add_string(decision->out, statements->is_fetched ? ") AS fetched LIMIT 0" : "");
    statements->is_fetched = true;
    return DUMP_REPLACE;
}

static enum dump_action take_close(struct decision *decision)
{
    struct dump_statements *statements = decision->statements;
    if (!is_cursor(decision)) {
        return DUMP_PASS;
    }
    note(decision, "CLOSE", decision->tokens.token.text);
    close_cursor(statements);
    return answer(decision, "CLOSE CURSOR");
}

/* ---- One statement ----------------------------------------------------- */

static const struct {
    const char *word;
    enum dump_action (*take)(struct decision *decision);
} rules[] = {
    {"set", take_set},         {"select", take_select},   {"lock", take_lock},
    {"prepare", take_prepare}, {"execute", take_execute}, {"deallocate", take_deallocate},
    {"declare", take_declare}, {"fetch", take_fetch},     {"close", take_close},
};

/* The statement without the semicolon at its end.  False: there are several, or a comment. */
static bool is_single(struct text sql, struct text *statement)
{
    struct lexer lexer;
    lexer_init(&lexer);
    *statement = text_trim(sql);
    for (size_t i = 0; i < statement->len; i++) {
        bool is_end = (lexer_byte(&lexer, statement->data[i]) & LEXER_SEMICOLON) != 0;
        if (lexer.state == LEXER_LINE_COMMENT || lexer.state == LEXER_BLOCK_COMMENT) {
            return false;
        }
        if (is_end) {
            bool is_last = i + 1 == statement->len;
            *statement = text_trim_end(text_slice(*statement, 0, i));
            return is_last;
        }
    }
    return true;
}

enum dump_action dump_statements_take(struct dump_statements *statements, struct text sql,
                                      struct buf *out, char note[DUMP_NOTE_SIZE])
{
    struct decision decision = {.statements = statements, .out = out, .note = note};
    struct statement_tokens first = tokens_of(sql);
    struct text statement;
    note[0] = '\0';
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (tokens_at_word(&first, rules[i].word) && is_single(sql, &statement)) {
            decision.sql = statement;
            decision.tokens = tokens_of(statement);
            tokens_advance(&decision.tokens);
            return rules[i].take(&decision);
        }
    }
    return DUMP_PASS;
}
