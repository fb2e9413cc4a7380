/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_target.h"

#include "proxy/preparation.h"

enum { NAME_MAX_BYTES = 65536 }; /* of a name that is passed on */

struct statement_slot *statement_target_slot(const struct statements *statements, struct text name)
{
    return text_is_empty(name) ? &statements->client->unnamed
                               : client_statements_find(statements->client, name);
}

bool statement_target_must_wait(const struct statements *statements, struct text name)
{
    const struct statement_slot *slot = statement_target_slot(statements, name);
    if (statements->name_changes > 0 ||
        (slot != NULL && statement_slot_must_wait(slot, statements->batch))) {
        return true;
    }
    if (text_is_empty(name)) {
        return statement_slot_must_wait(&statements->server->unnamed, statements->batch);
    }
    return slot != NULL && slot->now != NULL && preparation_must_wait(statements, slot->now);
}

void statement_target_clear(struct statement_target *target)
{
    statement_translation_clear(&target->translation);
    buf_clear(&target->name);
}

bool statement_target_must_wait_for_sql(const struct statements *statements,
                                        const struct statement_translation *translation)
{
    const struct statement_slot *slot =
        client_statements_find(statements->client, text_of(translation->name));
    return (slot != NULL && statement_slot_must_wait(slot, statements->batch)) ||
           (translation->named != NULL && preparation_must_wait(statements, translation->named));
}

bool statement_target_translate(const struct statements *statements, struct statement *statement,
                                struct statement_translation *out)
{
    *out = (struct statement_translation){.server = NULL};
    if (statement == NULL || statement->is_opaque) {
        out->server = statement_ref(statement);
        return true;
    }
    return statement_translate(statements->client, statement, &statements->rules, out);
}

/* Prepares it on the server under the name that the server gets. */
static bool prepare_target(struct statements *statements, struct text name,
                           struct statement_target *target, struct buf *out)
{
    struct statement *server = target->translation.server;
    if (target->translation.named != NULL &&
        !preparation_ensure(statements, target->translation.named, out)) {
        return false;
    }
    if (text_is_empty(name)) {
        return preparation_ensure_unnamed(statements, server, out);
    }
    if (server == NULL) {
        bool is_ours = statement_cache_owns_name(statements->cache, name);
        buf_add_string(&target->name, is_ours ? "?" : "");
        buf_add_text(&target->name, name);
        return true;
    }
    buf_add_string(&target->name, server->name);
    return preparation_ensure(statements, server, out);
}

enum statements_result statement_target_resolve(struct statements *statements, struct text name,
                                                struct statement_target *target, struct buf *out)
{
    const struct statement_slot *slot = statement_target_slot(statements, name);
    *target = (struct statement_target){.statement = slot == NULL ? NULL : slot->now};
    buf_init(&target->name, NAME_MAX_BYTES);
    if (!statement_target_translate(statements, target->statement, &target->translation)) {
        return STATEMENTS_FAILED;
    }
    const struct statement *server = target->translation.server;
    if (statement_target_must_wait_for_sql(statements, &target->translation) ||
        (!text_is_empty(name) && server != NULL && preparation_must_wait(statements, server))) {
        return statements_wait(statements, out);
    }
    bool is_fine = prepare_target(statements, name, target, out);
    return is_fine && buf_ok(&target->name) ? STATEMENTS_SENT : STATEMENTS_FAILED;
}
