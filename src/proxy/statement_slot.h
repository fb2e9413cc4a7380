/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A place that can hold a prepared statement, on either side: a name of a client, or a statement of
 * a server connection.  Messages that change it are under way for a while.  They are all of one
 * batch, so what follows them in the batch can rely on their success: after an error the server
 * skips it too.  What follows in a later batch cannot, and must wait until the earlier one is
 * answered.
 */
#ifndef DSQL_PROXY_STATEMENT_SLOT_H
#define DSQL_PROXY_STATEMENT_SLOT_H

#include "proxy/statement_cache.h"

/** All zero: empty.  Holds references. */
struct statement_slot {
    struct statement *now;       /* if everything under way succeeds; NULL: empty */
    struct statement *confirmed; /* by the server's answers so far */
    unsigned under_way;
    uint64_t batch; /* of what is under way */
};

/** Whether what it holds cannot be known yet in this batch. */
bool statement_slot_must_wait(const struct statement_slot *slot, uint64_t batch);

/** A message is sent that puts this statement (NULL: none) there. */
void statement_slot_change(struct statement_slot *slot, struct statement *statement,
                           uint64_t batch);
/** Its answer: is_done: success. */
void statement_slot_settle(struct statement_slot *slot, struct statement *statement, bool is_done);

/** Nothing is there, and nothing is under way. */
bool statement_slot_is_free(const struct statement_slot *slot);

/** Empties it; what is under way can still be settled. */
void statement_slot_empty(struct statement_slot *slot);

#endif
