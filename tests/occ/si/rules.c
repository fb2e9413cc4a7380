/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a history must keep to, beyond what each transaction has seen (replay.c).
 *
 * Two transactions are concurrent if neither sees the other.  Writers of one row that
 * are not concurrent are ordered by their xids: one that sees another took its xid
 * after that, since a transaction has a snapshot before it has an xid.
 */
#include "judge.h"

#include <inttypes.h>
#include <stdlib.h>

static bool conflicts(enum strength a, enum strength b)
{
    if (a == NOTHING || b == NOTHING) {
        return false;
    }
    return a == STRONG || b == STRONG || (a == WEAK && b == WEAK);
}

/* The order of a history while it is judged. */
static int by_xid(const void *a, const void *b)
{
    int64_t left = ((const struct transaction *)a)->xid;
    int64_t right = ((const struct transaction *)b)->xid;
    return left < right ? -1 : left > right;
}

static const struct transaction *find_xid(const struct history *history, int64_t xid)
{
    struct transaction key = {.xid = xid};
    return bsearch(&key, history->transactions, history->count, sizeof key, by_xid);
}

/* ---- Of two that conflict at most one commits ---- */

/* A key of one row: the row itself is judged. */
static bool is_one_row(const struct touch *a, const struct touch *b)
{
    return a->holder != NULL && a->holder == b->holder;
}

static const char *kind_of(const struct object *object, const struct touch *a,
                           const struct touch *b)
{
    if (object->key != ROW_ITSELF || (!a->was_there && !b->was_there)) {
        return "duplicate";
    }
    if (a->is_foreign || b->is_foreign) {
        return "orphan";
    }
    return a->has_written && b->has_written ? "lost" : "lock";
}

/* Of those before it in order of xid, one that is not seen is concurrent. */
static void judge_committed(struct judge *judge, const struct object *object,
                            const struct transaction *transaction)
{
    const struct touch *mine = &object->mine;
    for (size_t i = object->committed.count; i > 0; i--) {
        const struct touch *other = &object->committed.list[i - 1];
        if (other->by->xid < transaction->xmin) {
            return;
        }
        if (conflicts(mine->strength, other->strength) && !is_one_row(mine, other) &&
            !transaction_sees(transaction, other->by->xid)) {
            judge_report(judge, kind_of(object, mine, other), transaction,
                         "committed, and so did xid %" PRId64 ", concurrently, on %s %s %" PRId64,
                         other->by->xid, object->table->name,
                         object->key == ROW_ITSELF ? "row" : "key", object->id);
        }
    }
}

/* ---- A transaction that lost has lost to somebody ---- */

static bool is_concurrent(const struct transaction *transaction, const struct transaction *other)
{
    return other != transaction && other->start_us <= transaction->end_us &&
           !transaction_sees(transaction, other->xid);
}

static bool lost_to_committed(const struct object *object, const struct transaction *transaction)
{
    for (size_t i = object->committed.count; i > 0; i--) {
        const struct touch *other = &object->committed.list[i - 1];
        if (other->by->xid < transaction->xmin) {
            return false;
        }
        if (conflicts(object->mine.allowed, other->allowed) &&
            is_concurrent(transaction, other->by)) {
            return true;
        }
    }
    return false;
}

/* To one that vanished with the server, or (which is wrong) to one that lost, too. */
static bool lost_to_failed(const struct object *object, const struct transaction *transaction,
                           enum outcome outcome)
{
    for (size_t i = 0; i < object->failed.count; i++) {
        const struct touch *other = &object->failed.list[i];
        if (other->by->outcome == outcome && conflicts(object->mine.allowed, other->allowed) &&
            is_concurrent(transaction, other->by)) {
            return true;
        }
    }
    return false;
}

/* The transaction has just been replayed. */
static bool has_winner(struct judge *judge, const struct transaction *transaction)
{
    const struct objects *touched = &judge->state.touched;
    for (size_t i = 0; i < touched->count; i++) {
        if (lost_to_committed(touched->list[i], transaction) ||
            lost_to_failed(touched->list[i], transaction, VANISHED)) {
            return true;
        }
    }
    return false;
}

static bool has_fellow(struct judge *judge, const struct transaction *transaction)
{
    const struct objects *touched = &judge->state.touched;
    for (size_t i = 0; i < touched->count; i++) {
        if (lost_to_failed(touched->list[i], transaction, CONFLICT)) {
            return true;
        }
    }
    return false;
}

static bool may_be_winner(const struct transaction *transaction, const struct transaction *other)
{
    return (other->outcome == COMMITTED || other->outcome == VANISHED) && other->xid != 0 &&
           is_concurrent(transaction, other);
}

/* Of those that its snapshot has as running, is one not of this history (ANALYZE)? */
static bool has_stranger(const struct history *history, const struct transaction *transaction)
{
    for (size_t i = 0; i < transaction->in_progress_count; i++) {
        if (find_xid(history, transaction->in_progress[i]) == NULL) {
            return true;
        }
    }
    return false;
}

/*
 * An evicted intent concerns a transaction that was at work together with its publisher,
 * most likely one with an xid nearby.  Anything that has committed counts as one.
 */
static bool may_be_forgotten(const struct history *history, const struct transaction *transaction)
{
    if (!history->is_tiny) {
        return false;
    }
    if (has_stranger(history, transaction)) {
        return true;
    }
    size_t place = (size_t)(transaction - history->transactions);
    for (size_t distance = 1; distance < history->count; distance++) {
        if ((place >= distance && may_be_winner(transaction, transaction - distance)) ||
            (place + distance < history->count &&
             may_be_winner(transaction, transaction + distance))) {
            return true;
        }
    }
    return false;
}

static void judge_conflict(struct judge *judge, const struct transaction *transaction)
{
    judge->is_silent = true; /* it has been replayed before */
    replay(judge, transaction);
    judge->is_silent = false;
    if (has_winner(judge, transaction)) {
        return;
    }
    if (has_fellow(judge, transaction)) {
        judge_report(judge, "livelock", transaction, "OC000, and all that conflict have lost, too");
    } else {
        judge_report(judge, "spurious", transaction,
                     "OC000, and nobody who conflicts has committed");
    }
}

/* ---- OC001 ---- */

static bool has_changed(const struct history *history, int64_t from_us, int64_t to_us)
{
    for (size_t i = 0; i < history->change_count; i++) {
        if (history->changes[i].end_us >= from_us && history->changes[i].start_us <= to_us) {
            return true;
        }
    }
    return false;
}

/* The session knew nothing after its last OC001: definitions must have changed since. */
static void judge_stale(struct judge *judge, const struct transaction *transaction)
{
    const struct history *history = judge->history;
    int64_t from_us = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct transaction *other = &history->transactions[i];
        if (other->client == transaction->client && other->outcome == STALE &&
            other->number < transaction->number && other->start_us > from_us) {
            from_us = other->start_us;
        }
    }
    if (!has_changed(history, from_us, transaction->end_us)) {
        judge_report(judge, "spurious", transaction, "OC001, and no definition has changed");
    }
}

/* ---- What was acknowledged is seen ---- */

static int by_end(const void *a, const void *b)
{
    int64_t left = (*(const struct transaction *const *)a)->end_us;
    int64_t right = (*(const struct transaction *const *)b)->end_us;
    return left < right ? -1 : left > right;
}

/* The committed transactions with an xid, in order of their end. */
struct acknowledged {
    const struct transaction **list;
    int64_t *largest; /* the largest xid up to each of them */
    size_t count;
};

static struct acknowledged list_acknowledged(const struct history *history)
{
    struct acknowledged known = {0};
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    known.list = calloc(history->count, sizeof *known.list);
    known.largest = calloc(history->count, sizeof *known.largest);
    if (known.list == NULL || known.largest == NULL) {
        not_a_history("out of memory");
    }
    for (size_t i = 0; i < history->count; i++) {
        if (history->transactions[i].outcome == COMMITTED && history->transactions[i].xid != 0) {
            known.list[known.count++] = &history->transactions[i];
        }
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): as above */
    qsort(known.list, known.count, sizeof *known.list, by_end);
    for (size_t i = 0; i < known.count; i++) {
        int64_t before = i == 0 ? 0 : known.largest[i - 1];
        known.largest[i] = known.list[i]->xid > before ? known.list[i]->xid : before;
    }
    return known;
}

static int64_t largest_before(const struct acknowledged *known, int64_t time_us)
{
    size_t low = 0;
    size_t high = known->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (known->list[middle]->end_us < time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? 0 : known->largest[low - 1];
}

static void judge_acknowledged(struct judge *judge, const struct history *history)
{
    struct acknowledged known = list_acknowledged(history);
    for (size_t i = 0; i < history->count; i++) {
        const struct transaction *transaction = &history->transactions[i];
        int64_t must_see = largest_before(&known, transaction->begin_us);
        if (must_see >= transaction->xmax) {
            judge_report(judge, "stale", transaction, "does not see xid %" PRId64, must_see);
        }
        for (size_t j = 0; j < transaction->in_progress_count; j++) {
            const struct transaction *other = find_xid(history, transaction->in_progress[j]);
            if (other != NULL && other->outcome == COMMITTED &&
                other->end_us < transaction->begin_us) {
                judge_report(judge, "stale", transaction, "does not see xid %" PRId64, other->xid);
            }
        }
    }
    free(known.list);
    free(known.largest);
}

/* ---- All ---- */

static bool is_writer(const struct transaction *transaction)
{
    return transaction->outcome == COMMITTED && transaction->xid != 0;
}

static void play_committed(struct judge *judge, const struct transaction *transaction)
{
    replay(judge, transaction);
    for (size_t i = 0; i < judge->state.touched.count; i++) {
        judge_committed(judge, judge->state.touched.list[i], transaction);
    }
    state_keep(&judge->state);
}

/* Those that left nothing. */
static void play_other(struct judge *judge, const struct transaction *transaction)
{
    replay(judge, transaction);
    if (transaction->xid != 0 &&
        (transaction->outcome == CONFLICT || transaction->outcome == VANISHED)) {
        state_keep(&judge->state);
    }
}

static void each(struct judge *judge, const struct history *history,
                 bool (*is_chosen)(const struct transaction *),
                 void (*visit)(struct judge *, const struct transaction *))
{
    for (size_t i = 0; i < history->count; i++) {
        if (is_chosen(&history->transactions[i])) {
            visit(judge, &history->transactions[i]);
        }
    }
}

static bool is_load(const struct transaction *transaction)
{
    return transaction->outcome == LOAD;
}

static bool is_other(const struct transaction *transaction)
{
    return !is_writer(transaction) && !is_load(transaction);
}

static bool has_failed(const struct transaction *transaction)
{
    return transaction->outcome == CONFLICT || transaction->outcome == FORGOTTEN ||
           transaction->outcome == STALE;
}

static void judge_failure(struct judge *judge, const struct transaction *transaction)
{
    if (transaction->outcome == STALE) {
        judge_stale(judge, transaction);
    } else if (transaction->outcome == CONFLICT) {
        judge_conflict(judge, transaction);
    } else if (!may_be_forgotten(judge->history, transaction)) {
        judge_report(judge, "spurious", transaction,
                     "OC000 because of a forgotten lock, and there was room");
    }
}

void rules_judge(struct judge *judge, struct history *history)
{
    judge->history = history;
    qsort(history->transactions, history->count, sizeof *history->transactions, by_xid);
    each(judge, history, is_load, play_committed);
    each(judge, history, is_writer, play_committed);
    each(judge, history, is_other, play_other);
    each(judge, history, has_failed, judge_failure);
    judge_acknowledged(judge, history);
}
