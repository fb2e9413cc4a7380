/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_changes.h"

#include "base/memory.h"
#include "wire/backend.h"

static void free_change(struct statement_change *change)
{
    statement_unref(change->statement);
    statement_unref(change->client_statement);
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
        settle_unnamed(change->client_slot, change->client_statement, outcome);
    } else if (change->client_slot != NULL) {
        statement_slot_settle(change->client_slot, change->client_statement, is_done);
        statements->has_freed |= statement_slot_is_free(change->client_slot);
    }
    if (change->server_unnamed != NULL) {
        settle_unnamed(change->server_unnamed, change->statement, outcome);
    }
    if (change->server_entry != NULL) {
        server_statements_settle(statements->server, change->server_entry,
                                 change->statement != NULL, is_done);
    }
    statements->name_changes -= change->changes_names ? 1 : 0;
    statements->setting_changes -= change->changes_settings ? 1 : 0;
    free_change(change);
}

bool statements_expect_change(struct statements *statements, enum answer_kind kind,
                              enum answer_action action, struct text made,
                              const struct statement_change *wanted)
{
    struct statement_change *change = mem_new(sizeof *change);
    if (change == NULL) {
        return false;
    }
    *change = *wanted;
    change->statement = statement_ref(wanted->statement);
    change->client_statement = statement_ref(wanted->client_statement);
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
        statement_slot_change(change->client_slot, change->client_statement, statements->batch);
    }
    if (change->server_unnamed != NULL) {
        statement_slot_change(change->server_unnamed, change->statement, statements->batch);
    }
    if (change->server_entry != NULL) {
        server_statements_change(statements->server, change->server_entry,
                                 change->statement != NULL, statements->batch);
    }
    statements->name_changes += change->changes_names ? 1 : 0;
    statements->setting_changes += change->changes_settings ? 1 : 0;
    statements->has_changed_settings |= change->changes_settings;
    statements->are_settings_unknown |= change->changes_settings;
    return true;
}

/* ---- Answers ---- */

static struct statement_change *head_change(const struct statements *statements)
{
    const struct answer *head = answers_head(statements->answers);
    return head == NULL ? NULL : head->subject;
}

/* DEALLOCATE of a name of the client: the text had that of a decoy. */
static void forget_name(struct statements *statements, const char *name)
{
    struct statement_slot *slot = client_statements_find(statements->client, text_of(name));
    if (slot != NULL) {
        statement_slot_empty(slot);
        statements->has_freed = true;
    }
}

static void follow_names(struct statements *statements, const struct statement_effect *effect)
{
    switch (effect->kind) {
    case STATEMENT_DEALLOCATE_ALL:
    case STATEMENT_DISCARD_ALL:
        client_statements_forget(statements->client);
        server_statements_forget(statements->server);
        break;
    case STATEMENT_DEALLOCATE:
        forget_name(statements, effect->name);
        break;
    case STATEMENT_PREPARE:
        statements->client->has_sql_names = true;
        break;
    default:
        break;
    }
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
    follow_names(statements, effect);
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
    statements->settled = period;
    statements->are_settings_unknown = statements->setting_changes > 0;
    if (status == STATUS_IDLE) {
        client_statements_end_portals(statements->client, period);
        statements->has_changed_settings = statements->setting_changes > 0;
    }
    if (statements->has_freed) {
        client_statements_tidy(statements->client);
        statements->has_freed = false;
    }
}
