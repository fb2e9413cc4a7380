/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A constant is put into parentheses with the type that PREPARE names, so it means what it would
 * mean as a parameter.  Anything but a constant is not accepted: it would be computed once for each
 * place, and perhaps for each row.
 */
#include "proxy/dump_prepared.h"

#include "base/memory.h"
#include "sql/lexer.h"

/* ---- What is kept ------------------------------------------------------ */

static void free_statement(struct dump_statement *statement)
{
    mem_free(statement->types);
    mem_free(statement->sql);
    *statement = (struct dump_statement){.name = ""};
}

void dump_prepared_clear(struct dump_prepared *prepared)
{
    while (prepared->count > 0) {
        free_statement(&prepared->statements[--prepared->count]);
    }
}

/* Names that are not in quotes have no case. */
static size_t find(const struct dump_prepared *prepared, struct text name)
{
    size_t i = 0;
    while (i < prepared->count && !text_equal_nocase(text_of(prepared->statements[i].name), name)) {
        i++;
    }
    return i;
}

bool dump_prepared_remove(struct dump_prepared *prepared, struct text name)
{
    size_t i = find(prepared, name);
    if (i == prepared->count) {
        return false;
    }
    free_statement(&prepared->statements[i]);
    prepared->count--;
    prepared->statements[i] = prepared->statements[prepared->count];
    prepared->statements[prepared->count] = (struct dump_statement){.name = ""};
    return true;
}

/* What is between parentheses; no list is the empty one.  False: it has no end. */
static bool take_list(struct statement_tokens *tokens, struct text *list)
{
    *list = text_of("");
    if (!tokens_accept_sign(tokens, '(')) {
        return true;
    }
    struct text all = tokens_rest(tokens);
    while (!tokens_at_end(tokens)) {
        struct text left = tokens_rest(tokens);
        if (tokens_accept_sign(tokens, ')')) {
            *list = text_slice(all, 0, all.len - left.len);
            return true;
        }
        tokens_advance(tokens);
    }
    return false;
}

static bool add(struct dump_prepared *prepared, struct text name, struct text types,
                struct text sql)
{
    struct dump_statement *statement = &prepared->statements[prepared->count];
    statement->types = text_dup(types);
    statement->sql = text_dup(sql);
    if (!text_copy(name, statement->name, sizeof statement->name) || statement->types == NULL ||
        statement->sql == NULL) {
        free_statement(statement);
        return false;
    }
    prepared->count++;
    return true;
}

bool dump_prepared_add(struct dump_prepared *prepared, struct statement_tokens tokens)
{
    struct text name = tokens.token.text;
    struct text types;
    bool is_name = tokens.token.kind == TOKEN_WORD && find(prepared, name) == prepared->count;
    tokens_advance(&tokens);
    if (!is_name || prepared->count == DUMP_PREPARED_MAX || !take_list(&tokens, &types) ||
        !tokens_accept(&tokens, "as")) {
        return false;
    }
    struct text sql = tokens_rest(&tokens);
    return sql.len > 0 && sql.len <= DUMP_SQL_MAX && add(prepared, name, types, sql);
}

/* ---- EXECUTE ----------------------------------------------------------- */

struct arguments {
    struct text values[DUMP_ARGUMENTS_MAX];
    struct text types[DUMP_ARGUMENTS_MAX]; /* empty: not named */
    size_t count;
};

/* A string may have doubled quotes, but no backslash: it might be an escape.  After it may follow a
   cast, as in '{a,b}'::name[]. */
static bool is_constant(struct text text)
{
    struct statement_tokens tokens = tokens_of(text);
    if (tokens.token.kind == TOKEN_NUMBER) {
        tokens_advance(&tokens);
        return tokens_at_end(&tokens);
    }
    bool is_string = tokens.token.kind == TOKEN_STRING && !text_contains(text, "\\");
    while (tokens.token.kind == TOKEN_STRING) {
        tokens_advance(&tokens);
    }
    if (tokens_accept_sign(&tokens, ':') && !tokens_accept_sign(&tokens, ':')) {
        return false;
    }
    while (tokens.token.kind == TOKEN_WORD || tokens_accept_sign(&tokens, '.') ||
           tokens_accept_sign(&tokens, '[') || tokens_accept_sign(&tokens, ']')) {
        if (tokens.token.kind == TOKEN_WORD) {
            tokens_advance(&tokens);
        }
    }
    return is_string && tokens_at_end(&tokens);
}

/* Cuts a list at the commas that are not in quotes.  *out is NULL-terminated by its count. */
static bool split(struct text list, struct text *out, size_t *count)
{
    struct statement_tokens tokens = tokens_of(list);
    struct text rest = text_trim(list);
    *count = 0;
    while (!text_is_empty(rest)) {
        while (!tokens_at_end(&tokens) &&
               !(tokens.token.kind == TOKEN_OTHER && tokens.token.text.data[0] == ',')) {
            tokens_advance(&tokens);
        }
        if (*count == DUMP_ARGUMENTS_MAX) {
            return false;
        }
        size_t left = tokens_rest(&tokens).len;
        out[(*count)++] = text_trim(text_slice(rest, 0, rest.len - left));
        (void)tokens_accept_sign(&tokens, ',');
        rest = tokens_rest(&tokens);
    }
    return true;
}

static bool read_arguments(const struct dump_statement *statement, struct text list,
                           struct arguments *out)
{
    size_t types = 0;
    *out = (struct arguments){.count = 0};
    if (!split(list, out->values, &out->count) ||
        !split(text_of(statement->types), out->types, &types) || types > out->count) {
        return false;
    }
    for (size_t i = 0; i < out->count; i++) {
        if (!is_constant(out->values[i])) {
            return false;
        }
    }
    return true;
}

/* The number after a $; 0: it is no parameter. */
static size_t parameter_at(struct text sql, size_t *len)
{
    size_t number = 0;
    *len = 0;
    while (*len < sql.len && char_is_digit(sql.data[*len]) && number <= DUMP_ARGUMENTS_MAX) {
        number = number * 10 + (size_t)(sql.data[*len] - '0');
        (*len)++;
    }
    return number;
}

static void write_argument(const struct arguments *arguments, size_t i, struct buf *out)
{
    buf_add_string(out, "(");
    buf_add_text(out, arguments->values[i]);
    if (!text_is_empty(arguments->types[i])) {
        buf_add_string(out, "::");
        buf_add_text(out, arguments->types[i]);
    }
    buf_add_string(out, ")");
}

/* A $ between two tokens begins a parameter; one in a word, a string or a comment does not. */
static bool substitute(struct text sql, const struct arguments *arguments, struct buf *out)
{
    struct lexer lexer;
    lexer_init(&lexer);
    for (size_t i = 0; i < sql.len; i++) {
        bool is_between = lexer.state == LEXER_BETWEEN;
        size_t len = 0;
        size_t number = is_between && sql.data[i] == '$'
                            ? parameter_at(text_slice(sql, i + 1, sql.len), &len)
                            : 0;
        if (number > arguments->count) {
            return false;
        }
        if (number > 0) {
            write_argument(arguments, number - 1, out);
            (void)lexer_byte(&lexer, ')');
            i += len;
            continue;
        }
        (void)lexer_byte(&lexer, sql.data[i]);
        buf_add_char(out, sql.data[i]);
    }
    return buf_ok(out);
}

bool dump_prepared_expand(const struct dump_prepared *prepared, struct statement_tokens tokens,
                          struct buf *out)
{
    size_t i = find(prepared, tokens.token.text);
    struct arguments arguments;
    struct text list;
    if (tokens.token.kind != TOKEN_WORD || i == prepared->count) {
        return false;
    }
    tokens_advance(&tokens);
    const struct dump_statement *statement = &prepared->statements[i];
    return take_list(&tokens, &list) && tokens_at_end(&tokens) &&
           read_arguments(statement, list, &arguments) &&
           substitute(text_of(statement->sql), &arguments, out);
}
