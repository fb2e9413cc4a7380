/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/wait.h"

struct wait wait_begin(const struct clock *clock)
{
    return (struct wait){
        .clock = clock, .began_ms = clock_monotonic_ms(clock), .next_note_ms = WAIT_FIRST_NOTE_MS};
}

int64_t wait_elapsed_ms(const struct wait *wait)
{
    return clock_monotonic_ms(wait->clock) - wait->began_ms;
}

bool wait_is_note_due(struct wait *wait)
{
    int64_t elapsed = wait_elapsed_ms(wait);
    bool is_due = elapsed >= wait->next_note_ms;
    if (is_due) {
        wait->next_note_ms = elapsed - elapsed % WAIT_NOTE_MS + WAIT_NOTE_MS;
    }
    return is_due;
}
