/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/preparation.h"

#include "wire/backend.h"
#include "wire/frontend.h"

/* Closes the least recently used one if there are too many. */
static bool make_room(struct statements *statements, struct buf *out)
{
    struct server_statement *victim =
        server_statements_victim(statements->server, statements->batch);
    if (victim == NULL) {
        return true;
    }
    frontend_add_target(out, FRONTEND_CLOSE, TARGET_STATEMENT, text_of(victim->statement->name));
    return statements_expect_change(statements, ANSWER_CLOSE, ANSWER_SWALLOW, text_of(""),
                                    &(struct statement_change){.server_entry = victim});
}

bool preparation_must_wait(const struct statements *statements, const struct statement *statement)
{
    const struct server_statement *entry = server_statements_find(statements->server, statement);
    return entry != NULL && statement_slot_must_wait(&entry->slot, statements->batch);
}

struct server_statement *preparation_find(const struct statements *statements,
                                          const struct statement *statement)
{
    struct server_statement *entry = server_statements_find(statements->server, statement);
    return entry != NULL && entry->slot.now != NULL ? entry : NULL;
}

bool preparation_send(struct statements *statements, struct statement *statement,
                      struct statement_slot *client_slot, struct statement *client_statement,
                      struct buf *out)
{
    if (!make_room(statements, out)) {
        return false;
    }
    struct server_statement *entry = server_statements_add(statements->server, statement);
    if (entry == NULL) {
        return false;
    }
    frontend_add_parse(out, text_of(statement->name),
                       text_of_bytes(statement->parse, statement->len));
    server_statements_touch(statements->server, entry);
    return statements_expect_change(statements, ANSWER_PARSE,
                                    client_slot != NULL ? ANSWER_PASS : ANSWER_SWALLOW, text_of(""),
                                    &(struct statement_change){.client_slot = client_slot,
                                                               .client_statement = client_statement,
                                                               .server_entry = entry,
                                                               .statement = statement});
}

bool preparation_ensure(struct statements *statements, struct statement *statement, struct buf *out)
{
    struct server_statement *entry = preparation_find(statements, statement);
    if (entry == NULL) {
        return preparation_send(statements, statement, NULL, NULL, out);
    }
    server_statements_touch(statements->server, entry);
    return true;
}

bool preparation_ensure_unnamed(struct statements *statements, struct statement *statement,
                                struct buf *out)
{
    struct statement_slot *server = &statements->server->unnamed;
    if (server->now == statement) {
        return true;
    }
    if (statement == NULL || statement->is_opaque) {
        frontend_add_target(out, FRONTEND_CLOSE, TARGET_STATEMENT, text_of(""));
        return statements_expect_change(statements, ANSWER_CLOSE, ANSWER_SWALLOW, text_of(""),
                                        &(struct statement_change){.server_unnamed = server});
    }
    frontend_add_parse(out, text_of(""), text_of_bytes(statement->parse, statement->len));
    return statements_expect_change(
        statements, ANSWER_PARSE, ANSWER_SWALLOW, text_of(""),
        &(struct statement_change){.server_unnamed = server, .statement = statement});
}
