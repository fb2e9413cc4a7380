/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of the table are patterns.  Of those that match a message as a whole, the one with
 * the most literal text is its entry.  "could not connect to HOST: MESSAGE" says little by
 * itself, so MESSAGE is looked up next, and the outer text counts only if it has no entry.
 */
#include "base/message_code.h"

#include <dsql.h>

#include <stdio.h>

/* In a pattern. */
enum { ANYTHING = '\001', MESSAGE = '\002' };

static const struct {
    const char *code;
    const char *patterns; /* one in each line */
} entries[] = {
#include "message_codes.inc"
};

/* ---- One pattern ---- */

static bool is_hole(char c)
{
    return c == ANYTHING || c == MESSAGE;
}

/* Takes the text before the next hole off the pattern. */
static struct text take_literal(struct text *pattern)
{
    size_t len = 0;
    while (len < pattern->len && !is_hole(pattern->data[len])) {
        len++;
    }
    struct text literal = text_slice(*pattern, 0, len);
    *pattern = text_slice(*pattern, len, pattern->len);
    return literal;
}

/* The first place of literal, from place *at on, goes into *at. */
static bool find(struct text message, struct text literal, size_t *at)
{
    for (size_t i = *at; i + literal.len <= message.len; i++) {
        if (text_equal(text_slice(message, i, literal.len), literal)) {
            *at = i;
            return true;
        }
    }
    return false;
}

/*
 * Moves *at to where literal is.  After a hole that is anywhere, at the end of the pattern only at
 * the end of the message, and otherwise here.
 */
static bool place(struct text message, struct text literal, bool is_after_hole, bool is_last,
                  size_t *at)
{
    if (is_last && is_after_hole && message.len >= *at + literal.len) {
        *at = message.len - literal.len;
    }
    size_t here = *at;
    return find(message, literal, at) && (*at == here || (is_after_hole && !is_last));
}

/* The place of each hole is the first one that is possible, which suffices for a pattern without
   alternatives. */
static bool matches(struct text pattern, struct text message, size_t *literal_bytes,
                    struct text *inner)
{
    size_t at = 0;
    size_t inner_start = SIZE_MAX;
    bool is_after_hole = false;
    *literal_bytes = 0;
    *inner = text_of("");
    while (!text_is_empty(pattern)) {
        if (is_hole(pattern.data[0])) {
            inner_start = pattern.data[0] == MESSAGE ? at : inner_start;
            is_after_hole = true;
            pattern = text_slice(pattern, 1, pattern.len);
            continue;
        }
        struct text literal = take_literal(&pattern);
        if (!place(message, literal, is_after_hole, text_is_empty(pattern), &at)) {
            return false;
        }
        if (inner_start != SIZE_MAX && text_is_empty(*inner)) {
            *inner = text_slice(message, inner_start, at - inner_start);
        }
        at += literal.len;
        *literal_bytes += literal.len;
        is_after_hole = false;
    }
    if (inner_start != SIZE_MAX && text_is_empty(*inner)) {
        *inner = text_slice(message, inner_start, message.len);
    }
    return is_after_hole || at == message.len;
}

/* ---- All of them ---- */

/* Returns the code of the best match, or NULL.  What stands for MESSAGE goes into *inner. */
static const char *best_match(struct text message, struct text *inner)
{
    const char *code = NULL;
    size_t most = 0;
    *inner = text_of("");
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct text rest = text_of(entries[i].patterns);
        struct text pattern;
        while (text_next_line(&rest, &pattern)) {
            size_t literal_bytes;
            struct text found;
            if (matches(pattern, message, &literal_bytes, &found) && literal_bytes > most) {
                most = literal_bytes;
                code = entries[i].code;
                *inner = found;
            }
        }
    }
    return code;
}

/*
 * A text without an entry may be around one that has an entry, as in "psql: error: ...; try again".
 * The advice at the end is left out first.
 */
const char *message_code(struct text message)
{
    const char *code = "";
    while (!text_is_empty(message)) {
        struct text outer = text_trim(message);
        struct text before;
        const char *found = best_match(outer, &message);
        if (found == NULL && text_cut(outer, ';', &before, &message)) {
            found = best_match(text_trim(before), &message);
        }
        if (found == NULL) {
            text_cut(outer, ':', &before, &message);
        } else {
            code = found;
        }
    }
    return code;
}

const char *dsql_error_code(const dsql_error *err)
{
    if (err == NULL || err->status == DSQL_OK) {
        return "";
    }
    const char *code = message_code(text_of(err->message));
    if (code[0] == '\0' && err->sqlstate[0] != '\0') {
        char state[sizeof "SQLSTATE " + sizeof err->sqlstate];
        snprintf(state, sizeof state, "SQLSTATE %s", err->sqlstate);
        code = message_code(text_of(state));
    }
    return code;
}
