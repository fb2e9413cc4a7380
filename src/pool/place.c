/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A copy and not a pointer: the caller's string may be gone when a leak is logged. */
#include "pool/place.h"

#include "base/text.h"

void place_copy(const char *place, char out[PLACE_SIZE])
{
    struct text text = text_of(place);
    size_t cut = text.len < PLACE_SIZE ? 0 : text.len - (PLACE_SIZE - 1);
    text_copy(text_slice(text, cut, PLACE_SIZE - 1), out, PLACE_SIZE);
}
