/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurements in rounds that bench/run requests on standard input, so that the rounds of several
 * programs alternate and the machine's other load affects all of them.  A line "NAME NUMBER" is
 * answered with a number, for example the nanoseconds of one call.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

struct round_kind {
    const char *name; /* NULL ends the list */
    double (*measure)(void *arg, int number);
};

/** Prints "ready" and answers until the input ends.  Returns the exit status of the program. */
int rounds_answer(const struct round_kind *kinds, void *arg);

/** On the monotonic clock. */
double rounds_now_ns(void);

/** The processor time of this process, which hardly depends on what else the machine does. */
double rounds_cpu_ns(void);

#endif
