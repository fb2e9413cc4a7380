/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL gives the parameters of a VALUES list the types of the columns, whether it has one row
 * or several.  What is different: an expression in the second row does not see the first one, and
 * ON CONFLICT DO UPDATE fails if two rows have the same key.  So whatever could notice is not
 * grouped: functions, subqueries, RETURNING.  When in doubt the answer is no, which costs time and
 * nothing else; so this reads only tokens that mean the same in every session and encoding.
 */
#include "transaction/row_groups.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* More parameters make the server's plan larger and nothing faster. */
enum { GROUP_PARAMS = 1024, GROUP_ROWS = 128, STATEMENT_BYTES = 1 << 20 };

/* ---- Tokens ---- */

enum token_kind { END, WORD, QUOTED, PARAM, CONSTANT, SIGN, STRANGE };

struct token {
    enum token_kind kind;
    struct text text;
};

struct tokens {
    struct text sql;
    size_t at; /* after the last token */
    struct token last;
};

static char peek(const struct tokens *tokens, size_t offset)
{
    struct text rest = text_slice(tokens->sql, tokens->at + offset, 1);
    return text_is_empty(rest) ? '\0' : rest.data[0];
}

static bool is_word_start(char c)
{
    return char_is_lower(char_to_lower(c)) || c == '_';
}

static bool is_word_byte(char c)
{
    return is_word_start(c) || char_is_digit(c);
}

/* A backslash may be an escape, and a byte over 127 a half of a character. */
static bool is_plain(char c)
{
    return c != '\\' && (unsigned char)c < 128 && c != '\0';
}

/* 'it''s' or "a ""name""".  Returns its length, or 0 if it has no end or is not plain. */
static size_t quoted_length(const struct tokens *tokens, char quote)
{
    size_t length = 1;
    for (;;) {
        if (peek(tokens, length) == quote) {
            if (peek(tokens, length + 1) != quote) {
                return length + 1;
            }
            length++;
        } else if (!is_plain(peek(tokens, length))) {
            return 0;
        }
        length++;
    }
}

static size_t length_while(const struct tokens *tokens, size_t from, bool (*belongs)(char c))
{
    size_t length = from;
    while (belongs(peek(tokens, length))) {
        length++;
    }
    return length;
}

static bool is_number_byte(char c)
{
    return char_is_digit(c) || c == '.';
}

static bool is_sign(char c)
{
    return c != '\0' && strchr("(),.;:+-*/%<>=|[]", c) != NULL;
}

static struct token read_token(const struct tokens *tokens, size_t *length)
{
    char c = peek(tokens, 0);
    enum token_kind kind = STRANGE;
    *length = 1;
    if (c == '\0') {
        kind = tokens->at >= tokens->sql.len ? END : STRANGE;
    } else if (is_word_start(c)) {
        kind = WORD;
        *length = length_while(tokens, 1, is_word_byte);
    } else if (c == '"' || c == '\'') {
        *length = quoted_length(tokens, c);
        kind = *length == 0 ? STRANGE : c == '"' ? QUOTED : CONSTANT;
    } else if (char_is_digit(c)) {
        kind = CONSTANT;
        *length = length_while(tokens, 1, is_number_byte);
    } else if (c == '$') {
        *length = length_while(tokens, 1, char_is_digit);
        kind = *length > 1 ? PARAM : STRANGE;
    } else if (is_sign(c)) {
        bool is_comment =
            (c == '-' || c == '/') && (peek(tokens, 1) == '-' || peek(tokens, 1) == '*');
        kind = is_comment ? STRANGE : SIGN;
    }
    return (struct token){.kind = kind, .text = text_slice(tokens->sql, tokens->at, *length)};
}

/* A token that touches the one before would be a part of it: 1e5, $1a, x'ff'. */
static bool is_glued(const struct token *before, const struct token *token)
{
    return before->kind != SIGN && token->kind != SIGN && token->kind != END &&
           before->text.data + before->text.len == token->text.data;
}

static void next(struct tokens *tokens)
{
    struct token before = tokens->last;
    while (char_is_space(peek(tokens, 0))) {
        tokens->at++;
    }
    size_t length = 0;
    tokens->last = read_token(tokens, &length);
    if (is_glued(&before, &tokens->last)) {
        tokens->last.kind = STRANGE;
    }
    tokens->at += tokens->last.kind == END || tokens->last.kind == STRANGE ? 0 : length;
}

static bool is_word(const struct tokens *tokens, const char *word)
{
    return tokens->last.kind == WORD && text_equal_nocase(tokens->last.text, text_of(word));
}

static bool is_char(const struct tokens *tokens, char c)
{
    return tokens->last.kind == SIGN && tokens->last.text.data[0] == c;
}

/* Passes the token if it is that word. */
static bool take_word(struct tokens *tokens, const char *word)
{
    bool is_there = is_word(tokens, word);
    if (is_there) {
        next(tokens);
    }
    return is_there;
}

/* ---- The statement ---- */

/* A name, or a list of names in parentheses; of both, what PostgreSQL would not accept is its own
 * business. */
static bool pass_names(struct tokens *tokens)
{
    bool is_list = is_char(tokens, '(');
    while (tokens->last.kind == WORD || tokens->last.kind == QUOTED || is_char(tokens, '.') ||
           (is_list && (is_char(tokens, '(') || is_char(tokens, ',')))) {
        if (is_word(tokens, "values") || is_word(tokens, "select")) {
            return !is_list;
        }
        next(tokens);
    }
    if (is_list && is_char(tokens, ')')) {
        next(tokens);
        return true;
    }
    return !is_list;
}

static bool is_query_word(const struct tokens *tokens)
{
    return is_word(tokens, "select") || is_word(tokens, "with") || is_word(tokens, "table") ||
           is_word(tokens, "values");
}

/*
 * The values of a row, after their parenthesis and up to the one that closes it.  A parenthesis
 * after a name is a call; even a cast to numeric(10, 2) is left alone.
 */
static bool pass_values(struct tokens *tokens, size_t param_count)
{
    unsigned depth = 1;
    bool was_name = false;
    for (;;) {
        bool is_name = tokens->last.kind == WORD || tokens->last.kind == QUOTED;
        if (tokens->last.kind == END || tokens->last.kind == STRANGE || is_query_word(tokens) ||
            (is_char(tokens, '(') && was_name) || is_char(tokens, ';')) {
            return false;
        }
        int64_t number = 0;
        if (tokens->last.kind == PARAM && !text_to_int64(text_slice(tokens->last.text, 1, SIZE_MAX),
                                                         1, (int64_t)param_count, &number)) {
            return false;
        }
        depth += is_char(tokens, '(') ? 1 : 0;
        depth -= is_char(tokens, ')') ? 1 : 0;
        if (depth == 0) {
            return true;
        }
        was_name = is_name;
        next(tokens);
    }
}

/* ON CONFLICT (id) DO NOTHING, or nothing. */
static bool pass_end(struct tokens *tokens)
{
    if (take_word(tokens, "on")) {
        if (!take_word(tokens, "conflict") || (is_char(tokens, '(') && !pass_names(tokens)) ||
            !take_word(tokens, "do") || !take_word(tokens, "nothing")) {
            return false;
        }
    }
    if (is_char(tokens, ';')) {
        next(tokens);
    }
    return tokens->last.kind == END;
}

bool row_groups_find(struct row_groups *groups, const char *sql, size_t param_count)
{
    struct tokens tokens = {.sql = text_of(sql), .last = {.kind = SIGN}};
    if (param_count == 0 || param_count > GROUP_PARAMS / 2 || tokens.sql.len > STATEMENT_BYTES) {
        return false;
    }
    next(&tokens);
    if (!take_word(&tokens, "insert") || !take_word(&tokens, "into") || !pass_names(&tokens) ||
        (is_char(&tokens, '(') && !pass_names(&tokens)) || !take_word(&tokens, "values") ||
        !is_char(&tokens, '(')) {
        return false;
    }
    size_t start = tokens.at - 1;
    next(&tokens);
    if (!pass_values(&tokens, param_count)) {
        return false;
    }
    size_t end = tokens.at;
    next(&tokens);
    size_t rows = GROUP_PARAMS / param_count;
    *groups = (struct row_groups){.sql = sql,
                                  .group_start = start,
                                  .group_end = end,
                                  .param_count = param_count,
                                  .most_rows = rows < GROUP_ROWS ? rows : GROUP_ROWS};
    return pass_end(&tokens);
}

/* ---- The statement for several rows ---- */

static void add_text_between(struct buf *out, const struct tokens *tokens, size_t *done)
{
    buf_add_text(out, text_slice(tokens->sql, *done, tokens->at - *done));
    *done = tokens->at;
}

/* The values again, with the parameters of that row. */
static void add_row(struct buf *out, const struct row_groups *groups, size_t row)
{
    struct text values = text_slice(text_of(groups->sql), groups->group_start,
                                    groups->group_end - groups->group_start);
    struct tokens tokens = {.sql = values, .last = {.kind = SIGN}};
    size_t done = 0;
    next(&tokens);
    while (tokens.last.kind != END && tokens.last.kind != STRANGE) {
        int64_t number = 0;
        if (tokens.last.kind == PARAM && text_to_int64(text_slice(tokens.last.text, 1, SIZE_MAX), 1,
                                                       (int64_t)groups->param_count, &number)) {
            size_t before = tokens.at - tokens.last.text.len;
            buf_add_text(out, text_slice(values, done, before - done));
            buf_printf(out, "$%zu", (size_t)number + row * groups->param_count);
            done = tokens.at;
        } else {
            add_text_between(out, &tokens, &done);
        }
        next(&tokens);
    }
}

char *row_groups_statement(const struct row_groups *groups, size_t rows)
{
    struct buf out;
    struct text sql = text_of(groups->sql);
    size_t values = groups->group_end - groups->group_start;
    buf_init(&out, sql.len + rows * (values + groups->param_count * 2 + 2) * 4);
    buf_add_text(&out, text_slice(sql, 0, groups->group_start));
    for (size_t row = 0; row < rows; row++) {
        buf_add_string(&out, row == 0 ? "" : ", ");
        add_row(&out, groups, row);
    }
    buf_add_text(&out, text_slice(sql, groups->group_end, SIZE_MAX));
    return buf_take(&out);
}
