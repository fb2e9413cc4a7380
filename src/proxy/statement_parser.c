/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement that PostgreSQL will reject may be read as anything: its effect is only believed when
 * the server has reported success, with the tag of its kind.
 */
#include "proxy/statement_parser.h"

#include "base/memory.h"

#include <string.h>

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_OTHER };

struct token {
    enum token_kind kind;
    struct text text; /* of a quoted identifier: between its quotes */
};

struct parse {
    struct text rest;
    struct token token; /* the next one */
    struct statement_effect *first;
    struct statement_effect **tail;
    bool is_unclear;
};

/* As scan.l: ident_start and ident_cont. */
static bool is_word_byte(char c, bool is_first)
{
    bool is_letter = (char_is_alnum(c) && !char_is_digit(c)) || c == '_' || (unsigned char)c > 127;
    return is_letter || (!is_first && (char_is_digit(c) || c == '$'));
}

static size_t word_length(struct text text)
{
    size_t len = 0;
    while (len < text.len && is_word_byte(text.data[len], len == 0)) {
        len++;
    }
    return len;
}

/* Reads the next token; white space before it belongs to none. */
static void advance(struct parse *parse)
{
    struct text rest = text_trim_start(parse->rest);
    while (!text_is_empty(rest) && char_is_space(rest.data[0])) {
        rest = text_slice(rest, 1, rest.len);
    }
    size_t len = word_length(rest);
    if (text_is_empty(rest)) {
        parse->token = (struct token){TOKEN_END, rest};
    } else if (len > 0) {
        parse->token = (struct token){TOKEN_WORD, text_slice(rest, 0, len)};
    } else if (rest.data[0] == '"' && text_find(text_slice(rest, 1, rest.len), '"', &len)) {
        parse->token = (struct token){TOKEN_QUOTED, text_slice(rest, 1, len)};
        len += 2;
    } else {
        len = 1;
        parse->token = (struct token){TOKEN_OTHER, text_slice(rest, 0, 1)};
    }
    parse->rest = text_slice(rest, len, rest.len);
}

static bool is_word(const struct parse *parse, const char *word)
{
    return parse->token.kind == TOKEN_WORD && text_equal_nocase(parse->token.text, text_of(word));
}

/* Takes the word if it is the next one. */
static bool accept(struct parse *parse, const char *word)
{
    bool is_it = is_word(parse, word);
    if (is_it) {
        advance(parse);
    }
    return is_it;
}

static bool accept_sign(struct parse *parse, char sign)
{
    bool is_it = parse->token.kind == TOKEN_OTHER && parse->token.text.data[0] == sign;
    if (is_it) {
        advance(parse);
    }
    return is_it;
}

static bool is_at_end(const struct parse *parse)
{
    return parse->token.kind == TOKEN_END;
}

/* All that is left, from the next token on. */
static struct text rest_of(const struct parse *parse)
{
    struct text token = parse->token.text;
    if (is_at_end(parse)) {
        return text_of("");
    }
    const char *start = parse->token.kind == TOKEN_QUOTED ? token.data - 1 : token.data;
    return text_trim(text_of_bytes(start, (size_t)(parse->rest.data - start) + parse->rest.len));
}

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

/* An effect with the identifier that is next, such as a savepoint. */
static void add_named(struct parse *parse, enum statement_kind kind)
{
    bool is_quoted = parse->token.kind == TOKEN_QUOTED;
    if (!is_quoted && parse->token.kind != TOKEN_WORD) {
        return; /* a syntax error, or a name that only PostgreSQL can read: U&"..." */
    }
    struct statement_effect *effect = add(parse, kind);
    if (effect != NULL) {
        append_name(effect, parse->token.text, !is_quoted);
        advance(parse);
        /* A doubled quote inside the name. */
        parse->is_unclear = parse->is_unclear || (is_quoted && parse->token.kind == TOKEN_QUOTED);
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
    (void)accept(parse, "level");
    size_t len = 1;
    for (int words = 0; words < 2 && parse->token.kind == TOKEN_WORD; words++) {
        bool is_last = is_word(parse, "committed") || is_word(parse, "uncommitted") ||
                       is_word(parse, "serializable");
        is_last = is_last || (words == 1);
        if (len + parse->token.text.len + 3 > sizeof value) {
            return;
        }
        for (size_t i = 0; i < parse->token.text.len; i++) {
            value[len++] = char_to_lower(parse->token.text.data[i]);
        }
        value[len++] = is_last ? '\'' : ' ';
        advance(parse);
        if (is_last) {
            break;
        }
    }
    add_value(parse, "default_transaction_isolation", text_of_bytes(value, len));
}

/* SET SESSION CHARACTERISTICS AS TRANSACTION sets up to three parameters. */
static void parse_characteristics(struct parse *parse)
{
    (void)accept(parse, "as");
    (void)accept(parse, "transaction");
    while (!is_at_end(parse)) {
        if (accept(parse, "isolation")) {
            parse_isolation(parse);
        } else if (accept(parse, "read")) {
            bool is_only = is_word(parse, "only");
            advance(parse);
            add_value(parse, "default_transaction_read_only", text_of(is_only ? "on" : "off"));
        } else if (accept(parse, "not")) {
            advance(parse);
            add_value(parse, "default_transaction_deferrable", text_of("off"));
        } else if (accept(parse, "deferrable")) {
            add_value(parse, "default_transaction_deferrable", text_of("on"));
        } else {
            advance(parse); /* a comma */
        }
    }
}

/* name [. name] {TO | =} value */
static void parse_assignment(struct parse *parse)
{
    struct statement_effect *effect = add(parse, STATEMENT_SET);
    bool is_name = true;
    while (effect != NULL && is_name && parse->token.kind != TOKEN_END) {
        append_name(effect, parse->token.text, true);
        advance(parse);
        is_name = accept_sign(parse, '.');
        append_name(effect, text_of(is_name ? "." : ""), true);
    }
    if (effect == NULL) {
        return;
    }
    bool is_assigned = accept(parse, "to") || accept_sign(parse, '=');
    struct text value = rest_of(parse);
    parse->is_unclear = parse->is_unclear || (!is_assigned && !is_at_end(parse));
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
    (void)accept(parse, "zone");
    struct text value = rest_of(parse);
    bool is_local = text_equal_nocase(value, text_of("local"));
    add_value(parse, "timezone", is_local ? text_of("default") : value);
}

static void parse_names(struct parse *parse)
{
    add_value(parse, "client_encoding", is_at_end(parse) ? text_of("default") : rest_of(parse));
}

/* Those whose first word is not the name of the parameter. */
static bool parse_special_set(struct parse *parse)
{
    if (accept(parse, "time")) {
        parse_time_zone(parse);
    } else if (accept(parse, "names")) {
        parse_names(parse);
    } else if (accept(parse, "schema")) {
        add_value(parse, "search_path", rest_of(parse));
    } else if (accept(parse, "role")) {
        if (!accept(parse, "to")) {
            (void)accept_sign(parse, '=');
        }
        add_value(parse, "role", rest_of(parse));
    } else if (accept(parse, "authorization")) {
        add_value(parse, "session_authorization", rest_of(parse));
    } else if (accept(parse, "xml")) {
        (void)accept(parse, "option");
        add_value(parse, "xmloption", rest_of(parse));
    } else {
        return false;
    }
    return true;
}

static void parse_set(struct parse *parse)
{
    if (is_word(parse, "local") || is_word(parse, "constraints") || is_word(parse, "transaction")) {
        (void)add(parse, STATEMENT_SET_LOCAL);
        return;
    }
    bool is_session = accept(parse, "session");
    if (is_session && accept(parse, "characteristics")) {
        parse_characteristics(parse);
    } else if (!parse_special_set(parse)) {
        parse_assignment(parse);
    }
}

/* ---- The others ---- */

static void parse_reset(struct parse *parse)
{
    if (accept(parse, "all")) {
        (void)add(parse, STATEMENT_RESET_ALL);
    } else if (accept(parse, "time")) {
        add_value(parse, "timezone", text_of("default"));
    } else if (accept(parse, "session")) {
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
    if (accept(parse, "prepared")) {
        return;
    }
    if (!accept(parse, "work")) {
        (void)accept(parse, "transaction");
    }
    if (!accept(parse, "to")) {
        (void)add(parse, STATEMENT_ROLLBACK);
        return;
    }
    (void)accept(parse, "savepoint");
    add_named(parse, STATEMENT_UNDO_TO);
}

static void parse_release(struct parse *parse)
{
    (void)accept(parse, "savepoint");
    add_named(parse, STATEMENT_RELEASE);
}

static void parse_prepare(struct parse *parse)
{
    (void)add(parse, is_word(parse, "transaction") ? STATEMENT_COMMIT : STATEMENT_KEEPS_SESSION);
}

static void parse_commit(struct parse *parse)
{
    if (!is_word(parse, "prepared")) {
        (void)add(parse, STATEMENT_COMMIT);
    }
}

static void parse_deallocate(struct parse *parse)
{
    (void)accept(parse, "prepare");
    if (is_word(parse, "all")) {
        (void)add(parse, STATEMENT_DEALLOCATE_ALL);
    } else {
        add_named(parse, STATEMENT_DEALLOCATE);
    }
}

static void parse_discard(struct parse *parse)
{
    if (is_word(parse, "all")) {
        (void)add(parse, STATEMENT_DISCARD_ALL);
    }
}

/* DECLARE name ... WITH HOLD FOR query; without WITH HOLD the cursor ends with its transaction. */
static void parse_declare(struct parse *parse)
{
    while (!is_at_end(parse) && !is_word(parse, "for")) {
        bool is_with = accept(parse, "with");
        if (is_with && is_word(parse, "hold")) {
            (void)add(parse, STATEMENT_KEEPS_SESSION);
            return;
        }
        if (!is_with) {
            advance(parse);
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
    struct parse parse = {.rest = sql};
    parse.tail = &parse.first;
    advance(&parse);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (accept(&parse, rules[i].word)) {
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
