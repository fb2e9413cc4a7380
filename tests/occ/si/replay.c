/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One transaction again, statement by statement, on what its snapshot shows.  Constraints
 * and the actions of foreign keys are applied as PostgreSQL does it.
 */
#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_TEXT = 160 };

/* Why a statement must fail. */
struct expected {
    bool is_duplicate;
    bool is_foreign;
};

/* ---- Reads ---- */

static bool matches(const struct operation *operation, const struct row *row)
{
    return row->is_there && (operation->kind == READ || operation->kind == RUNS ||
                             row->value[operation->column] == operation->value);
}

static void expect_row(struct judge *judge, const struct operation *operation,
                       struct object *object, const struct row *seen)
{
    const struct table *table = object->table;
    const struct row *must = state_now(&judge->state, object);
    char left[ROW_TEXT];
    char right[ROW_TEXT];
    judge->reads++;
    if (!row_is_same(table, must, seen) || (seen->is_there && !matches(operation, seen))) {
        judge_report(judge, "read", judge->state.by, "of %s %" PRId64 " it saw %s, and there is %s",
                     table->name, object->id, row_print(table, seen, left, sizeof left),
                     row_print(table, must, right, sizeof right));
    }
}

/* Keys that are there twice. */
static void check_keys(struct judge *judge, const struct table *table, const struct row *row)
{
    for (int key = 0; key < table->unique_count; key++) {
        int64_t value = table_key_value(&table->unique[key], row);
        if (value == NULL_VALUE) {
            continue;
        }
        struct object *object = state_key(&judge->state, table, key, value);
        if (object->read == judge->read) {
            judge_report(judge, "duplicate", judge->state.by, "%s has two rows with key %d of %d",
                         table->name, (int)value, key);
        }
        object->read = judge->read;
    }
}

static struct object *parent_of(struct state *state, const struct foreign_key *foreign,
                                int64_t value)
{
    const struct table *parent = &tables[foreign->parent];
    if (foreign->referenced_column != parent->identity) {
        return state_holder(state, parent, 0, value);
    }
    struct object *object = state_row(state, parent, value);
    return state_now(state, object)->is_there ? object : NULL;
}

static void check_parents(struct judge *judge, const struct table *table, const struct row *row)
{
    for (int i = 0; i < table->foreign_count; i++) {
        int64_t value = row->value[table->foreign[i].column];
        if (value != NULL_VALUE && parent_of(&judge->state, &table->foreign[i], value) == NULL) {
            judge_report(judge, "orphan", judge->state.by,
                         "%s %" PRId64 " has no %s %" PRId64 " any more", table->name,
                         row->value[0], tables[table->foreign[i].parent].name, value);
        }
    }
}

static void note_seen(struct judge *judge, const struct operation *operation, const struct row *row)
{
    const struct table *table = operation->table;
    struct object *object = state_row(&judge->state, table, row->value[table->identity]);
    if (object->read == judge->read) {
        judge_report(judge, "read", judge->state.by, "%s %" PRId64 " was there twice", table->name,
                     object->id);
    }
    object->read = judge->read;
    expect_row(judge, operation, object, row);
    if (operation->kind == READ) {
        check_keys(judge, table, row);
        check_parents(judge, table, row);
    }
}

static void see_rows(struct judge *judge, const struct operation *operation)
{
    char *copy = strdup(operation->text);
    char *rest = NULL;
    for (char *text = strtok_r(copy, " \n", &rest); text != NULL && strcmp(text, "-") != 0;
         text = strtok_r(NULL, " \n", &rest)) {
        struct row row;
        if (!row_parse(operation->table, text, &row)) {
            not_a_history("'%s' is not a row of %s", text, operation->table->name);
        }
        note_seen(judge, operation, &row);
    }
    free(copy);
}

/* FROM-TO:V, of consecutive rows with one v. */
static void see_runs(struct judge *judge, const struct operation *operation)
{
    char *copy = strdup(operation->text);
    char *rest = NULL;
    for (char *text = strtok_r(copy, " \n", &rest); text != NULL;
         text = strtok_r(NULL, " \n", &rest)) {
        struct row row = {.is_there = true};
        int64_t to = 0;
        if (sscanf(text, "%" SCNd64 "-%" SCNd64 ":%" SCNd64, &row.value[0], &to, &row.value[1]) !=
            3) {
            not_a_history("'%s' is not a run of rows", text);
        }
        for (; row.value[0] <= to; row.value[0]++) {
            note_seen(judge, operation, &row);
        }
    }
    free(copy);
}

static void play_read(struct judge *judge, const struct operation *operation)
{
    static const struct row nothing = {.is_there = false};
    const struct objects *rows = &judge->state.rows[operation->table->id];
    judge->read++;
    if (operation->kind == RUNS) {
        see_runs(judge, operation);
    } else {
        see_rows(judge, operation);
    }
    for (size_t i = 0; i < rows->count; i++) {
        struct object *object = rows->list[i];
        const struct row *now = state_now(&judge->state, object);
        if (!matches(operation, now)) {
            continue;
        }
        if (object->read != judge->read) {
            expect_row(judge, operation, object, &nothing);
        }
        if (operation->kind == LOCK) {
            state_touch(&judge->state, object, operation->lock);
        }
    }
}

/* ---- Constraints ---- */

static bool is_taken(struct state *state, const struct table *table, const struct row *row,
                     const struct object *self)
{
    if (table->has_primary_key) {
        struct object *other = state_row(state, table, row->value[table->identity]);
        if (other != self && state_now(state, other)->is_there) {
            return true;
        }
    }
    for (int key = 0; key < table->unique_count; key++) {
        int64_t value = table_key_value(&table->unique[key], row);
        struct object *holder = value == NULL_VALUE ? NULL : state_holder(state, table, key, value);
        if (holder != NULL && holder != self) {
            return true;
        }
    }
    return false;
}

/*
 * Locks the parents that the new version refers to.  PostgreSQL also looks again if the
 * old version is the transaction's own.
 */
static bool has_parents(struct state *state, const struct table *table, const struct row *row,
                        struct object *self)
{
    bool has_all = true;
    const struct row *old = state_now(state, self);
    for (int i = 0; i < table->foreign_count; i++) {
        const struct foreign_key *foreign = &table->foreign[i];
        int64_t value = row->value[foreign->column];
        if (value == NULL_VALUE) {
            continue;
        }
        struct object *parent = parent_of(state, foreign, value);
        if (parent == NULL) {
            has_all = false;
        } else if (!old->is_there || old->value[foreign->column] != value) {
            state_touch_parent(state, parent);
        } else if (self->mine.has_written) {
            state_allow(state, parent, KEY_SHARE);
        }
    }
    return has_all;
}

static bool expect_answer(struct judge *judge, const struct operation *operation,
                          struct expected must)
{
    const char *table = operation->table->name;
    const struct transaction *by = judge->state.by;
    if (operation->answer == DUPLICATE && !must.is_duplicate) {
        judge_report(judge, "read", by, "in %s it met a duplicate of nothing", table);
    }
    if (operation->answer == FOREIGN && !must.is_foreign) {
        judge_report(judge, "read", by, "in %s it broke a foreign key that holds", table);
    }
    if (operation->answer == DONE && must.is_duplicate) {
        judge_report(judge, "duplicate", by, "%s let a duplicate in", table);
    }
    if (operation->answer == DONE && must.is_foreign) {
        judge_report(judge, "orphan", by, "%s let an orphan in", table);
    }
    return operation->answer == DONE;
}

/* ---- The actions of foreign keys ---- */

/* Calls for each row that refers to a value of a table's referenced column. */
typedef void reference_action(struct state *state, struct object *child,
                              const struct foreign_key *foreign, void *arg);

static void each_reference(struct state *state, const struct table *parent, const struct row *row,
                           reference_action *action, void *arg)
{
    for (int t = 0; t < TABLES; t++) {
        for (int f = 0; f < tables[t].foreign_count; f++) {
            const struct foreign_key *foreign = &tables[t].foreign[f];
            int64_t value = row->value[foreign->referenced_column];
            if (foreign->parent != parent->id || value == NULL_VALUE) {
                continue;
            }
            for (size_t i = 0; i < state->rows[t].count; i++) {
                struct object *child = state->rows[t].list[i];
                const struct row *now = state_now(state, child);
                if (now->is_there && now->value[foreign->column] == value) {
                    action(state, child, foreign, arg);
                }
            }
        }
    }
}

static void refer_to(struct state *state, struct object *child, const struct foreign_key *foreign,
                     int64_t value)
{
    struct row version = *state_now(state, child);
    version.value[foreign->column] = value;
    if (child->mine.has_written) {
        has_parents(state, child->table, &version, child);
    }
    state_put(state, child, &version, WEAK);
}

/* arg: the rows that are still to be deleted. */
static void at_delete(struct state *state, struct object *child, const struct foreign_key *foreign,
                      void *arg)
{
    struct objects *doomed = arg;
    if (!foreign->is_cascade) {
        refer_to(state, child, foreign, NULL_VALUE);
        return;
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    doomed->list = grown(doomed->list, doomed->count, &doomed->capacity, sizeof child);
    doomed->list[doomed->count++] = child;
}

static void delete_row(struct state *state, struct object *row)
{
    struct objects doomed = {NULL, 0, 0};
    for (;;) {
        struct row old = *state_now(state, row);
        if (old.is_there) {
            state_remove(state, row);
            each_reference(state, row->table, &old, at_delete, &doomed);
        }
        if (doomed.count == 0) {
            break;
        }
        row = doomed.list[--doomed.count];
    }
    free(doomed.list);
}

struct key_update {
    const struct row *old;
    const struct row *new;
    bool is_referenced;
};

static void at_update(struct state *state, struct object *child, const struct foreign_key *foreign,
                      void *arg)
{
    struct key_update *update = arg;
    int column = foreign->referenced_column;
    if (update->old->value[column] == update->new->value[column]) {
        return;
    }
    if (foreign->is_cascade) {
        refer_to(state, child, foreign, update->new->value[column]);
    } else {
        update->is_referenced = true;
    }
}

/* ---- Writes ---- */

static void put_new_row(struct judge *judge, const struct operation *operation,
                        const struct row *row)
{
    struct state *state = &judge->state;
    struct object *object =
        state_row(state, operation->table, row->value[operation->table->identity]);
    struct expected must = {.is_duplicate = is_taken(state, operation->table, row, NULL)};
    must.is_foreign = !has_parents(state, operation->table, row, object);
    if (expect_answer(judge, operation, must)) {
        state_put(state, object, row, STRONG);
    }
}

static void play_upsert(struct judge *judge, const struct operation *operation)
{
    const struct table *table = operation->table;
    struct object *object = state_row(&judge->state, table, operation->row.value[table->identity]);
    struct row version = *state_now(&judge->state, object);
    if (!version.is_there || operation->answer == DUPLICATE) {
        put_new_row(judge, operation, &operation->row);
    } else {
        int v = table->column_count - 1;
        version.value[v] = operation->row.value[v];
        state_put(&judge->state, object, &version, WEAK);
    }
}

static void play_ignore(struct judge *judge, const struct operation *operation)
{
    const struct table *table = operation->table;
    bool is_blocked = is_taken(&judge->state, table, &operation->row, NULL);
    bool did_nothing = operation->text[0] == '-';
    if (is_blocked != did_nothing) {
        judge_report(judge, is_blocked ? "duplicate" : "read", judge->state.by,
                     "ON CONFLICT DO NOTHING in %s %s", table->name,
                     is_blocked ? "inserted a duplicate" : "did nothing");
    }
    if (!did_nothing) {
        struct object *object =
            state_row(&judge->state, table, operation->row.value[table->identity]);
        state_put(&judge->state, object, &operation->row, STRONG);
    }
}

/* What an upsert returns is what it has left. */
static void expect_returned(struct judge *judge, const struct operation *operation)
{
    struct row seen;
    char copy[ROW_TEXT];
    if (operation->answer != DONE || operation->text[0] == '-') {
        return;
    }
    snprintf(copy, sizeof copy, "%s", operation->text);
    copy[strcspn(copy, " \n")] = '\0';
    if (!row_parse(operation->table, copy, &seen)) {
        not_a_history("'%s' is not a row of %s", copy, operation->table->name);
    }
    struct object *object =
        state_row(&judge->state, operation->table, seen.value[operation->table->identity]);
    const struct operation any = {.kind = READ};
    expect_row(judge, &any, object, &seen);
}

static void update_row(struct judge *judge, const struct operation *operation,
                       struct object *object, struct expected *must)
{
    struct state *state = &judge->state;
    const struct table *table = operation->table;
    struct row old = *state_now(state, object);
    struct row new = old;
    if (operation->set != NO_COLUMN) {
        new.value[operation->set] = operation->to;
    }
    new.value[table->column_count - 1] = operation->v;
    struct key_update update = {.old = &old, .new = &new};
    must->is_duplicate = must->is_duplicate || is_taken(state, table, &new, object);
    must->is_foreign = must->is_foreign || !has_parents(state, table, &new, object);

    struct object *successor = state_row(state, table, new.value[table->identity]);
    if (successor != object) {
        state_remove(state, object);
    }
    state_put(state, successor, &new, table_key_changes(table, &old, &new) ? STRONG : WEAK);
    each_reference(state, table, &old, at_update, &update);
    must->is_foreign = must->is_foreign || update.is_referenced;
}

/* The rows that an UPDATE or DELETE meets, before it changes one. */
static struct objects targets(struct state *state, const struct operation *operation)
{
    struct objects found = {NULL, 0, 0};
    const struct objects *rows = &state->rows[operation->table->id];
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *now = state_now(state, rows->list[i]);
        int64_t value = now->value[operation->column];
        bool is_in = operation->kind == CLEAR ? value >= operation->value && value <= operation->to
                                              : value == operation->value;
        if (now->is_there && is_in) {
            /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
            found.list = grown(found.list, found.count, &found.capacity, sizeof *found.list);
            found.list[found.count++] = rows->list[i];
        }
    }
    return found;
}

static void play_change(struct judge *judge, const struct operation *operation)
{
    struct objects found = targets(&judge->state, operation);
    struct expected must = {false, false};
    for (size_t i = 0; i < found.count; i++) {
        if (operation->kind == UPDATE) {
            update_row(judge, operation, found.list[i], &must);
        } else {
            delete_row(&judge->state, found.list[i]);
        }
    }
    if (expect_answer(judge, operation, must) && operation->count != (int64_t)found.count) {
        judge_report(judge, "read", judge->state.by,
                     "it changed %" PRId64 " rows of %s where there are %zu", operation->count,
                     operation->table->name, found.count);
    }
    free(found.list);
}

static void play_fill(struct judge *judge, const struct operation *operation)
{
    struct state *state = &judge->state;
    const struct table *table = operation->table;
    struct row row = {.is_there = true, .value = {0, operation->v}};
    struct expected must = {false, false};
    for (int64_t k = operation->value; k <= operation->to; k++) {
        row.value[0] = k;
        must.is_duplicate = must.is_duplicate || is_taken(state, table, &row, NULL);
    }
    if (!expect_answer(judge, operation, must)) {
        return;
    }
    for (int64_t k = operation->value; k <= operation->to; k++) {
        row.value[0] = k;
        state_put(state, state_row(state, table, k), &row, STRONG);
    }
}

static void play_operation(struct judge *judge, const struct operation *operation)
{
    switch (operation->kind) {
    case READ:
    case POINT:
    case LOCK:
    case RUNS:
        play_read(judge, operation);
        break;
    case INSERT:
        put_new_row(judge, operation, &operation->row);
        break;
    case UPSERT:
        play_upsert(judge, operation);
        expect_returned(judge, operation);
        break;
    case IGNORE:
        play_ignore(judge, operation);
        expect_returned(judge, operation);
        break;
    case UPDATE:
    case DELETE:
    case CLEAR:
        play_change(judge, operation);
        break;
    case FILL:
        play_fill(judge, operation);
        break;
    case BAD_STATEMENT:
        judge_report(judge, "statement", judge->state.by, "failed with %s", operation->text);
        break;
    }
}

/* What was there at first is taken as it is. */
static void load(struct judge *judge, const struct operation *operation)
{
    char *copy = strdup(operation->text);
    char *rest = NULL;
    for (char *text = strtok_r(copy, " \n", &rest); text != NULL;
         text = strtok_r(NULL, " \n", &rest)) {
        struct row row = {.is_there = true};
        int64_t to = 0;
        if (operation->kind == RUNS && sscanf(text, "%" SCNd64 "-%" SCNd64 ":%" SCNd64,
                                              &row.value[0], &to, &row.value[1]) != 3) {
            not_a_history("'%s' is not a run of rows", text);
        }
        if (operation->kind == READ && !row_parse(operation->table, text, &row)) {
            not_a_history("'%s' is not a row of %s", text, operation->table->name);
        }
        int64_t last = operation->kind == RUNS ? to : row.value[0];
        for (;; row.value[0]++) {
            struct object *object =
                state_row(&judge->state, operation->table, row.value[operation->table->identity]);
            state_put(&judge->state, object, &row, STRONG);
            if (row.value[0] >= last) {
                break;
            }
        }
    }
    free(copy);
}

void replay(struct judge *judge, const struct transaction *transaction)
{
    state_begin(&judge->state, transaction);
    for (size_t i = 0; i < transaction->operation_count; i++) {
        if (transaction->outcome == LOAD) {
            load(judge, &transaction->operations[i]);
        } else {
            play_operation(judge, &transaction->operations[i]);
        }
    }
    state_finish(&judge->state);
}
