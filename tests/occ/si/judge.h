/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found wrong with a history, and in how many looks.
 */
#ifndef TEST_OCC_SI_JUDGE_H
#define TEST_OCC_SI_JUDGE_H

#include "state.h"

struct judge {
    struct state state;
    const struct history *history;
    int64_t violations;
    int64_t reads;  /* rows that were compared */
    int64_t read;   /* number of the last statement that read */
    bool is_silent; /* what is found now has been reported */
};

/** Counts a violation, and prints the first ones as "KIND: transaction ...: ...". */
void judge_report(struct judge *judge, const char *kind, const struct transaction *transaction,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Replays a transaction, and compares each answer with what it must be. */
void replay(struct judge *judge, const struct transaction *transaction);

/** All rules on a whole history.  Sorts its transactions. */
void rules_judge(struct judge *judge, struct history *history);

#endif
