/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A history in memory, read from the files of a directory (history.md).  Nothing is
 * judged here.  A file that is not a history ends the program with 2.
 */
#ifndef TEST_OCC_SI_HISTORY_H
#define TEST_OCC_SI_HISTORY_H

#include "tables.h"

#include <stddef.h>

enum outcome {
    UNFINISHED,
    COMMITTED,
    CONFLICT,    /* OC000 */
    FORGOTTEN,   /* OC000 because intents were evicted */
    STALE,       /* OC001 */
    ROLLED_BACK, /* by its client, or by the end of its connection before COMMIT */
    VANISHED,    /* the server was killed during COMMIT, and it is not there */
    LOAD,        /* reads what is there before the others begin */
    FINAL,       /* reads what is there when all others have ended */
};

/* In the order of the matrix: a stronger one conflicts with all that a weaker one does. */
enum strength { NOTHING, KEY_SHARE, WEAK, STRONG };

enum kind {
    READ,
    POINT,
    LOCK,
    INSERT,
    UPSERT,
    IGNORE,
    UPDATE,
    DELETE,
    FILL,
    CLEAR,
    RUNS,
    BAD_STATEMENT
};

enum answer { DONE, DUPLICATE, FOREIGN };

struct operation {
    enum kind kind;
    const struct table *table;
    enum strength lock;
    int column; /* WHERE it is value; of FILL and CLEAR: from value to `to` */
    int64_t value;
    int set; /* NO_COLUMN: v only */
    int64_t to;
    int64_t v;
    struct row row; /* INSERT, UPSERT, IGNORE */
    enum answer answer;
    int64_t count; /* of rows */
    char *text;    /* rows that were returned; of BAD_STATEMENT: the error */
};

struct transaction {
    int client;
    int64_t number;
    int64_t begin_us;
    int64_t start_us; /* of COMMIT */
    int64_t end_us;
    int64_t xmin; /* without a snapshot: sees everything */
    int64_t xmax;
    int64_t *in_progress;
    size_t in_progress_count;
    int64_t xid; /* 0: it neither wrote nor locked */
    enum outcome outcome;
    struct operation *operations;
    size_t operation_count;
};

/* A change of a definition: some time between. */
struct change {
    int64_t start_us;
    int64_t end_us;
};

struct history {
    struct transaction *transactions;
    size_t count;
    size_t capacity;
    struct change *changes;
    size_t change_count;
    size_t change_capacity;
    bool is_tiny; /* intents may have been evicted */
};

_Noreturn void not_a_history(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Room for one more element of an array; *capacity grows. */
void *grown(void *memory, size_t count, size_t *capacity, size_t size);

void history_read(struct history *history, const char *path);

/** Does its snapshot show what the transaction with the xid has committed? */
bool transaction_sees(const struct transaction *transaction, int64_t xid);

#endif
