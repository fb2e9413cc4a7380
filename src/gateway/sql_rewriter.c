/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a client's stream with three machines, each of which sees every byte once: the framing
 * of messages, the lexer inside their SQL, and the steps through the keywords of one statement.
 * Nothing is parsed twice and nothing is stored, so a COPY of gigabytes costs no more than
 * counting its bytes.
 *
 * What must not be done here: change the length of anything.  The length of the message has
 * already been sent, and PostgreSQL reports errors by their position in the text.  Whether the
 * statement is valid is for PostgreSQL and the extension to decide, which see the mark.
 */
#include "gateway/sql_rewriter.h"

#include "sql/number.h"
#include "wire/backend.h"

#include <string.h>

enum { COPY_MAX = 1024 * 1024 }; /* bytes; a stream delivers far fewer at once */

_Static_assert((int)SQL_NUMBER_MAX <= (int)SQL_REWRITER_HELD_MAX, "a number is held back");

/* A word that leads from one step to another. */
struct rule {
    enum sql_rewriter_step from;
    const char *word; /* NULL: any */
    enum sql_rewriter_step to;
    const char *mark; /* as long as the word, which it overwrites; NULL: nothing is written */
};

/*
 * A word that fits no rule leads to SQL_STEP_NOTHING, where the rest of the statement passes
 * unread.  Comments and blanks between the words do not matter: the lexer drops them.
 */
static const struct rule rules[] = {
    {SQL_STEP_START, "create", SQL_STEP_CREATE, NULL},
    {SQL_STEP_CREATE, "unique", SQL_STEP_UNIQUE, NULL},
    {SQL_STEP_CREATE, "index", SQL_STEP_INDEX, NULL},
    {SQL_STEP_CREATE, "table", SQL_STEP_NOTHING, NULL},
    {SQL_STEP_UNIQUE, "index", SQL_STEP_INDEX, NULL},
    {SQL_STEP_INDEX, "async", SQL_STEP_NOTHING, "/*A*/"},
    {SQL_STEP_START, "alter", SQL_STEP_ALTER, NULL},
    {SQL_STEP_ALTER, "table", SQL_STEP_TABLE, NULL},
    {SQL_STEP_TABLE, "async", SQL_STEP_NOTHING, "/*A*/"},
    {SQL_STEP_START, "aws", SQL_STEP_AWS, NULL},
    {SQL_STEP_AWS, "iam", SQL_STEP_IAM, NULL},
    {SQL_STEP_IAM, "grant", SQL_STEP_NOTHING, "./**/"}, /* "aws" is overwritten too: mark_aws() */
    {SQL_STEP_IAM, "revoke", SQL_STEP_REVOKE, "./*R*/"},
    {SQL_STEP_REVOKE, NULL, SQL_STEP_ROLE, NULL},
    {SQL_STEP_ROLE, "from", SQL_STEP_NOTHING, "TO\f\f"},
    {SQL_STEP_CATALOG_DOT, "pg_auth_members", SQL_STEP_NOTHING, NULL}, /* mark_catalog() */
    {SQL_STEP_CATALOG_DOT, "pg_collation", SQL_STEP_NOTHING, NULL},
    {SQL_STEP_CATALOG_DOT, "pg_database", SQL_STEP_NOTHING, NULL},
    {SQL_STEP_CATALOG_DOT, "pg_statistic_ext", SQL_STEP_NOTHING, NULL},
    {SQL_STEP_CATALOG_DOT, "pg_subscription", SQL_STEP_NOTHING, NULL},
    {SQL_STEP_STORAGE, "main", SQL_STEP_NOTHING, "OPTIONS(m'')"},
    {SQL_STEP_STORAGE, "plain", SQL_STEP_NOTHING, "OPTIONS(p'')"},
    {SQL_STEP_STORAGE, "external", SQL_STEP_NOTHING, "OPTIONS(t'')"},
    {SQL_STEP_STORAGE, "extended", SQL_STEP_NOTHING, "OPTIONS(s'')"},
    {SQL_STEP_STORAGE, "default", SQL_STEP_NOTHING, "OPTIONS(d'')"},
    {SQL_STEP_SET_STORAGE, "default", SQL_STEP_NOTHING, "\"=dflt\""},
};

enum { RULE_COUNT = sizeof rules / sizeof *rules };

#define CATALOG       "pg_catalog"
#define CATALOG_VIEWS "pg_temp" /* a schema of the session's own, in PostgreSQL's grammar */

/*
 * The bytes of one call, after those that were held back.  If nothing was held back and nothing
 * is changed, bytes are the caller's own.
 */
struct work {
    struct text bytes;
    bool is_copy;
};

void sql_rewriter_init(struct sql_rewriter *rewriter, int server_major)
{
    *rewriter = (struct sql_rewriter){.is_server_15 = server_major > 0 && server_major <= 15};
    frame_scan_init(&rewriter->frames, FRAME_CLIENT_MAX);
    buf_init(&rewriter->copy, COPY_MAX);
}

void sql_rewriter_clear(struct sql_rewriter *rewriter)
{
    buf_clear(&rewriter->copy);
}

/*
 * Once per call and only when something is overwritten.  Offsets stay valid, as the copy begins
 * at the same byte.
 */
static void make_copy(struct sql_rewriter *rewriter, struct work *work)
{
    if (!work->is_copy) {
        buf_add_text(&rewriter->copy, work->bytes);
        work->bytes = buf_text(&rewriter->copy);
        work->is_copy = true;
    }
}

/*
 * Overwrites in the copy, never in the caller's bytes, which belong to the stream.  A range that
 * does not fit is ignored rather than trusted: it would mean that the offsets are wrong.
 */
static void mark_at(struct sql_rewriter *rewriter, struct work *work, size_t start,
                    const char *mark)
{
    size_t len = strlen(mark);
    make_copy(rewriter, work);
    if (buf_ok(&rewriter->copy) && start <= rewriter->copy.len &&
        len <= rewriter->copy.len - start) {
        memcpy(rewriter->copy.data + start, mark, len);
    }
}

/* ---- Steps ---- */

/*
 * A word that was too long to keep is empty and matches only a rule for any word, which is right
 * for a long role name.
 */
static bool is_rule_for(const struct rule *rule, enum sql_rewriter_step step, struct text word)
{
    return rule->from == step && (rule->word == NULL || text_equal_string(word, rule->word));
}

static const struct rule *find_rule(const struct sql_rewriter *rewriter, struct text word)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (is_rule_for(&rules[i], rewriter->step, word)) {
            return &rules[i];
        }
    }
    return NULL;
}

/* AWS is overwritten only now: without IAM GRANT it is a syntax error, and PostgreSQL must show it
   as it was written. */
static void mark_aws(struct sql_rewriter *rewriter, struct work *work)
{
    mark_at(rewriter, work, rewriter->mark_start, "SET");
}

/* Quotes are overwritten as well.  A quote also separates the name from a word before it. */
static void mark_catalog(struct sql_rewriter *rewriter, struct work *work)
{
    size_t name_start = rewriter->mark_end - strlen(CATALOG_VIEWS);
    for (size_t i = rewriter->mark_start; i < name_start; i++) {
        mark_at(rewriter, work, i, " ");
    }
    mark_at(rewriter, work, name_start, CATALOG_VIEWS);
}

static bool may_be_storage(const struct sql_rewriter *rewriter)
{
    return rewriter->is_server_15 && rewriter->is_in_table;
}

/* STORAGE and the word after it, with what is between them. */
static void mark_storage(struct sql_rewriter *rewriter, struct work *work, const char *mark,
                         size_t end)
{
    mark_at(rewriter, work, rewriter->mark_start, mark);
    for (size_t i = rewriter->mark_start + strlen(mark); i < end; i++) {
        mark_at(rewriter, work, i, " ");
    }
}

static void follow_rule(struct sql_rewriter *rewriter, struct work *work, const struct rule *rule,
                        size_t end)
{
    if (rule->to == SQL_STEP_AWS) {
        rewriter->mark_start = rewriter->word_start;
    }
    if (rule->from == SQL_STEP_IAM) {
        mark_aws(rewriter, work);
    }
    if (rule->from == SQL_STEP_CATALOG_DOT) {
        mark_catalog(rewriter, work);
    }
    if (rule->from == SQL_STEP_STORAGE) {
        mark_storage(rewriter, work, rule->mark, end);
    } else if (rule->mark != NULL) {
        mark_at(rewriter, work, rewriter->word_start, rule->mark);
    }
    rewriter->is_in_table |= rule->from == SQL_STEP_CREATE || rule->from == SQL_STEP_ALTER;
    rewriter->step = rule->to;
}

/* After a type; a column or a type may have that name. */
static void on_storage(struct sql_rewriter *rewriter)
{
    if (rewriter->is_after_set) {
        rewriter->step = SQL_STEP_SET_STORAGE;
    } else if (!rewriter->is_before_name) {
        rewriter->step = SQL_STEP_STORAGE;
        rewriter->mark_start = rewriter->word_start;
    }
}

/* Words that may be anywhere in a statement: CREATE is also an element of CREATE SCHEMA. */
static void on_any_word(struct sql_rewriter *rewriter, struct text word, size_t end)
{
    rewriter->step = SQL_STEP_NOTHING;
    if (text_equal_string(word, "create")) {
        rewriter->step = SQL_STEP_CREATE;
    } else if (text_equal_string(word, CATALOG)) {
        rewriter->step = SQL_STEP_CATALOG;
        rewriter->mark_start = rewriter->word_start;
        rewriter->mark_end = end;
    } else if (may_be_storage(rewriter) && text_equal_string(word, "storage")) {
        on_storage(rewriter);
    }
}

static void note_word(struct sql_rewriter *rewriter, struct text word)
{
    rewriter->is_before_name = text_equal_string(word, "add") ||
                               text_equal_string(word, "column") ||
                               text_equal_string(word, "exists");
    rewriter->is_after_set = text_equal_string(word, "set");
}

/* end: the position after the word. */
static void on_word_end(struct sql_rewriter *rewriter, struct work *work, size_t end)
{
    struct text word = lexer_word(&rewriter->lexer);
    const struct rule *rule = find_rule(rewriter, word);
    if (rule != NULL) {
        follow_rule(rewriter, work, rule, end);
    } else {
        on_any_word(rewriter, word, end);
    }
    if (may_be_storage(rewriter)) {
        note_word(rewriter, word);
    }
}

/* A quoted name is no keyword. */
static void on_identifier_end(struct sql_rewriter *rewriter, struct work *work, size_t end)
{
    bool may_be_catalog = rewriter->step == SQL_STEP_NOTHING &&
                          text_equal_string(lexer_word(&rewriter->lexer), CATALOG);
    if (rewriter->step == SQL_STEP_CATALOG_DOT || may_be_catalog) {
        on_word_end(rewriter, work, end);
    }
}

/* The quoted name after REVOKE is a role like an unquoted one. */
static enum sql_rewriter_step step_at_identifier(enum sql_rewriter_step step)
{
    if (step == SQL_STEP_CATALOG_DOT) {
        return step;
    }
    return step == SQL_STEP_REVOKE ? SQL_STEP_ROLE : SQL_STEP_NOTHING;
}

/* The bytes since AWS, pg_catalog or STORAGE may have to be overwritten. */
static bool is_mark_open(const struct sql_rewriter *rewriter)
{
    return rewriter->step == SQL_STEP_AWS || rewriter->step == SQL_STEP_IAM ||
           rewriter->step == SQL_STEP_CATALOG || rewriter->step == SQL_STEP_CATALOG_DOT ||
           rewriter->step == SQL_STEP_STORAGE;
}

/* They are held back until it is known.  If a comment between them is longer than the limit, the
   statement passes unchanged. */
static bool is_gap_too_wide(const struct sql_rewriter *rewriter, size_t position)
{
    return is_mark_open(rewriter) && position - rewriter->mark_start >= SQL_REWRITER_HELD_MAX;
}

static enum sql_rewriter_step step_at_other(enum sql_rewriter_step step, char c)
{
    return step == SQL_STEP_CATALOG && c == '.' ? SQL_STEP_CATALOG_DOT : SQL_STEP_NOTHING;
}

/* ---- Numbers ---- */

/* A point directly before the digits belongs to the number. */
static void on_number_start(struct sql_rewriter *rewriter, size_t position)
{
    rewriter->is_number_open = rewriter->is_server_15;
    rewriter->number_start = rewriter->is_after_point ? position - 1 : position;
}

static void on_number_end(struct sql_rewriter *rewriter, struct work *work, size_t end)
{
    char literal[SQL_NUMBER_MAX + 1] = "";
    if (!rewriter->is_number_open) {
        return;
    }
    rewriter->is_number_open = false;
    size_t len = end - rewriter->number_start;
    if (text_copy(text_slice(work->bytes, rewriter->number_start, len), literal, sizeof literal) &&
        sql_number_rewrite(literal, len)) {
        mark_at(rewriter, work, rewriter->number_start, literal);
    }
}

/* ---- Bytes ---- */

/* What the byte ends. */
static void on_end(struct sql_rewriter *rewriter, struct work *work, size_t position,
                   unsigned events)
{
    if ((events & LEXER_IDENTIFIER_END) != 0) {
        on_identifier_end(rewriter, work, position);
    }
    if ((events & LEXER_WORD_END) != 0) {
        on_word_end(rewriter, work, position);
    }
    if ((events & LEXER_NUMBER_END) != 0) {
        on_number_end(rewriter, work, position);
    }
}

static void on_other(struct sql_rewriter *rewriter, char c)
{
    rewriter->step = step_at_other(rewriter->step, c);
    rewriter->is_before_name = c == '(' || c == ',';
    rewriter->is_after_set = false;
}

static void on_start(struct sql_rewriter *rewriter, size_t position, unsigned events)
{
    if ((events & (LEXER_WORD_START | LEXER_IDENTIFIER)) != 0) {
        rewriter->word_start = position;
    }
    if ((events & LEXER_NUMBER_START) != 0) {
        on_number_start(rewriter, position);
    }
    if ((events & LEXER_IDENTIFIER) != 0) {
        rewriter->step = step_at_identifier(rewriter->step);
        rewriter->is_before_name = false;
    }
    if ((events & LEXER_SEMICOLON) != 0) {
        rewriter->step = SQL_STEP_START;
        rewriter->is_in_table = false;
    }
}

/* In the order in which one byte can cause them: it ends a word, it is itself something, it begins
   the next word. */
static void on_sql_byte(struct sql_rewriter *rewriter, struct work *work, size_t position, char c)
{
    unsigned events = lexer_byte(&rewriter->lexer, c);
    on_end(rewriter, work, position, events);
    if ((events & LEXER_OTHER) != 0) {
        on_other(rewriter, c);
    }
    if (is_gap_too_wide(rewriter, position)) {
        rewriter->step = SQL_STEP_NOTHING;
    }
    if (rewriter->is_number_open && position - rewriter->number_start >= SQL_NUMBER_MAX) {
        rewriter->is_number_open = false;
    }
    on_start(rewriter, position, events);
    rewriter->is_after_point = c == '.' && rewriter->lexer.state == LEXER_BETWEEN;
}

/* ---- Messages ---- */

/*
 * Each message starts with a fresh lexer, as PostgreSQL's scanner does: a literal that was left
 * open in one Query does not go on in the next.
 */
static void begin_sql(struct sql_rewriter *rewriter)
{
    rewriter->is_in_name = false;
    rewriter->is_in_sql = true;
    rewriter->step = SQL_STEP_START;
    rewriter->is_in_table = false;
    lexer_init(&rewriter->lexer);
}

/* A Parse message holds the name of the statement first, then its SQL; Query only SQL. */
static void begin_message(struct sql_rewriter *rewriter)
{
    rewriter->is_in_name = rewriter->frames.type == FRONTEND_PARSE;
    rewriter->is_in_sql = false;
    if (rewriter->frames.type == FRONTEND_QUERY) {
        begin_sql(rewriter);
    }
}

static void end_sql(struct sql_rewriter *rewriter)
{
    rewriter->is_in_name = false;
    rewriter->is_in_sql = false;
    rewriter->is_number_open = false;
    rewriter->is_after_point = false;
    rewriter->step = SQL_STEP_NOTHING;
}

static void on_body_byte(struct sql_rewriter *rewriter, struct work *work, size_t position, char c)
{
    if (rewriter->is_in_sql) {
        on_sql_byte(rewriter, work, position, c); /* the NUL ends the last word */
        if (c == '\0') {
            end_sql(rewriter);
        }
    } else if (c == '\0') {
        begin_sql(rewriter);
    }
}

/*
 * In the rest of a statement only the ends of words matter.  Before that each byte does:
 * is_gap_too_wide() limits what is held back.
 */
static size_t skip(struct sql_rewriter *rewriter, struct text sql)
{
    bool may_skip = rewriter->is_in_sql && rewriter->step == SQL_STEP_NOTHING;
    size_t len = may_skip ? lexer_skip(&rewriter->lexer, sql) : 0;
    rewriter->is_after_point = rewriter->is_after_point && len == 0;
    return len;
}

/*
 * A body may come in many pieces.  Only messages with SQL are read; all others are skipped as a
 * whole.
 */
static void on_body(struct sql_rewriter *rewriter, struct work *work, size_t position, size_t len)
{
    if (frame_scan_is_first(&rewriter->frames, len)) {
        begin_message(rewriter);
    }
    for (size_t i = 0; i < len && (rewriter->is_in_sql || rewriter->is_in_name); i++) {
        on_body_byte(rewriter, work, position + i, work->bytes.data[position + i]);
        i += skip(rewriter, text_slice(work->bytes, position + i + 1, len - i - 1));
    }
    if (frame_scan_is_between(&rewriter->frames)) {
        end_sql(rewriter); /* SQL without its NUL: PostgreSQL will report the error */
    }
}

/* ---- Holding back ---- */

/* Whether the part of a word that was read can still become one that is overwritten. */
static bool may_become(const struct rule *rule, enum sql_rewriter_step step, struct text word)
{
    bool is_watched = rule->mark != NULL || rule->to == SQL_STEP_AWS;
    return is_watched && rule->from == step && word.len > 0 && word.len <= strlen(rule->word) &&
           text_equal(text_slice(text_of(rule->word), 0, word.len), word);
}

/* The same for pg_catalog, which may be anywhere and quoted. */
static bool may_become_catalog(const struct lexer *lexer)
{
    bool is_quoted = lexer->state == LEXER_QUOTED_IDENTIFIER;
    if (is_quoted && lexer->previous != '\0') {
        return true; /* only the quote was read */
    }
    bool is_open = is_quoted || lexer->state == LEXER_WORD || lexer->is_after_identifier;
    struct text word = lexer_word(lexer);
    return is_open && !text_is_empty(word) &&
           text_equal(text_slice(text_of(CATALOG), 0, word.len), word);
}

/* And for STORAGE, whose second word decides. */
static bool may_become_storage(const struct sql_rewriter *rewriter)
{
    struct text word = lexer_word(&rewriter->lexer);
    return may_be_storage(rewriter) && rewriter->lexer.state == LEXER_WORD &&
           text_equal(text_slice(text_of("storage"), 0, word.len), word);
}

/*
 * The offset from which bytes are held back; all.len if none are.  Only these are worth holding:
 * the first of several words that decide together, the beginning of a word that may be
 * overwritten, and a number.  The rest is sent at once, as a client may wait for an answer before
 * it sends more.
 */
static size_t first_held(const struct sql_rewriter *rewriter, struct text all)
{
    if (!rewriter->is_in_sql) {
        return all.len;
    }
    if (is_mark_open(rewriter)) {
        return rewriter->mark_start;
    }
    if (rewriter->is_number_open) {
        return rewriter->number_start;
    }
    if (rewriter->is_server_15 && rewriter->is_after_point) {
        return all.len - 1;
    }
    if (may_become_catalog(&rewriter->lexer) || may_become_storage(rewriter)) {
        return rewriter->word_start;
    }
    for (size_t i = 0; i < RULE_COUNT && rewriter->lexer.state == LEXER_WORD; i++) {
        if (may_become(&rules[i], rewriter->step, lexer_word(&rewriter->lexer))) {
            return rewriter->word_start;
        }
    }
    return all.len;
}

/*
 * Offsets refer to the bytes of a call, so they move with what is held back for the next.  tail
 * fits, because is_gap_too_wide() and the length of the keywords limit it to
 * SQL_REWRITER_HELD_MAX, and a number is at most as long.
 */
static void hold(struct sql_rewriter *rewriter, struct text tail, size_t start)
{
    memcpy(rewriter->held, tail.data, tail.len);
    rewriter->held_len = tail.len;
    rewriter->mark_start -= is_mark_open(rewriter) ? start : 0;
    rewriter->mark_end -= is_mark_open(rewriter) ? start : 0;
    rewriter->word_start -= tail.len > 0 ? start : 0;
    rewriter->number_start -= rewriter->is_number_open ? start : 0;
}

/*
 * If nothing is held back, the caller's bytes are used without a copy.  The memory of an earlier
 * copy is freed then, so an idle session holds none.
 */
static struct work begin_work(struct sql_rewriter *rewriter, struct text bytes)
{
    struct work work = {.bytes = bytes};
    buf_reset(&rewriter->copy);
    if (rewriter->held_len > 0) {
        buf_add(&rewriter->copy, rewriter->held, rewriter->held_len);
        buf_add_text(&rewriter->copy, bytes);
        work = (struct work){.bytes = buf_text(&rewriter->copy), .is_copy = true};
    } else if (rewriter->copy.capacity > 0) {
        buf_clear(&rewriter->copy);
    }
    return work;
}

bool sql_rewriter_rewrite(struct sql_rewriter *rewriter, struct text bytes, struct text *out)
{
    struct work work = begin_work(rewriter, bytes);
    struct text rest = bytes;
    *out = text_of("");
    while (!text_is_empty(rest) && buf_ok(&rewriter->copy)) {
        struct text body = text_of("");
        if (!frame_scan_next(&rewriter->frames, &rest, &body)) {
            return false;
        }
        if (!text_is_empty(body)) {
            size_t position = work.bytes.len - rest.len - body.len;
            on_body(rewriter, &work, position, body.len);
        }
    }
    if (!buf_ok(&rewriter->copy)) {
        return false;
    }
    size_t start = first_held(rewriter, work.bytes);
    *out = text_slice(work.bytes, 0, start);
    hold(rewriter, text_slice(work.bytes, start, work.bytes.len), start);
    return true;
}
