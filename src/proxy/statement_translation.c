/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_translation.h"

#include "base/memory.h"

#include <string.h>

enum {
    TEXT_MAX = STATEMENT_TEXT_MAX + STATEMENT_NAMES_MAX * STATEMENT_SERVER_NAME_SIZE,
};

/* The statement of a name, if the client has prepared it by the protocol. */
static struct statement *statement_of(const struct client_statements *client, const char *name)
{
    const struct statement_slot *slot = client_statements_find(client, text_of(name));
    return slot == NULL ? NULL : slot->now;
}

/* ---- A prepared statement ---- */

/* The body of its Parse with the name of the server, or without a text. */
static void write_body(const struct statement *statement, const struct statement_name *name,
                       const struct statement_translation *translation, struct buf *out)
{
    struct text body = text_of_bytes(statement->parse, statement->len);
    size_t len = body.len;
    (void)text_find(body, '\0', &len);
    if (!translation->is_local) {
        buf_add_text(out, text_slice(body, 0, name->start));
        buf_add_string(out, translation->named->name);
        buf_add_text(out, text_slice(body, name->end, len - name->end));
    }
    buf_add_text(out, text_slice(body, len, body.len));
}

static bool translate_names(const struct client_statements *client, struct statement *statement,
                            const struct lexer_rules *rules, struct statement_translation *out)
{
    struct statement_name names[STATEMENT_NAMES_MAX];
    struct text body = text_of_bytes(statement->parse, statement->len);
    size_t len = body.len;
    (void)text_find(body, '\0', &len);
    size_t count = statement_names_find(text_slice(body, 0, len), rules, names);
    if (count == 1) {
        memcpy(out->name, names[0].name, sizeof out->name);
        out->named = statement_of(client, out->name);
    }
    if (out->named == NULL) {
        out->server = statement_ref(statement);
        return true;
    }
    out->is_local = names[0].use == NAME_DEALLOCATED;
    struct buf changed AUTO_BUF;
    buf_init(&changed, TEXT_MAX);
    write_body(statement, &names[0], out, &changed);
    out->named = out->is_local ? NULL : out->named;
    out->server = buf_ok(&changed) ? statement_cache_get(statement->cache, buf_text(&changed),
                                                         statement->settings, rules)
                                   : NULL;
    return out->server != NULL;
}

bool statement_translate(const struct client_statements *client, struct statement *statement,
                         const struct lexer_rules *rules, struct statement_translation *out)
{
    *out = (struct statement_translation){.server = NULL};
    if (statement->summary.has_names) {
        return translate_names(client, statement, rules, out);
    }
    out->server = statement_ref(statement);
    return true;
}

void statement_translation_clear(struct statement_translation *translation)
{
    statement_unref(translation->server);
    translation->server = NULL;
}

/* ---- A text ---- */

/* Whether a DEALLOCATE earlier in the text has ended it. */
static bool is_gone(const struct statement_name *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].use == NAME_DEALLOCATED && strcmp(names[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Two names of the client, and other clients, may have the same statement on the server: what is
 * deallocated there is a statement that is made for that.
 */
static void add_replacement(const struct client_statements *client,
                            const struct statement_name *name, struct text_translation *out)
{
    struct statement *statement = statement_of(client, name->name);
    out->named[out->count] = name->use == NAME_DEALLOCATED ? NULL : statement;
    if (name->use == NAME_DEALLOCATED) {
        char decoy[STATEMENT_SERVER_NAME_SIZE];
        statement_decoy_name(statement->cache, out->count, decoy);
        buf_add_string(&out->sql, decoy);
    } else {
        buf_add_string(&out->sql, statement->name);
    }
    memcpy(out->names[out->count], name->name, sizeof name->name);
    out->count++;
}

static void replace_names(const struct client_statements *client, struct text sql,
                          const struct statement_name *names, size_t count,
                          struct text_translation *out)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (statement_of(client, names[i].name) == NULL || is_gone(names, i, names[i].name)) {
            continue;
        }
        buf_add_text(&out->sql, text_slice(sql, at, names[i].start - at));
        add_replacement(client, &names[i], out);
        at = names[i].end;
    }
    if (out->count > 0) {
        buf_add_text(&out->sql, text_slice(sql, at, sql.len));
    }
}

/* Each statement is a DEALLOCATE of another name of the client. */
static bool is_local(const struct statement_summary *summary, const struct statement_name *names,
                     const struct text_translation *translation, size_t count)
{
    bool is_it =
        !summary->is_unclear && count > 0 && translation->count == count && summary->count == count;
    for (size_t i = 0; is_it && i < count; i++) {
        is_it = names[i].use == NAME_DEALLOCATED;
    }
    return is_it;
}

bool text_translate(const struct client_statements *client, struct text sql,
                    const struct lexer_rules *rules, const struct statement_summary *summary,
                    struct text_translation *out)
{
    *out = (struct text_translation){.count = 0};
    buf_init(&out->sql, TEXT_MAX);
    if (!summary->has_names || client->count == 0) {
        return true;
    }
    out->found_count = statement_names_find(sql, rules, out->found);
    replace_names(client, sql, out->found, out->found_count, out);
    out->is_local = is_local(summary, out->found, out, out->found_count);
    return buf_ok(&out->sql);
}

void text_translation_clear(struct text_translation *translation)
{
    buf_clear(&translation->sql);
}
