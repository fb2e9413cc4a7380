/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* A copy and not a pointer: the caller's string may be gone when a leak is logged. */
#include "pool/place.h"

#include "base/text.h"

/* A log line must stay UTF-8. */
static bool is_inside_character(struct text text, size_t at)
{
    return at < text.len && ((unsigned char)text.data[at] & 0xC0) == 0x80;
}

void place_copy(const char *place, char out[PLACE_SIZE])
{
    struct text text = text_of(place);
    size_t cut = text.len < PLACE_SIZE ? 0 : text.len - (PLACE_SIZE - 1);
    while (cut > 0 && is_inside_character(text, cut)) {
        cut++;
    }
    text_copy(text_slice(text, cut, PLACE_SIZE - 1), out, PLACE_SIZE);
}
