/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What transactions did to rows and to keys, and what is there for one of them: what its
 * snapshot shows, with its own changes on top.
 *
 * An object is a row (known by the identity of its table) or a value of a unique key.  A
 * touch is what one transaction did to it.  One transaction is replayed at a time; the
 * others see what it did after state_keep() only.
 */
#ifndef TEST_OCC_SI_STATE_H
#define TEST_OCC_SI_STATE_H

#include "history.h"

enum { ROW_ITSELF = -1 };

struct touch {
    const struct transaction *by;
    enum strength strength; /* that must conflict */
    enum strength allowed;  /* that may: with what it undid itself */
    bool is_foreign;        /* nothing but the check of a foreign key */
    bool has_written;
    bool was_there;              /* the row, before */
    struct row row;              /* what it left */
    const struct object *holder; /* of a key: the row that it left it to */
};

struct touches {
    struct touch *list;
    size_t count;
    size_t capacity;
};

struct objects {
    struct object **list;
    size_t count;
    size_t capacity;
};

struct object {
    const struct table *table;
    int key; /* ROW_ITSELF, or which of the table's unique keys */
    int64_t id;
    struct touches committed; /* in order of xid */
    struct touches failed;    /* of those that lost or vanished */
    struct objects members;   /* of a key: rows that have had it in any transaction */
    struct object *next;      /* in its bucket */
    int64_t read;             /* the read that returned it last */

    uint64_t replayed; /* the rest is of the replay with this number */
    struct row now;
    struct touch mine;
};

enum { BUCKETS = 1 << 16 };

struct state {
    struct object *buckets[BUCKETS];
    struct objects rows[TABLES];
    const struct transaction *by;
    uint64_t replay;
    struct objects touched;
};

/** Everything that a snapshot without anything sees; for LOAD. */
extern const struct transaction state_loader;

struct object *state_row(struct state *state, const struct table *table, int64_t identity);
struct object *state_key(struct state *state, const struct table *table, int key, int64_t value);

/** Starts a replay. */
void state_begin(struct state *state, const struct transaction *by);

/** What the replayed transaction must see. */
struct row *state_now(struct state *state, struct object *row);

/** The row that has the value of the key now, or NULL. */
struct object *state_holder(struct state *state, const struct table *table, int key, int64_t value);

void state_allow(struct state *state, struct object *object, enum strength strength);
void state_touch(struct state *state, struct object *object, enum strength strength);
/** A key share of a foreign key. */
void state_touch_parent(struct state *state, struct object *object);

void state_put(struct state *state, struct object *row, const struct row *version,
               enum strength strength);
void state_remove(struct state *state, struct object *row);

/** Ends a replay: what was undone need not conflict. */
void state_finish(struct state *state);

/** Adds what the replayed transaction did to one of the lists of each object. */
void state_keep(struct state *state);

#endif
