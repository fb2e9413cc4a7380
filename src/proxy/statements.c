/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Each function first finds out what may have to wait, before anything is sent: a message is
 * handled as a whole or not at all.
 */
#include "proxy/statements.h"

#include "base/memory.h"
#include "base/reader.h"
#include "wire/backend.h"
#include "wire/message.h"

#include <stdio.h>

enum { MADE_MAX = 4096, HEADER_LENGTH_SIZE = 4 };

static const char parse_complete[] = {'1', 0, 0, 0, 4};
static const char close_complete[] = {'3', 0, 0, 0, 4};

/* ---- Changes under way ---- */

static void free_change(struct statement_change *change)
{
    statement_unref(change->statement);
    statement_unref(change->executed);
    statement_effects_free(change->own_effects);
    mem_free(change);
}

/* A Parse that fails leaves no unnamed statement: the server drops the old one first. */
static void settle_unnamed(struct statement_slot *slot, struct statement *statement,
                           enum answer_outcome outcome)
{
    bool is_dropped = outcome == ANSWER_FAILED;
    statement_slot_settle(slot, is_dropped ? NULL : statement, outcome != ANSWER_SKIPPED);
}

void statements_settled(void *arg, const struct answer *answer, enum answer_outcome outcome)
{
    struct statements *statements = arg;
    struct statement_change *change = answer->subject;
    bool is_done = outcome == ANSWER_DONE;
    if (change->client_slot == &statements->client->unnamed) {
        settle_unnamed(change->client_slot, change->statement, outcome);
    } else if (change->client_slot != NULL) {
        statement_slot_settle(change->client_slot, change->statement, is_done);
        statements->has_freed |= statement_slot_is_free(change->client_slot);
    }
    if (change->server_unnamed != NULL) {
        settle_unnamed(change->server_unnamed, change->statement, outcome);
    }
    if (change->server_entry != NULL) {
        server_statements_settle(statements->server, change->server_entry,
                                 change->statement != NULL, is_done);
    }
    statements->deallocations -= change->is_deallocation ? 1 : 0;
    free_change(change);
}

/*
 * Applies to the slots what is about to be sent, and expects the answer that settles it.  A change
 * that cannot be expected ends the session, so the slots need not be right then.
 */
static bool expect_change(struct statements *statements, enum answer_kind kind,
                          enum answer_action action, struct text made,
                          const struct statement_change *wanted)
{
    struct statement_change *change = mem_new(sizeof *change);
    if (change == NULL) {
        return false;
    }
    *change = *wanted;
    change->statement = statement_ref(wanted->statement);
    change->executed = statement_ref(wanted->executed);
    bool is_fine = text_is_empty(made)
                       ? answers_expect(statements->answers, kind, action, change)
                       : answers_expect_text(statements->answers, kind, action, change, made);
    if (!is_fine) {
        change->own_effects = NULL;
        free_change(change);
        return false;
    }
    if (change->client_slot != NULL) {
        statement_slot_change(change->client_slot, change->statement, statements->batch);
    }
    if (change->server_unnamed != NULL) {
        statement_slot_change(change->server_unnamed, change->statement, statements->batch);
    }
    if (change->server_entry != NULL) {
        server_statements_change(statements->server, change->server_entry,
                                 change->statement != NULL, statements->batch);
    }
    statements->deallocations += change->is_deallocation ? 1 : 0;
    return true;
}

static bool expect(struct statements *statements, enum answer_kind kind)
{
    return answers_expect(statements->answers, kind, ANSWER_PASS, NULL);
}

static enum statements_result result_of(bool is_fine, const struct buf *out)
{
    return is_fine && buf_ok(out) ? STATEMENTS_SENT : STATEMENTS_FAILED;
}

/* ---- Messages to the server ---- */

static void add_string(struct buf *out, struct text text)
{
    buf_add_text(out, text);
    buf_add_char(out, '\0');
}

static void add_header(struct buf *out, char type, size_t body_size)
{
    buf_add_char(out, type);
    buf_add_u32(out, (uint32_t)(body_size + HEADER_LENGTH_SIZE));
}

static void add_parse(struct buf *out, struct text name, struct text rest)
{
    add_header(out, FRONTEND_PARSE, name.len + 1 + rest.len);
    add_string(out, name);
    buf_add_text(out, rest);
}

/* Close and Describe: which is TARGET_STATEMENT or TARGET_PORTAL. */
static void add_named(struct buf *out, char type, char which, struct text name)
{
    add_header(out, type, 1 + name.len + 1);
    buf_add_char(out, which);
    add_string(out, name);
}

/* The server may keep its answers until it has more to send. */
static enum statements_result wait_for_answers(const struct statements *statements, struct buf *out)
{
    if (statements->answers->is_open) {
        add_header(out, FRONTEND_FLUSH, 0);
    }
    return STATEMENTS_WAIT;
}

/*
 * A message whose strings do not end where they should: the server will say so.  It is sent as it
 * is, since nothing can be prepared by it.
 */
static enum statements_result send_invalid(struct statements *statements, enum answer_kind kind,
                                           char type, struct text body, struct buf *out)
{
    frame_write(out, type, body);
    return result_of(expect(statements, kind), out);
}

/*
 * An error of the proxy has to be one for the server, too: it must end the transaction, and skip up
 * to Sync.  So the server is asked for a statement that never exists, and its error is replaced.
 */
static enum statements_result refuse(struct statements *statements, const char *sqlstate,
                                     const char *message, const char *hint, struct buf *out)
{
    char name[STATEMENT_SERVER_NAME_SIZE];
    struct buf made AUTO_BUF;
    buf_init(&made, MADE_MAX);
    const struct error_fields fields = {.severity = text_of("ERROR"),
                                        .sqlstate = text_of(sqlstate),
                                        .message = text_of(message),
                                        .detail = text_of(""),
                                        .hint = text_of(hint)};
    backend_write_error(&made, &fields);
    (void)snprintf(name, sizeof name, "%s0", statements->cache->prefix);
    add_named(out, FRONTEND_DESCRIBE, TARGET_STATEMENT, text_of(name));
    bool is_fine =
        buf_ok(&made) && answers_expect_text(statements->answers, ANSWER_DESCRIBE_STATEMENT,
                                             ANSWER_REPLACE_ERROR, NULL, buf_text(&made));
    return result_of(is_fine, out);
}

/* ---- Statements on the server ---- */

/* Closes the least recently used one if there are too many. */
static bool make_room(struct statements *statements, struct buf *out)
{
    struct server_statement *victim =
        server_statements_victim(statements->server, statements->batch);
    if (victim == NULL) {
        return true;
    }
    char name[STATEMENT_SERVER_NAME_SIZE];
    statement_server_name(victim->statement, name);
    add_named(out, FRONTEND_CLOSE, TARGET_STATEMENT, text_of(name));
    return expect_change(statements, ANSWER_CLOSE, ANSWER_SWALLOW, text_of(""),
                         &(struct statement_change){.server_entry = victim});
}

static bool must_wait_for(const struct statements *statements, const struct statement *statement)
{
    const struct server_statement *entry = server_statements_find(statements->server, statement);
    return entry != NULL && statement_slot_must_wait(&entry->slot, statements->batch);
}

/* The entry of a statement that is prepared on the server; NULL: it is not. */
static struct server_statement *prepared(const struct statements *statements,
                                         const struct statement *statement)
{
    struct server_statement *entry = server_statements_find(statements->server, statement);
    return entry != NULL && entry->slot.now != NULL ? entry : NULL;
}

/* Sends Parse under the name of the proxy.  client_slot: the client has sent it; NULL: inserted. */
static bool send_parse(struct statements *statements, struct statement *statement,
                       struct statement_slot *client_slot, struct buf *out)
{
    if (!make_room(statements, out)) {
        return false;
    }
    struct server_statement *entry = server_statements_add(statements->server, statement);
    if (entry == NULL) {
        return false;
    }
    char name[STATEMENT_SERVER_NAME_SIZE];
    statement_server_name(statement, name);
    add_parse(out, text_of(name), text_of_bytes(statement->parse, statement->len));
    server_statements_touch(statements->server, entry);
    return expect_change(
        statements, ANSWER_PARSE, client_slot != NULL ? ANSWER_PASS : ANSWER_SWALLOW, text_of(""),
        &(struct statement_change){
            .client_slot = client_slot, .server_entry = entry, .statement = statement});
}

static bool ensure_prepared(struct statements *statements, struct statement *statement,
                            struct buf *out)
{
    struct server_statement *entry = prepared(statements, statement);
    if (entry == NULL) {
        return send_parse(statements, statement, NULL, out);
    }
    server_statements_touch(statements->server, entry);
    return true;
}

/*
 * The unnamed statement of the server may be that of another client.  If this client has none, it
 * is closed first, so that the server reports that there is none.
 */
static bool ensure_unnamed(struct statements *statements, struct statement *statement,
                           struct buf *out)
{
    struct statement_slot *server = &statements->server->unnamed;
    if (server->now == statement) {
        return true;
    }
    if (statement == NULL || statement->is_opaque) {
        add_named(out, FRONTEND_CLOSE, TARGET_STATEMENT, text_of(""));
        return expect_change(statements, ANSWER_CLOSE, ANSWER_SWALLOW, text_of(""),
                             &(struct statement_change){.server_unnamed = server});
    }
    add_parse(out, text_of(""), text_of_bytes(statement->parse, statement->len));
    return expect_change(
        statements, ANSWER_PARSE, ANSWER_SWALLOW, text_of(""),
        &(struct statement_change){.server_unnamed = server, .statement = statement});
}

/* ---- Names of the client ---- */

static struct statement_slot *find_slot(const struct statements *statements, struct text name)
{
    return text_is_empty(name) ? &statements->client->unnamed
                               : client_statements_find(statements->client, name);
}

/* Whether the meaning of the name is open, or whether its statement is on the server. */
static bool must_wait(const struct statements *statements, struct text name)
{
    const struct statement_slot *slot = find_slot(statements, name);
    if (statements->deallocations > 0 ||
        (slot != NULL && statement_slot_must_wait(slot, statements->batch))) {
        return true;
    }
    if (text_is_empty(name)) {
        return statement_slot_must_wait(&statements->server->unnamed, statements->batch);
    }
    return slot != NULL && slot->now != NULL && must_wait_for(statements, slot->now);
}

/* A Parse of the unnamed statement replaces whatever is there. */
static bool must_wait_to_parse(const struct statements *statements, struct text name)
{
    return text_is_empty(name) ? statements->deallocations > 0 : must_wait(statements, name);
}

/*
 * The name on the server of what the client calls name, prepared there.  A name that the client has
 * not prepared is passed on, for the error of the server; but not if it looks like one of ours.
 */
static bool resolve(struct statements *statements, struct text name, struct buf *server_name,
                    struct statement **found, struct buf *out)
{
    const struct statement_slot *slot = find_slot(statements, name);
    struct statement *statement = slot == NULL ? NULL : slot->now;
    *found = statement;
    if (text_is_empty(name)) {
        return ensure_unnamed(statements, statement, out);
    }
    if (statement == NULL) {
        bool is_ours = statement_cache_owns_name(statements->cache, name);
        buf_add_string(server_name, is_ours ? "?" : "");
        buf_add_text(server_name, name);
        return true;
    }
    char ours[STATEMENT_SERVER_NAME_SIZE];
    statement_server_name(statement, ours);
    buf_add_string(server_name, ours);
    return ensure_prepared(statements, statement, out);
}

/* ---- Parse ---- */

static enum statements_result parse_unnamed(struct statements *statements,
                                            struct statement *statement, struct buf *out)
{
    add_parse(out, text_of(""), text_of_bytes(statement->parse, statement->len));
    bool is_fine =
        expect_change(statements, ANSWER_PARSE, ANSWER_PASS, text_of(""),
                      &(struct statement_change){.client_slot = &statements->client->unnamed,
                                                 .server_unnamed = &statements->server->unnamed,
                                                 .statement = statement});
    return result_of(is_fine, out);
}

static enum statements_result parse_named(struct statements *statements, struct text name,
                                          struct statement *statement, struct buf *out)
{
    if (must_wait_for(statements, statement)) {
        return wait_for_answers(statements, out);
    }
    struct statement_slot *slot = client_statements_add(statements->client, name);
    if (slot == NULL) {
        return refuse(statements, "54000",
                      "the proxy cannot keep another prepared statement of this client",
                      "Close prepared statements that are not used any more.", out);
    }
    struct server_statement *entry = prepared(statements, statement);
    if (entry == NULL) {
        return result_of(send_parse(statements, statement, slot, out), out);
    }
    server_statements_touch(statements->server, entry);
    bool is_fine = expect_change(
        statements, ANSWER_PARSE, ANSWER_MAKE, text_of_bytes(parse_complete, sizeof parse_complete),
        &(struct statement_change){.client_slot = slot, .statement = statement});
    return result_of(is_fine, out);
}

static enum statements_result refuse_duplicate(struct statements *statements, struct text name,
                                               struct buf *out)
{
    char message[CLIENT_STATEMENT_NAME_MAX + 64];
    (void)snprintf(message, sizeof message, "prepared statement \"%.*s\" already exists",
                   (int)name.len, name.data);
    return refuse(statements, "42P05", message, "", out);
}

enum statements_result statements_parse(struct statements *statements, struct text body,
                                        struct buf *out)
{
    struct reader reader;
    reader_init(&reader, body);
    struct text name = reader_cstring(&reader);
    struct text rest = reader_rest(&reader);
    if (!reader_ok(&reader) || !statement_body_is_valid(rest)) {
        return send_invalid(statements, ANSWER_PARSE, FRONTEND_PARSE, body, out);
    }
    if (must_wait_to_parse(statements, name)) {
        return wait_for_answers(statements, out);
    }
    const struct statement_slot *slot = find_slot(statements, name);
    bool is_taken = !text_is_empty(name) && slot != NULL && slot->now != NULL;
    if (is_taken && !statements->is_again) {
        return refuse_duplicate(statements, name, out);
    }
    struct statement *statement =
        statement_cache_get(statements->cache, rest, statements->settings, &statements->rules);
    if (statement == NULL) {
        return refuse(statements, "53200", "the proxy cannot keep another prepared statement",
                      "Close prepared statements that are not used any more.", out);
    }
    enum statements_result result = text_is_empty(name)
                                        ? parse_unnamed(statements, statement, out)
                                        : parse_named(statements, name, statement, out);
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
        return wait_for_answers(statements, out);
    }
    if (*is_refused) {
        return refuse(
            statements, "54000", "the text of a prepared statement exceeds 1 MiB",
            "Use the unnamed statement or a simple query, or --pool-mode session with --retries 0.",
            out);
    }
    struct statement *statement = statement_new_opaque(statements->cache);
    if (statement == NULL) {
        return STATEMENTS_FAILED;
    }
    add_header(out, FRONTEND_PARSE, body_size);
    bool is_fine =
        expect_change(statements, ANSWER_PARSE, ANSWER_PASS, text_of(""),
                      &(struct statement_change){.client_slot = &statements->client->unnamed,
                                                 .server_unnamed = &statements->server->unnamed,
                                                 .statement = statement});
    *opaque = is_fine ? statement : NULL; /* the change has a reference */
    statement_unref(statement);
    return result_of(is_fine, out);
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

enum statements_result statements_bind(struct statements *statements, struct text beginning,
                                       size_t body_size, struct buf *out, struct statement **bound)
{
    struct reader reader;
    reader_init(&reader, beginning);
    struct text portal = reader_cstring(&reader);
    struct text name = reader_cstring(&reader);
    *bound = NULL;
    if (!reader_ok(&reader)) {
        add_header(out, FRONTEND_BIND, body_size);
        buf_add_text(out, beginning);
        return result_of(expect(statements, ANSWER_BIND), out);
    }
    if (must_wait(statements, name)) {
        return wait_for_answers(statements, out);
    }
    struct buf server_name AUTO_BUF;
    buf_init(&server_name, CLIENT_STATEMENT_NAME_MAX + 1);
    bool is_fine = resolve(statements, name, &server_name, bound, out) && buf_ok(&server_name);
    add_header(out, FRONTEND_BIND, body_size - name.len + server_name.len);
    add_string(out, portal);
    add_string(out, buf_text(&server_name));
    buf_add_text(out, reader_rest(&reader));
    if (!client_statements_bind(statements->client, portal, *bound, statements->period)) {
        statements->is_unclear = true;
    }
    is_fine = is_fine && expect(statements, ANSWER_BIND);
    answers_number_last(statements->answers, *bound != NULL ? (*bound)->number : 0);
    return result_of(is_fine, out);
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
        return send_invalid(
            statements, which == TARGET_PORTAL ? ANSWER_DESCRIBE_PORTAL : ANSWER_DESCRIBE_STATEMENT,
            FRONTEND_DESCRIBE, body, out);
    }
    if (must_wait(statements, name)) {
        return wait_for_answers(statements, out);
    }
    struct buf server_name AUTO_BUF;
    buf_init(&server_name, CLIENT_STATEMENT_NAME_MAX + 1);
    struct statement *found = NULL;
    bool is_fine = resolve(statements, name, &server_name, &found, out) && buf_ok(&server_name);
    add_named(out, FRONTEND_DESCRIBE, TARGET_STATEMENT, buf_text(&server_name));
    return result_of(is_fine && expect(statements, ANSWER_DESCRIBE_STATEMENT), out);
}

/* The server keeps the statement: another client may use it, or this one again. */
static enum statements_result close_named(struct statements *statements, struct text name,
                                          struct buf *out)
{
    struct statement_slot *slot = find_slot(statements, name);
    struct text made = text_of_bytes(close_complete, sizeof close_complete);
    bool is_fine = expect_change(statements, ANSWER_CLOSE, ANSWER_MAKE, made,
                                 &(struct statement_change){.client_slot = slot});
    return result_of(is_fine, out);
}

enum statements_result statements_close(struct statements *statements, struct text body,
                                        struct buf *out)
{
    char which = 0;
    struct text name;
    bool is_valid = read_target(body, &which, &name);
    if (!is_valid || which == TARGET_PORTAL) {
        return send_invalid(statements, ANSWER_CLOSE, FRONTEND_CLOSE, body, out);
    }
    if (must_wait(statements, name)) {
        return wait_for_answers(statements, out);
    }
    if (!text_is_empty(name)) {
        return close_named(statements, name, out);
    }
    frame_write(out, FRONTEND_CLOSE, body);
    bool is_fine =
        expect_change(statements, ANSWER_CLOSE, ANSWER_PASS, text_of(""),
                      &(struct statement_change){.client_slot = &statements->client->unnamed,
                                                 .server_unnamed = &statements->server->unnamed});
    return result_of(is_fine, out);
}

static bool is_deallocation(const struct statement_effect *effects)
{
    for (; effects != NULL; effects = effects->next) {
        if (effects->kind == STATEMENT_DEALLOCATE_ALL || effects->kind == STATEMENT_DISCARD_ALL) {
            return true;
        }
    }
    return false;
}

enum statements_result statements_execute(struct statements *statements, struct text body,
                                          struct buf *out)
{
    struct reader reader;
    reader_init(&reader, body);
    struct text portal = reader_cstring(&reader);
    struct statement *statement =
        reader_ok(&reader) ? client_statements_portal(statements->client, portal) : NULL;
    frame_write(out, FRONTEND_EXECUTE, body);
    if (statement == NULL ||
        (statement->summary.effects == NULL && !statement->summary.is_unclear)) {
        return result_of(expect(statements, ANSWER_EXECUTE), out);
    }
    bool is_fine = expect_change(
        statements, ANSWER_EXECUTE, ANSWER_PASS, text_of(""),
        &(struct statement_change){.executed = statement,
                                   .effects = statement->summary.effects,
                                   .is_unclear = statement->summary.is_unclear,
                                   .is_deallocation = is_deallocation(statement->summary.effects)});
    return result_of(is_fine, out);
}

/* The answer, and what is bound from now on, belong to another period than what was sent before. */
static void begin_period(struct statements *statements)
{
    statements->period++;
    answers_number_last(statements->answers, statements->period);
}

enum statements_result statements_sync(struct statements *statements, struct buf *out)
{
    add_header(out, FRONTEND_SYNC, 0);
    bool is_fine = expect(statements, ANSWER_SYNC);
    begin_period(statements);
    statements->batch++;
    return result_of(is_fine, out);
}

/* ---- Query ---- */

static bool is_unnamed_used(const struct statement_slot *slot)
{
    return slot->now != NULL || slot->confirmed != NULL || slot->under_way > 0;
}

/* The server drops the unnamed statement when it gets a Query. */
enum statements_result statements_query(struct statements *statements,
                                        struct statement_summary *summary)
{
    struct statement_change change = {.own_effects = summary->effects,
                                      .effects = summary->effects,
                                      .is_unclear = summary->is_unclear,
                                      .is_deallocation = is_deallocation(summary->effects)};
    if (is_unnamed_used(&statements->client->unnamed)) {
        change.client_slot = &statements->client->unnamed;
    }
    if (is_unnamed_used(&statements->server->unnamed)) {
        change.server_unnamed = &statements->server->unnamed;
    }
    bool matters = summary->effects != NULL || summary->is_unclear || change.client_slot != NULL ||
                   change.server_unnamed != NULL;
    bool is_fine = matters
                       ? expect_change(statements, ANSWER_QUERY, ANSWER_PASS, text_of(""), &change)
                       : expect(statements, ANSWER_QUERY);
    if (!is_fine) {
        statement_effects_free(summary->effects);
    }
    summary->effects = NULL;
    begin_period(statements);
    return is_fine ? STATEMENTS_SENT : STATEMENTS_FAILED;
}

enum statements_result statements_function_call(struct statements *statements)
{
    bool is_fine = expect(statements, ANSWER_FUNCTION_CALL);
    begin_period(statements);
    return is_fine ? STATEMENTS_SENT : STATEMENTS_FAILED;
}

bool statements_client_has(const struct statements *statements, const char *name)
{
    const struct statement_slot *slot = client_statements_find(statements->client, text_of(name));
    return slot != NULL && slot->now != NULL;
}

enum statements_result statements_deallocate(struct statements *statements, const char *name,
                                             struct text answer)
{
    struct statement_slot *slot = client_statements_find(statements->client, text_of(name));
    bool is_fine = expect_change(statements, ANSWER_LOCAL, ANSWER_MAKE, answer,
                                 &(struct statement_change){.client_slot = slot});
    return is_fine ? STATEMENTS_SENT : STATEMENTS_FAILED;
}

static struct statement_change *head_change(const struct statements *statements)
{
    const struct answer *head = answers_head(statements->answers);
    return head == NULL ? NULL : head->subject;
}

const struct statement_effect *statements_completed(struct statements *statements, struct text tag,
                                                    bool *is_first)
{
    struct statement_change *change = head_change(statements);
    const struct statement_effect *effect = change == NULL ? NULL : change->effects;
    bool is_next =
        effect != NULL && (*is_first ? statement_kind_has_tag(effect->kind, tag) : effect->is_part);
    *is_first = false;
    if (!is_next) {
        return NULL;
    }
    change->effects = effect->next;
    if (effect->kind == STATEMENT_DEALLOCATE_ALL || effect->kind == STATEMENT_DISCARD_ALL) {
        client_statements_forget(statements->client);
        server_statements_forget(statements->server);
    }
    return effect;
}

/*
 * "cached plan must not change result type": the statement cannot be used on any connection on
 * which it was prepared before the change.
 */
void statements_error(struct statements *statements, struct text sqlstate)
{
    const struct answer *head = answers_head(statements->answers);
    if (head == NULL || head->kind != ANSWER_BIND || !text_equal_string(sqlstate, "0A000")) {
        return;
    }
    struct server_statement *entry =
        server_statements_find_number(statements->server, head->number);
    if (entry != NULL) {
        statement_retire(entry->statement);
    }
}

void statements_ready(struct statements *statements, char status, uint64_t period)
{
    if (status == STATUS_IDLE) {
        client_statements_end_portals(statements->client, period);
    }
    if (statements->has_freed) {
        client_statements_tidy(statements->client);
        statements->has_freed = false;
    }
}
