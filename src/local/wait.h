/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A wait that a user sees: silent for a second, then a line of progress, and another one every
 * ten seconds.
 */
#ifndef DSQL_LOCAL_WAIT_H
#define DSQL_LOCAL_WAIT_H

#include "base/clock.h"

#include <stdbool.h>

enum { WAIT_FIRST_NOTE_MS = 1000, WAIT_NOTE_MS = 10000 };

struct wait {
    const struct clock *clock;
    int64_t began_ms;
    int64_t next_note_ms; /* since it began */
};

struct wait wait_begin(const struct clock *clock);

/** Milliseconds since the wait began. */
int64_t wait_elapsed_ms(const struct wait *wait);

/** True when it is time for a line of progress; false again until the next one is due. */
bool wait_is_note_due(struct wait *wait);

#endif
