/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_slot.h"

bool statement_slot_must_wait(const struct statement_slot *slot, uint64_t batch)
{
    return slot->under_way > 0 && slot->batch != batch;
}

/* References are taken before the old one is given back, as both may be the same. */
static void put(struct statement **place, struct statement *statement)
{
    struct statement *old = *place;
    *place = statement_ref(statement);
    statement_unref(old);
}

void statement_slot_change(struct statement_slot *slot, struct statement *statement, uint64_t batch)
{
    put(&slot->now, statement);
    slot->under_way++;
    slot->batch = batch;
}

/* When nothing is under way any more, what did not succeed is forgotten. */
void statement_slot_settle(struct statement_slot *slot, struct statement *statement, bool is_done)
{
    if (is_done) {
        put(&slot->confirmed, statement);
    }
    slot->under_way--;
    if (slot->under_way == 0) {
        put(&slot->now, slot->confirmed);
    }
}

bool statement_slot_is_free(const struct statement_slot *slot)
{
    return slot->under_way == 0 && slot->now == NULL;
}

void statement_slot_empty(struct statement_slot *slot)
{
    put(&slot->now, NULL);
    put(&slot->confirmed, NULL);
}
