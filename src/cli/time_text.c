/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * UTC whatever the time zone of the user, so that outputs from different machines can be
 * compared, and JSON can be parsed.
 */
#include "cli/time_text.h"

#include <time.h>

void time_text(int64_t unix_s, char out[TIME_TEXT_SIZE])
{
    time_t seconds = (time_t)unix_s;
    struct tm parts;
    out[0] = '\0';
    if (unix_s != 0 && gmtime_r(&seconds, &parts) != NULL) {
        strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
}
