/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See dialect.h. */
#include "gateway/sql_rewriter.h"

#include "wire/backend.h"

#include <string.h>

enum { COPY_MAX = 1024 * 1024 }; /* far over what a stream gives at once */

/* A word that leads from one step to the next. */
struct rule {
    enum dialect_step from;
    const char *word; /* NULL: any */
    enum dialect_step to;
    const char *mark; /* as long as the word, written over it; NULL: none */
};

static const struct rule rules[] = {
    {DIALECT_START, "create", DIALECT_CREATE, NULL},
    {DIALECT_CREATE, "unique", DIALECT_UNIQUE, NULL},
    {DIALECT_CREATE, "index", DIALECT_INDEX, NULL},
    {DIALECT_UNIQUE, "index", DIALECT_INDEX, NULL},
    {DIALECT_INDEX, "async", DIALECT_NOTHING, "/*A*/"},
    {DIALECT_START, "alter", DIALECT_ALTER, NULL},
    {DIALECT_ALTER, "table", DIALECT_TABLE, NULL},
    {DIALECT_TABLE, "async", DIALECT_NOTHING, "/*A*/"},
    {DIALECT_START, "aws", DIALECT_AWS, NULL},
    {DIALECT_AWS, "iam", DIALECT_IAM, "iam"}, /* and over aws: mark_aws() */
    {DIALECT_IAM, "grant", DIALECT_NOTHING, ".gra."},
    {DIALECT_IAM, "revoke", DIALECT_REVOKE, ".revo."},
    {DIALECT_REVOKE, NULL, DIALECT_ROLE, NULL},
    {DIALECT_ROLE, "from", DIALECT_NOTHING, "TO  "},
};

enum { RULE_COUNT = sizeof rules / sizeof *rules };

/* The bytes of one call, behind those that were held. */
struct work {
    struct text bytes;
    bool is_copy;
};

void dialect_init(struct dialect *dialect)
{
    *dialect = (struct dialect){0};
    frame_scan_init(&dialect->frames, FRAME_CLIENT_MAX);
    buf_init(&dialect->copy, COPY_MAX);
}

void dialect_clear(struct dialect *dialect)
{
    buf_clear(&dialect->copy);
}

static void make_copy(struct dialect *dialect, struct work *work)
{
    if (!work->is_copy) {
        buf_add_text(&dialect->copy, work->bytes);
        work->bytes = buf_text(&dialect->copy);
        work->is_copy = true;
    }
}

static void mark_at(struct dialect *dialect, struct work *work, size_t start, const char *mark)
{
    size_t len = strlen(mark);
    make_copy(dialect, work);
    if (buf_ok(&dialect->copy) && start <= dialect->copy.len && len <= dialect->copy.len - start) {
        memcpy(dialect->copy.data + start, mark, len);
    }
}

/* ---- Steps ---- */

static bool is_rule_for(const struct rule *rule, enum dialect_step step, struct text word)
{
    return rule->from == step && (rule->word == NULL || text_equal_string(word, rule->word));
}

static const struct rule *find_rule(const struct dialect *dialect, struct text word)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (is_rule_for(&rules[i], dialect->step, word)) {
            return &rules[i];
        }
    }
    return NULL;
}

/* AWS alone is an error that PostgreSQL shall see as it was written. */
static void mark_aws(struct dialect *dialect, struct work *work)
{
    mark_at(dialect, work, dialect->aws_start, "SET");
}

static void on_word_end(struct dialect *dialect, struct work *work)
{
    struct text word = lexer_word(&dialect->lexer);
    const struct rule *rule = find_rule(dialect, word);
    if (rule == NULL) {
        /* CREATE may also stand in the middle: an element of CREATE SCHEMA. */
        dialect->step = text_equal_string(word, "create") ? DIALECT_CREATE : DIALECT_NOTHING;
        return;
    }
    if (rule->to == DIALECT_AWS) {
        dialect->aws_start = dialect->word_start;
    }
    if (rule->to == DIALECT_IAM) {
        mark_aws(dialect, work);
    } else if (rule->mark != NULL) {
        mark_at(dialect, work, dialect->word_start, rule->mark);
    }
    dialect->step = rule->to;
}

static bool is_gap_too_wide(const struct dialect *dialect, size_t position)
{
    return dialect->step == DIALECT_AWS && position - dialect->aws_start >= DIALECT_HELD_MAX;
}

static void on_sql_byte(struct dialect *dialect, struct work *work, size_t position, char c)
{
    unsigned events = lexer_byte(&dialect->lexer, c);
    if ((events & LEXER_WORD_END) != 0) {
        on_word_end(dialect, work);
    }
    if ((events & LEXER_OTHER) != 0 || is_gap_too_wide(dialect, position)) {
        dialect->step = DIALECT_NOTHING;
    }
    if ((events & LEXER_WORD_START) != 0) {
        dialect->word_start = position;
    }
    if ((events & LEXER_IDENTIFIER) != 0) {
        dialect->step = dialect->step == DIALECT_REVOKE ? DIALECT_ROLE : DIALECT_NOTHING;
    }
    if ((events & LEXER_SEMICOLON) != 0) {
        dialect->step = DIALECT_START;
    }
}

/* ---- Messages ---- */

static void begin_sql(struct dialect *dialect)
{
    dialect->is_in_name = false;
    dialect->is_in_sql = true;
    dialect->step = DIALECT_START;
    lexer_init(&dialect->lexer);
}

static void begin_message(struct dialect *dialect)
{
    dialect->is_in_name = dialect->frames.type == FRONTEND_PARSE;
    dialect->is_in_sql = false;
    if (dialect->frames.type == FRONTEND_QUERY) {
        begin_sql(dialect);
    }
}

static void end_sql(struct dialect *dialect)
{
    dialect->is_in_name = false;
    dialect->is_in_sql = false;
    dialect->step = DIALECT_NOTHING;
}

static void on_body_byte(struct dialect *dialect, struct work *work, size_t position, char c)
{
    if (dialect->is_in_sql) {
        on_sql_byte(dialect, work, position, c); /* the NUL ends the last word */
        if (c == '\0') {
            end_sql(dialect);
        }
    } else if (c == '\0') {
        begin_sql(dialect);
    }
}

static void on_body(struct dialect *dialect, struct work *work, size_t position, size_t len)
{
    if (frame_scan_is_first(&dialect->frames, len)) {
        begin_message(dialect);
    }
    for (size_t i = 0; i < len && (dialect->is_in_sql || dialect->is_in_name); i++) {
        on_body_byte(dialect, work, position + i, work->bytes.data[position + i]);
    }
    if (frame_scan_is_between(&dialect->frames)) {
        end_sql(dialect); /* one that lacks its NUL is an error soon enough */
    }
}

/* ---- Holding back ---- */

static bool may_become(const struct rule *rule, enum dialect_step step, struct text word)
{
    bool is_watched = rule->mark != NULL || rule->to == DIALECT_AWS;
    return is_watched && rule->from == step && word.len > 0 && word.len <= strlen(rule->word) &&
           text_equal(text_slice(text_of(rule->word), 0, word.len), word);
}

/* From where the bytes wait for the next ones; all.len: none do. */
static size_t first_held(const struct dialect *dialect, struct text all)
{
    if (!dialect->is_in_sql) {
        return all.len;
    }
    if (dialect->step == DIALECT_AWS) {
        return dialect->aws_start;
    }
    for (size_t i = 0; i < RULE_COUNT && dialect->lexer.state == LEXER_WORD; i++) {
        if (may_become(&rules[i], dialect->step, lexer_word(&dialect->lexer))) {
            return dialect->word_start;
        }
    }
    return all.len;
}

static void hold(struct dialect *dialect, struct text tail, size_t start)
{
    memcpy(dialect->held, tail.data, tail.len);
    dialect->held_len = tail.len;
    dialect->aws_start -= dialect->step == DIALECT_AWS ? start : 0;
    dialect->word_start -= tail.len > 0 ? start : 0;
}

static struct work begin_work(struct dialect *dialect, struct text bytes)
{
    struct work work = {.bytes = bytes};
    buf_reset(&dialect->copy);
    if (dialect->held_len > 0) {
        buf_add(&dialect->copy, dialect->held, dialect->held_len);
        buf_add_text(&dialect->copy, bytes);
        work = (struct work){.bytes = buf_text(&dialect->copy), .is_copy = true};
    } else if (dialect->copy.capacity > 0) {
        buf_clear(&dialect->copy);
    }
    return work;
}

bool dialect_pass(struct dialect *dialect, struct text bytes, struct text *out)
{
    struct work work = begin_work(dialect, bytes);
    struct text rest = bytes;
    *out = text_of("");
    while (!text_is_empty(rest) && buf_ok(&dialect->copy)) {
        struct text body = text_of("");
        if (!frame_scan_next(&dialect->frames, &rest, &body)) {
            return false;
        }
        if (!text_is_empty(body)) {
            size_t position = work.bytes.len - rest.len - body.len;
            on_body(dialect, &work, position, body.len);
        }
    }
    if (!buf_ok(&dialect->copy)) {
        return false;
    }
    size_t start = first_held(dialect, work.bytes);
    *out = text_slice(work.bytes, 0, start);
    hold(dialect, text_slice(work.bytes, start, work.bytes.len), start);
    return true;
}
