/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Reads recorded exchanges from JSON for a struct replay.  README.md describes the formats. */
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
    bool ends_in_silence; /* requests after the recorded ones get no answer */
};

/**
 * root must outlive the recording.  Ends the program if the content is invalid: it must not be
 * mistaken for an empty recording.
 */
void recording_read(json_t *root, struct recording *out);
void recording_free(struct recording *recording);

#endif
