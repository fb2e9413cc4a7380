/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement that PostgreSQL will reject may be read as anything: its effect is only believed when
 * the server has reported success, with the tag of its kind.
 */
#include "proxy/statement_parser.h"

#include "base/memory.h"
#include "proxy/statement_identifier.h"
#include "proxy/statement_tokens.h"

#include <string.h>

struct parse {
    struct statement_tokens tokens;
    struct statement_effect *first;
    struct statement_effect **tail;
    bool is_unclear;
};

/* NULL: out of memory; the statement is unclear then. */
static struct statement_effect *add(struct parse *parse, enum statement_kind kind)
{
    struct statement_effect *effect = mem_new(sizeof *effect);
    if (effect == NULL) {
        parse->is_unclear = true;
        return NULL;
    }
    effect->kind = kind;
    effect->is_part = parse->first != NULL;
    *parse->tail = effect;
    parse->tail = &effect->next;
    return effect;
}

/* PostgreSQL cuts names at 63 bytes.  is_folded: to lower case, as all names of parameters. */
static void append_name(struct statement_effect *effect, struct text name, bool is_folded)
{
    size_t len = strlen(effect->name);
    for (size_t i = 0; i < name.len && len + 1 < sizeof effect->name; i++) {
        effect->name[len++] = is_folded ? char_to_lower(name.data[i]) : name.data[i];
    }
    effect->name[len] = '\0';
}

static void set_value(struct parse *parse, struct statement_effect *effect, struct text value)
{
    effect->value = text_dup(value);
    if (effect->value == NULL) {
        parse->is_unclear = true;
    }
}

/* An effect with the identifier that is next, such as a savepoint.  Nothing: a syntax error. */
static void add_named(struct parse *parse, enum statement_kind kind)
{
    char name[STATEMENT_NAME_SIZE];
    if (statement_identifier_read(tokens_rest(&parse->tokens), name) == 0) {
        parse->is_unclear = parse->is_unclear || !tokens_at_end(&parse->tokens);
        return;
    }
    struct statement_effect *effect = add(parse, kind);
    if (effect != NULL) {
        memcpy(effect->name, name, sizeof name);
    }
}

static void add_value(struct parse *parse, const char *name, struct text value)
{
    bool is_default = text_equal_nocase(value, text_of("default"));
    struct statement_effect *effect = add(parse, is_default ? STATEMENT_RESET : STATEMENT_SET);
    if (effect != NULL) {
        append_name(effect, text_of(name), true);
    }
    if (effect != NULL && !is_default) {
        set_value(parse, effect, value);
    }
}

/* ---- SET ---- */

/* ISOLATION LEVEL x; the level is one or two words. */
static void parse_isolation(struct parse *parse)
{
    char value[32] = "'";
    (void)tokens_accept(&parse->tokens, "level");
    size_t len = 1;
    for (int words = 0; words < 2 && parse->tokens.token.kind == TOKEN_WORD; words++) {
        bool is_last = tokens_at_word(&parse->tokens, "committed") ||
                       tokens_at_word(&parse->tokens, "uncommitted") ||
                       tokens_at_word(&parse->tokens, "serializable");
        is_last = is_last || (words == 1);
        if (len + parse->tokens.token.text.len + 3 > sizeof value) {
            return;
        }
        for (size_t i = 0; i < parse->tokens.token.text.len; i++) {
            value[len++] = char_to_lower(parse->tokens.token.text.data[i]);
        }
        value[len++] = is_last ? '\'' : ' ';
        tokens_advance(&parse->tokens);
        if (is_last) {
            break;
        }
    }
    add_value(parse, "default_transaction_isolation", text_of_bytes(value, len));
}

/* SET SESSION CHARACTERISTICS AS TRANSACTION sets up to three parameters. */
static void parse_characteristics(struct parse *parse)
{
    (void)tokens_accept(&parse->tokens, "as");
    (void)tokens_accept(&parse->tokens, "transaction");
    while (!tokens_at_end(&parse->tokens)) {
        if (tokens_accept(&parse->tokens, "isolation")) {
            parse_isolation(parse);
        } else if (tokens_accept(&parse->tokens, "read")) {
            bool is_only = tokens_at_word(&parse->tokens, "only");
            tokens_advance(&parse->tokens);
            add_value(parse, "default_transaction_read_only", text_of(is_only ? "on" : "off"));
        } else if (tokens_accept(&parse->tokens, "not")) {
            tokens_advance(&parse->tokens);
            add_value(parse, "default_transaction_deferrable", text_of("off"));
        } else if (tokens_accept(&parse->tokens, "deferrable")) {
            add_value(parse, "default_transaction_deferrable", text_of("on"));
        } else {
            tokens_advance(&parse->tokens); /* a comma */
        }
    }
}

/* name [. name] {TO | =} value */
static void parse_assignment(struct parse *parse)
{
    struct statement_effect *effect = add(parse, STATEMENT_SET);
    bool is_name = true;
    while (effect != NULL && is_name && parse->tokens.token.kind != TOKEN_END) {
        append_name(effect, parse->tokens.token.text, true);
        tokens_advance(&parse->tokens);
        is_name = tokens_accept_sign(&parse->tokens, '.');
        append_name(effect, text_of(is_name ? "." : ""), true);
    }
    if (effect == NULL) {
        return;
    }
    bool is_assigned =
        tokens_accept(&parse->tokens, "to") || tokens_accept_sign(&parse->tokens, '=');
    struct text value = tokens_rest(&parse->tokens);
    parse->is_unclear = parse->is_unclear || (!is_assigned && !tokens_at_end(&parse->tokens));
    if (text_is_empty(value) || text_equal_nocase(value, text_of("default"))) {
        effect->kind = STATEMENT_RESET;
    } else {
        set_value(parse, effect, value);
    }
    if (text_equal_string(text_of(effect->name), "seed")) {
        effect->kind = STATEMENT_SET_LOCAL; /* a value that is used up, not a setting */
    }
}

static void parse_time_zone(struct parse *parse)
{
    (void)tokens_accept(&parse->tokens, "zone");
    struct text value = tokens_rest(&parse->tokens);
    bool is_local = text_equal_nocase(value, text_of("local"));
    add_value(parse, "timezone", is_local ? text_of("default") : value);
}

static void parse_names(struct parse *parse)
{
    add_value(parse, "client_encoding",
              tokens_at_end(&parse->tokens) ? text_of("default") : tokens_rest(&parse->tokens));
}

/* Those whose first word is not the name of the parameter. */
static bool parse_special_set(struct parse *parse)
{
    if (tokens_accept(&parse->tokens, "time")) {
        parse_time_zone(parse);
    } else if (tokens_accept(&parse->tokens, "names")) {
        parse_names(parse);
    } else if (tokens_accept(&parse->tokens, "schema")) {
        add_value(parse, "search_path", tokens_rest(&parse->tokens));
    } else if (tokens_accept(&parse->tokens, "role")) {
        if (!tokens_accept(&parse->tokens, "to")) {
            (void)tokens_accept_sign(&parse->tokens, '=');
        }
        add_value(parse, "role", tokens_rest(&parse->tokens));
    } else if (tokens_accept(&parse->tokens, "authorization")) {
        add_value(parse, "session_authorization", tokens_rest(&parse->tokens));
    } else if (tokens_accept(&parse->tokens, "xml")) {
        (void)tokens_accept(&parse->tokens, "option");
        add_value(parse, "xmloption", tokens_rest(&parse->tokens));
    } else {
        return false;
    }
    return true;
}

static void parse_set(struct parse *parse)
{
    if (tokens_at_word(&parse->tokens, "local") || tokens_at_word(&parse->tokens, "constraints") ||
        tokens_at_word(&parse->tokens, "transaction")) {
        (void)add(parse, STATEMENT_SET_LOCAL);
        return;
    }
    bool is_session = tokens_accept(&parse->tokens, "session");
    if (is_session && tokens_accept(&parse->tokens, "characteristics")) {
        parse_characteristics(parse);
    } else if (!parse_special_set(parse)) {
        parse_assignment(parse);
    }
}

/* ---- The others ---- */

static void parse_reset(struct parse *parse)
{
    if (tokens_accept(&parse->tokens, "all")) {
        (void)add(parse, STATEMENT_RESET_ALL);
    } else if (tokens_accept(&parse->tokens, "time")) {
        add_value(parse, "timezone", text_of("default"));
    } else if (tokens_accept(&parse->tokens, "session")) {
        add_value(parse, "session_authorization", text_of("default"));
    } else {
        parse_assignment(parse);
        if (parse->first != NULL) {
            parse->first->kind = STATEMENT_RESET;
        }
    }
}

static void parse_rollback(struct parse *parse)
{
    if (tokens_accept(&parse->tokens, "prepared")) {
        return;
    }
    if (!tokens_accept(&parse->tokens, "work")) {
        (void)tokens_accept(&parse->tokens, "transaction");
    }
    if (!tokens_accept(&parse->tokens, "to")) {
        (void)add(parse, STATEMENT_ROLLBACK);
        return;
    }
    (void)tokens_accept(&parse->tokens, "savepoint");
    add_named(parse, STATEMENT_UNDO_TO);
}

static void parse_release(struct parse *parse)
{
    (void)tokens_accept(&parse->tokens, "savepoint");
    add_named(parse, STATEMENT_RELEASE);
}

static void parse_prepare(struct parse *parse)
{
    if (tokens_at_word(&parse->tokens, "transaction")) {
        (void)add(parse, STATEMENT_COMMIT);
    } else {
        add_named(parse, STATEMENT_PREPARE);
    }
}

static void parse_commit(struct parse *parse)
{
    if (!tokens_at_word(&parse->tokens, "prepared")) {
        (void)add(parse, STATEMENT_COMMIT);
    }
}

static void parse_deallocate(struct parse *parse)
{
    struct statement_tokens before = parse->tokens;
    if (tokens_accept(&parse->tokens, "prepare") && tokens_at_end(&parse->tokens)) {
        parse->tokens = before; /* the name is "prepare" */
    }
    if (tokens_at_word(&parse->tokens, "all")) {
        (void)add(parse, STATEMENT_DEALLOCATE_ALL);
    } else {
        add_named(parse, STATEMENT_DEALLOCATE);
    }
}

static void parse_discard(struct parse *parse)
{
    if (tokens_at_word(&parse->tokens, "all")) {
        (void)add(parse, STATEMENT_DISCARD_ALL);
    }
}

/* DECLARE name ... WITH HOLD FOR query; without WITH HOLD the cursor ends with its transaction. */
static void parse_declare(struct parse *parse)
{
    while (!tokens_at_end(&parse->tokens) && !tokens_at_word(&parse->tokens, "for")) {
        bool is_with = tokens_accept(&parse->tokens, "with");
        if (is_with && tokens_at_word(&parse->tokens, "hold")) {
            (void)add(parse, STATEMENT_KEEPS_SESSION);
            return;
        }
        if (!is_with) {
            tokens_advance(&parse->tokens);
        }
    }
}

static void parse_begin(struct parse *parse)
{
    (void)add(parse, STATEMENT_BEGIN);
}

static void parse_keeping(struct parse *parse)
{
    (void)add(parse, STATEMENT_KEEPS_SESSION);
}

static void parse_savepoint(struct parse *parse)
{
    add_named(parse, STATEMENT_SAVEPOINT);
}

static const struct {
    const char *word;
    void (*parse)(struct parse *parse);
} rules[] = {
    {"begin", parse_begin},         {"start", parse_begin},       {"commit", parse_commit},
    {"end", parse_commit},          {"rollback", parse_rollback}, {"abort", parse_rollback},
    {"savepoint", parse_savepoint}, {"release", parse_release},   {"set", parse_set},
    {"reset", parse_reset},         {"discard", parse_discard},   {"deallocate", parse_deallocate},
    {"prepare", parse_prepare},     {"declare", parse_declare},   {"listen", parse_keeping},
    {"load", parse_keeping},
};

enum statement_parsed statement_parse(struct text sql, struct statement_effect **out)
{
    struct parse parse = {.tokens = tokens_of(sql)};
    parse.tail = &parse.first;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (tokens_accept(&parse.tokens, rules[i].word)) {
            rules[i].parse(&parse);
            break;
        }
    }
    *out = parse.first;
    if (parse.is_unclear) {
        return STATEMENT_PARSED_UNCLEAR;
    }
    return parse.first != NULL ? STATEMENT_PARSED : STATEMENT_PARSED_NOTHING;
}
