/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Each function first finds out what may have to wait, before anything is sent: a message is
 * handled as a whole or not at all.
 */
#include "proxy/statements.h"

#include "base/reader.h"
#include "proxy/preparation.h"
#include "proxy/statement_target.h"
#include "wire/backend.h"
#include "wire/frontend.h"
#include "wire/message.h"

#include <stdio.h>

enum { TAG_MAX = 64 }; /* bytes of a CommandComplete that is made here */

static const char parse_complete[] = {'1', 0, 0, 0, 4};
static const char close_complete[] = {'3', 0, 0, 0, 4};

/* ---- Parse ---- */

/* A Parse of the unnamed statement replaces whatever is there. */
static bool must_wait_to_parse(const struct statements *statements, struct text name)
{
    return text_is_empty(name) ? statements->name_changes > 0
                               : statement_target_must_wait(statements, name);
}

/* What a Parse of the client puts there: for the client, and on the server. */
struct parsed {
    struct statement *statement;
    struct statement *server;
};

static enum statements_result parse_unnamed(struct statements *statements,
                                            const struct parsed *parsed, struct buf *out)
{
    frontend_add_parse(out, text_of(""), text_of_bytes(parsed->server->parse, parsed->server->len));
    bool is_fine = statements_expect_change(
        statements, ANSWER_PARSE, ANSWER_PASS, text_of(""),
        &(struct statement_change){.client_slot = &statements->client->unnamed,
                                   .client_statement = parsed->statement,
                                   .server_unnamed = &statements->server->unnamed,
                                   .statement = parsed->server});
    return statements_result_of(is_fine, out);
}

/*
 * SQL may have prepared a statement with this name, which the server knows by it.  Then it reports
 * that to a Parse of nothing, which is closed again.
 */
static bool check_name(struct statements *statements, struct text name, struct buf *out)
{
    static const char nothing[] = {'\0', 0, 0};
    if (!statements->client->has_sql_names) {
        return true;
    }
    frontend_add_parse(out, name, text_of_bytes(nothing, sizeof nothing));
    frontend_add_target(out, FRONTEND_CLOSE, TARGET_STATEMENT, name);
    return answers_expect(statements->answers, ANSWER_PARSE, ANSWER_SWALLOW, NULL) &&
           answers_expect(statements->answers, ANSWER_CLOSE, ANSWER_SWALLOW, NULL);
}

static enum statements_result parse_named(struct statements *statements, struct text name,
                                          const struct parsed *parsed, struct buf *out)
{
    if (preparation_must_wait(statements, parsed->server)) {
        return statements_wait(statements, out);
    }
    struct statement_slot *slot = client_statements_add(statements->client, name);
    if (slot == NULL) {
        return statements_refuse(statements, "54000",
                                 "the proxy cannot keep another prepared statement of this client",
                                 "Close prepared statements that are not used any more.", out);
    }
    bool is_fine = check_name(statements, name, out);
    struct server_statement *entry = preparation_find(statements, parsed->server);
    if (entry == NULL) {
        is_fine =
            is_fine && preparation_send(statements, parsed->server, slot, parsed->statement, out);
        return statements_result_of(is_fine, out);
    }
    server_statements_touch(statements->server, entry);
    is_fine = is_fine && statements_expect_change(
                             statements, ANSWER_PARSE, ANSWER_MAKE,
                             text_of_bytes(parse_complete, sizeof parse_complete),
                             &(struct statement_change){.client_slot = slot,
                                                        .client_statement = parsed->statement});
    return statements_result_of(is_fine, out);
}

static enum statements_result refuse_duplicate(struct statements *statements, struct text name,
                                               struct buf *out)
{
    char message[256];
    size_t len = text_utf8_prefix(name, sizeof message / 2);
    (void)snprintf(message, sizeof message, "prepared statement \"%.*s\" already exists", (int)len,
                   name.data);
    return statements_refuse(statements, "42P05", message, "", out);
}

/* The statements that an SQL statement names must be there when the server reads it. */
static enum statements_result parse_translated(struct statements *statements, struct text name,
                                               struct statement *statement,
                                               const struct statement_translation *translation,
                                               struct buf *out)
{
    const struct parsed parsed = {.statement = statement, .server = translation->server};
    if (statement_target_must_wait_for_sql(statements, translation)) {
        return statements_wait(statements, out);
    }
    if (translation->named != NULL && !preparation_ensure(statements, translation->named, out)) {
        return STATEMENTS_FAILED;
    }
    return text_is_empty(name) ? parse_unnamed(statements, &parsed, out)
                               : parse_named(statements, name, &parsed, out);
}

enum statements_result statements_parse(struct statements *statements, struct text body,
                                        struct buf *out)
{
    struct reader reader;
    reader_init(&reader, body);
    struct text name = reader_cstring(&reader);
    struct text rest = reader_rest(&reader);
    if (!reader_ok(&reader) || !statement_body_is_valid(rest)) {
        return statements_send_invalid(statements, ANSWER_PARSE, FRONTEND_PARSE, body, out);
    }
    if (must_wait_to_parse(statements, name)) {
        return statements_wait(statements, out);
    }
    const struct statement_slot *slot = statement_target_slot(statements, name);
    bool is_taken = !text_is_empty(name) && slot != NULL && slot->now != NULL;
    if (is_taken && !statements->is_again) {
        return refuse_duplicate(statements, name, out);
    }
    struct statement *statement =
        statement_cache_get(statements->cache, rest, statements->settings, &statements->rules);
    struct statement_translation translation = {.server = NULL};
    bool is_kept =
        statement != NULL && statement_target_translate(statements, statement, &translation);
    enum statements_result result =
        is_kept ? parse_translated(statements, name, statement, &translation, out)
                : statements_refuse(statements, "53200",
                                    "the proxy cannot keep another prepared statement",
                                    "Close prepared statements that are not used any more.", out);
    statement_translation_clear(&translation);
    statement_unref(statement);
    return result;
}

enum statements_result statements_parse_long(struct statements *statements, struct text name,
                                             size_t body_size, struct buf *out, bool *is_refused,
                                             struct statement **opaque)
{
    *is_refused = !text_is_empty(name);
    *opaque = NULL;
    if (must_wait_to_parse(statements, name)) {
        return statements_wait(statements, out);
    }
    if (*is_refused) {
        return statements_refuse(
            statements, "54000", "the text of a prepared statement exceeds 1 MiB",
            "Use the unnamed statement or a simple query, or --pool-mode session with --retries 0.",
            out);
    }
    struct statement *statement = statement_new_opaque(statements->cache);
    if (statement == NULL) {
        return STATEMENTS_FAILED;
    }
    frontend_add_header(out, FRONTEND_PARSE, body_size);
    bool is_fine = statements_expect_change(
        statements, ANSWER_PARSE, ANSWER_PASS, text_of(""),
        &(struct statement_change){.client_slot = &statements->client->unnamed,
                                   .client_statement = statement,
                                   .server_unnamed = &statements->server->unnamed,
                                   .statement = statement});
    *opaque = is_fine ? statement : NULL; /* the change has a reference */
    statement_unref(statement);
    return statements_result_of(is_fine, out);
}

/* ---- Bind, Describe, Close, Execute ---- */

bool statements_bind_is_enough(struct text beginning)
{
    struct reader reader;
    reader_init(&reader, beginning);
    (void)reader_cstring(&reader);
    (void)reader_cstring(&reader);
    return reader_ok(&reader);
}

/* rest_size: of the message after the two names; rest: what is there of it. */
static enum statements_result send_bind(struct statements *statements, struct text portal,
                                        const struct statement_target *target, size_t rest_size,
                                        struct text rest, struct buf *out)
{
    const struct statement *server = target->translation.server;
    frontend_add_header(out, FRONTEND_BIND, portal.len + 1 + target->name.len + 1 + rest_size);
    frontend_add_string(out, portal);
    frontend_add_string(out, buf_text(&target->name));
    buf_add_text(out, rest);
    if (!client_statements_bind(statements->client, portal, target->statement,
                                target->translation.is_local, statements->period)) {
        statements->is_unclear = true;
    }
    bool is_fine = statements_expect(statements, ANSWER_BIND);
    answers_number_last(statements->answers, server != NULL ? server->number : 0);
    return statements_result_of(is_fine, out);
}

enum statements_result statements_bind(struct statements *statements, struct text beginning,
                                       size_t body_size, struct buf *out, struct statement **bound)
{
    struct reader reader;
    reader_init(&reader, beginning);
    struct text portal = reader_cstring(&reader);
    struct text name = reader_cstring(&reader);
    *bound = NULL;
    if (!reader_ok(&reader)) {
        frontend_add_header(out, FRONTEND_BIND, body_size);
        buf_add_text(out, beginning);
        return statements_result_of(statements_expect(statements, ANSWER_BIND), out);
    }
    if (statement_target_must_wait(statements, name)) {
        return statements_wait(statements, out);
    }
    struct statement_target target;
    enum statements_result result = statement_target_resolve(statements, name, &target, out);
    if (result == STATEMENTS_SENT) {
        *bound = target.statement;
        result = send_bind(statements, portal, &target, body_size - portal.len - name.len - 2,
                           reader_rest(&reader), out);
    }
    statement_target_clear(&target);
    return result;
}

/* The bodies of Describe and Close are the same. */
static bool read_target(struct text body, char *which, struct text *name)
{
    struct reader reader;
    reader_init(&reader, body);
    *which = (char)reader_u8(&reader);
    *name = reader_cstring(&reader);
    return reader_done(&reader) && (*which == TARGET_STATEMENT || *which == TARGET_PORTAL);
}

enum statements_result statements_describe(struct statements *statements, struct text body,
                                           struct buf *out)
{
    char which = 0;
    struct text name;
    bool is_valid = read_target(body, &which, &name);
    if (!is_valid || which == TARGET_PORTAL) {
        return statements_send_invalid(
            statements, which == TARGET_PORTAL ? ANSWER_DESCRIBE_PORTAL : ANSWER_DESCRIBE_STATEMENT,
            FRONTEND_DESCRIBE, body, out);
    }
    if (statement_target_must_wait(statements, name)) {
        return statements_wait(statements, out);
    }
    struct statement_target target;
    enum statements_result result = statement_target_resolve(statements, name, &target, out);
    if (result == STATEMENTS_SENT) {
        frontend_add_target(out, FRONTEND_DESCRIBE, TARGET_STATEMENT, buf_text(&target.name));
        result =
            statements_result_of(statements_expect(statements, ANSWER_DESCRIBE_STATEMENT), out);
    }
    statement_target_clear(&target);
    return result;
}

/*
 * The server keeps the statement: another client may use it, or this one again.  SQL may have
 * prepared one that the client has not prepared by the protocol.
 */
static enum statements_result close_named(struct statements *statements, struct text name,
                                          struct buf *out)
{
    struct statement_slot *slot = statement_target_slot(statements, name);
    bool is_known = slot != NULL && slot->now != NULL;
    if (!is_known && statements->client->has_sql_names) {
        frontend_add_target(out, FRONTEND_CLOSE, TARGET_STATEMENT, name);
        return statements_result_of(statements_expect(statements, ANSWER_CLOSE), out);
    }
    struct text made = text_of_bytes(close_complete, sizeof close_complete);
    bool is_fine = statements_expect_change(statements, ANSWER_CLOSE, ANSWER_MAKE, made,
                                            &(struct statement_change){.client_slot = slot});
    return statements_result_of(is_fine, out);
}

enum statements_result statements_close(struct statements *statements, struct text body,
                                        struct buf *out)
{
    char which = 0;
    struct text name;
    bool is_valid = read_target(body, &which, &name);
    if (!is_valid || which == TARGET_PORTAL) {
        return statements_send_invalid(statements, ANSWER_CLOSE, FRONTEND_CLOSE, body, out);
    }
    if (statement_target_must_wait(statements, name)) {
        return statements_wait(statements, out);
    }
    if (!text_is_empty(name)) {
        return close_named(statements, name, out);
    }
    frame_write(out, FRONTEND_CLOSE, body);
    bool is_fine = statements_expect_change(
        statements, ANSWER_CLOSE, ANSWER_PASS, text_of(""),
        &(struct statement_change){.client_slot = &statements->client->unnamed,
                                   .server_unnamed = &statements->server->unnamed});
    return statements_result_of(is_fine, out);
}

static bool changes_names(const struct statement_effect *effects)
{
    for (; effects != NULL; effects = effects->next) {
        if (effects->kind == STATEMENT_DEALLOCATE || effects->kind == STATEMENT_DEALLOCATE_ALL ||
            effects->kind == STATEMENT_DISCARD_ALL || effects->kind == STATEMENT_PREPARE) {
            return true;
        }
    }
    return false;
}

/* What the end of a transaction undoes are changes, too. */
static bool changes_settings(const struct statements *statements,
                             const struct statement_summary *summary)
{
    bool changes = summary->is_unclear || summary->leaves_state;
    for (const struct statement_effect *it = summary->effects; it != NULL; it = it->next) {
        switch (it->kind) {
        case STATEMENT_SET:
        case STATEMENT_SET_LOCAL:
        case STATEMENT_RESET:
        case STATEMENT_RESET_ALL:
        case STATEMENT_DISCARD_ALL:
            return true;
        case STATEMENT_COMMIT:
        case STATEMENT_ROLLBACK:
        case STATEMENT_UNDO_TO:
            changes = changes || statements->has_changed_settings;
            break;
        default:
            break;
        }
    }
    return changes;
}

static enum statements_result refuse_unknown(struct statements *statements, const char *name,
                                             struct buf *out)
{
    char message[STATEMENT_NAME_SIZE + 64];
    (void)snprintf(message, sizeof message, "prepared statement \"%s\" does not exist", name);
    return statements_refuse(statements, "26000", message, "", out);
}

/* It is of an earlier batch, and whether a transaction has ended since then is not known yet. */
static bool may_have_ended(const struct statements *statements, const struct client_portal *portal)
{
    return portal->period < statements->period && statements->settled < statements->period;
}

/* DEALLOCATE of a name of the client: the server runs an empty statement. */
static enum statements_result execute_deallocate(struct statements *statements,
                                                 const struct client_portal *portal,
                                                 struct text body, struct buf *out)
{
    const char *name = portal->statement->summary.effects->name;
    struct statement_slot *slot = client_statements_find(statements->client, text_of(name));
    if (statements->name_changes > 0 || may_have_ended(statements, portal) ||
        (slot != NULL && statement_slot_must_wait(slot, statements->batch))) {
        return statements_wait(statements, out);
    }
    if (slot == NULL || slot->now == NULL) {
        return refuse_unknown(statements, name, out);
    }
    struct buf made AUTO_BUF;
    buf_init(&made, TAG_MAX);
    frame_write(&made, BACKEND_COMMAND_COMPLETE, text_of_bytes("DEALLOCATE", sizeof "DEALLOCATE"));
    frame_write(out, FRONTEND_EXECUTE, body);
    bool is_fine =
        buf_ok(&made) &&
        statements_expect_change(statements, ANSWER_EXECUTE, ANSWER_REPLACE_EMPTY, buf_text(&made),
                                 &(struct statement_change){.client_slot = slot});
    return statements_result_of(is_fine, out);
}

enum statements_result statements_execute(struct statements *statements, struct text body,
                                          struct buf *out)
{
    struct reader reader;
    reader_init(&reader, body);
    struct text name = reader_cstring(&reader);
    const struct client_portal *portal =
        reader_ok(&reader) ? client_statements_portal(statements->client, name) : NULL;
    struct statement *statement = portal == NULL ? NULL : portal->statement;
    if (portal != NULL && portal->is_local) {
        return execute_deallocate(statements, portal, body, out);
    }
    frame_write(out, FRONTEND_EXECUTE, body);
    if (statement == NULL || (statement->summary.effects == NULL &&
                              !statement->summary.is_unclear && !statement->summary.leaves_state)) {
        return statements_result_of(statements_expect(statements, ANSWER_EXECUTE), out);
    }
    bool is_fine = statements_expect_change(
        statements, ANSWER_EXECUTE, ANSWER_PASS, text_of(""),
        &(struct statement_change){.executed = statement,
                                   .effects = statement->summary.effects,
                                   .is_unclear = statement->summary.is_unclear,
                                   .changes_names = changes_names(statement->summary.effects),
                                   .changes_settings =
                                       changes_settings(statements, &statement->summary)});
    return statements_result_of(is_fine, out);
}

/* The answer, and what is bound from now on, belong to another period than what was sent before. */
static void begin_period(struct statements *statements)
{
    statements->period++;
    answers_number_last(statements->answers, statements->period);
}

enum statements_result statements_sync(struct statements *statements, struct buf *out)
{
    frontend_add_header(out, FRONTEND_SYNC, 0);
    bool is_fine = statements_expect(statements, ANSWER_SYNC);
    begin_period(statements);
    statements->batch++;
    return statements_result_of(is_fine, out);
}

/* ---- Query ---- */

static bool is_unnamed_used(const struct statement_slot *slot)
{
    return slot->now != NULL || slot->confirmed != NULL || slot->under_way > 0;
}

/* One may be there still, of a text that failed. */
static bool add_decoy(struct statements *statements, size_t i, struct buf *out)
{
    static const char nothing[] = {'\0', 0, 0};
    char name[STATEMENT_SERVER_NAME_SIZE];
    statement_decoy_name(statements->cache, i, name);
    frontend_add_target(out, FRONTEND_CLOSE, TARGET_STATEMENT, text_of(name));
    frontend_add_parse(out, text_of(name), text_of_bytes(nothing, sizeof nothing));
    return answers_expect(statements->answers, ANSWER_CLOSE, ANSWER_SWALLOW, NULL) &&
           answers_expect(statements->answers, ANSWER_PARSE, ANSWER_SWALLOW, NULL);
}

/* Each is waited for before one is prepared: nothing is sent twice. */
enum statements_result statements_name(struct statements *statements,
                                       const struct text_translation *translation, struct buf *out)
{
    bool is_fine = true;
    if (statements->name_changes > 0) {
        return statements_wait(statements, out);
    }
    for (size_t i = 0; i < translation->found_count; i++) {
        if (statement_target_must_wait(statements, text_of(translation->found[i].name))) {
            return statements_wait(statements, out);
        }
    }
    for (size_t i = 0; is_fine && i < translation->count; i++) {
        is_fine = translation->named[i] == NULL
                      ? add_decoy(statements, i, out)
                      : preparation_ensure(statements, translation->named[i], out);
    }
    return statements_result_of(is_fine, out);
}

/* The server drops the unnamed statement when it gets a Query. */
enum statements_result statements_query(struct statements *statements,
                                        struct statement_summary *summary)
{
    struct statement_change change = {.own_effects = summary->effects,
                                      .effects = summary->effects,
                                      .is_unclear = summary->is_unclear,
                                      .changes_names = changes_names(summary->effects),
                                      .changes_settings = changes_settings(statements, summary)};
    if (is_unnamed_used(&statements->client->unnamed)) {
        change.client_slot = &statements->client->unnamed;
    }
    if (is_unnamed_used(&statements->server->unnamed)) {
        change.server_unnamed = &statements->server->unnamed;
    }
    bool matters = summary->effects != NULL || summary->is_unclear || change.changes_settings ||
                   change.client_slot != NULL || change.server_unnamed != NULL;
    bool is_fine = matters ? statements_expect_change(statements, ANSWER_QUERY, ANSWER_PASS,
                                                      text_of(""), &change)
                           : statements_expect(statements, ANSWER_QUERY);
    if (!is_fine) {
        statement_effects_free(summary->effects);
    }
    summary->effects = NULL;
    begin_period(statements);
    return is_fine ? STATEMENTS_SENT : STATEMENTS_FAILED;
}

enum statements_result statements_function_call(struct statements *statements)
{
    bool is_fine = statements_expect(statements, ANSWER_FUNCTION_CALL);
    begin_period(statements);
    return is_fine ? STATEMENTS_SENT : STATEMENTS_FAILED;
}

enum statements_result statements_deallocate(struct statements *statements, const char *name,
                                             struct text answer)
{
    struct statement_slot *slot = client_statements_find(statements->client, text_of(name));
    bool is_fine = statements_expect_change(statements, ANSWER_LOCAL, ANSWER_MAKE, answer,
                                            &(struct statement_change){.client_slot = slot});
    return is_fine ? STATEMENTS_SENT : STATEMENTS_FAILED;
}
