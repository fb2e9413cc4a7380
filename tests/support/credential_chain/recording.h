/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Recorded exchanges of a file, for a struct replay.  The formats are in README.md. */
#ifndef TEST_SUPPORT_RECORDING_H
#define TEST_SUPPORT_RECORDING_H

#include "replay.h"

#include <jansson.h>

enum { RECORDING_MAX = 64 };

struct recording {
    struct replay_exchange exchanges[RECORDING_MAX];
    size_t count;
    struct replay_name names[RECORDING_MAX];
    size_t name_count;
    bool ends_in_silence; /* more requests may come than were recorded, and get no answer */
};

/**
 * root must outlive the recording.  Ends the program when the file makes no sense: a
 * recording that is not understood must not pass for one that is empty.
 */
void recording_read(json_t *root, struct recording *out);
void recording_free(struct recording *recording);

#endif
