/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <stdlib.h>

const struct transaction state_loader = {.xid = -1, .outcome = LOAD};

static void add(struct objects *objects, struct object *object)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    objects->list = grown(objects->list, objects->count, &objects->capacity, sizeof object);
    objects->list[objects->count++] = object;
}

static struct object *find(struct state *state, const struct table *table, int key, int64_t id)
{
    uint64_t hash = ((uint64_t)id * 7 + (uint64_t)table->id * 5 + (uint64_t)(key + 1)) *
                    UINT64_C(0x9e3779b97f4a7c15);
    struct object **bucket = &state->buckets[hash >> 48];
    for (struct object *object = *bucket; object != NULL; object = object->next) {
        if (object->id == id && object->table == table && object->key == key) {
            return object;
        }
    }
    struct object *object = calloc(1, sizeof *object);
    if (object == NULL) {
        not_a_history("out of memory");
    }
    *object = (struct object){.table = table, .key = key, .id = id, .next = *bucket};
    *bucket = object;
    if (key == ROW_ITSELF) {
        add(&state->rows[table->id], object);
    }
    return object;
}

struct object *state_row(struct state *state, const struct table *table, int64_t identity)
{
    return find(state, table, ROW_ITSELF, identity);
}

struct object *state_key(struct state *state, const struct table *table, int key, int64_t value)
{
    return find(state, table, key, value);
}

void state_begin(struct state *state, const struct transaction *by)
{
    state->by = by;
    state->replay++;
    state->touched.count = 0;
}

/* The version with the largest xid among those that the snapshot shows. */
static struct row in_snapshot(const struct object *object, const struct transaction *by)
{
    for (size_t i = object->committed.count; i > 0; i--) {
        const struct touch *touch = &object->committed.list[i - 1];
        if (touch->has_written && transaction_sees(by, touch->by->xid)) {
            return touch->row;
        }
    }
    return (struct row){.is_there = false};
}

static void enter(struct state *state, struct object *object)
{
    if (object->replayed == state->replay) {
        return;
    }
    object->replayed = state->replay;
    object->now = in_snapshot(object, state->by);
    object->mine = (struct touch){.by = state->by, .was_there = object->now.is_there};
}

struct row *state_now(struct state *state, struct object *row)
{
    enter(state, row);
    return &row->now;
}

struct object *state_holder(struct state *state, const struct table *table, int key, int64_t value)
{
    const struct objects *members = &state_key(state, table, key, value)->members;
    for (size_t i = 0; i < members->count; i++) {
        const struct row *now = state_now(state, members->list[i]);
        if (now->is_there && table_key_value(&table->unique[key], now) == value) {
            return members->list[i];
        }
    }
    return NULL;
}

void state_allow(struct state *state, struct object *object, enum strength strength)
{
    enter(state, object);
    if (object->mine.allowed == NOTHING && strength != NOTHING) {
        add(&state->touched, object);
    }
    if (object->mine.allowed < strength) {
        object->mine.allowed = strength;
    }
}

void state_touch(struct state *state, struct object *object, enum strength strength)
{
    state_allow(state, object, strength);
    object->mine.is_foreign = false;
    if (object->mine.strength < strength) {
        object->mine.strength = strength;
    }
}

void state_touch_parent(struct state *state, struct object *object)
{
    enter(state, object);
    bool is_foreign = object->mine.strength == NOTHING || object->mine.is_foreign;
    state_touch(state, object, KEY_SHARE);
    object->mine.is_foreign = is_foreign;
}

static bool is_member(const struct objects *members, const struct object *row)
{
    for (size_t i = 0; i < members->count; i++) {
        if (members->list[i] == row) {
            return true;
        }
    }
    return false;
}

static void take_keys(struct state *state, struct object *row)
{
    const struct table *table = row->table;
    for (int key = 0; key < table->unique_count; key++) {
        int64_t value = table_key_value(&table->unique[key], &row->now);
        if (value == NULL_VALUE) {
            continue;
        }
        struct object *object = state_key(state, table, key, value);
        state_allow(state, object, STRONG);
        if (!is_member(&object->members, row)) {
            add(&object->members, row);
        }
    }
}

void state_put(struct state *state, struct object *row, const struct row *version,
               enum strength strength)
{
    state_touch(state, row, strength);
    row->now = *version;
    row->mine.has_written = true;
    take_keys(state, row);
}

void state_remove(struct state *state, struct object *row)
{
    state_touch(state, row, STRONG);
    row->now.is_there = false;
    row->mine.has_written = true;
}

static void finish_row(struct state *state, struct object *row)
{
    const struct table *table = row->table;
    row->mine.row = row->now;
    if (!row->now.is_there) {
        if (!row->mine.was_there) {
            row->mine.strength = NOTHING;
        }
        return;
    }
    for (int key = 0; key < table->unique_count; key++) {
        int64_t value = table_key_value(&table->unique[key], &row->now);
        if (value != NULL_VALUE) {
            struct object *object = state_key(state, table, key, value);
            state_touch(state, object, STRONG);
            object->mine.holder = row;
        }
    }
}

void state_finish(struct state *state)
{
    for (size_t i = 0; i < state->touched.count; i++) {
        struct object *object = state->touched.list[i];
        if (object->key == ROW_ITSELF && object->mine.has_written) {
            finish_row(state, object);
        }
    }
}

void state_keep(struct state *state)
{
    enum outcome outcome = state->by->outcome;
    for (size_t i = 0; i < state->touched.count; i++) {
        struct object *object = state->touched.list[i];
        struct touches *touches =
            outcome == COMMITTED || outcome == LOAD ? &object->committed : &object->failed;
        touches->list =
            grown(touches->list, touches->count, &touches->capacity, sizeof(struct touch));
        touches->list[touches->count++] = object->mine;
        if (outcome == LOAD) {
            touches->list[touches->count - 1].by = &state_loader;
        }
    }
}
