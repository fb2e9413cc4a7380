/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The first read beyond the end makes the reader fail for good, so callers read a whole
 * message and check once.
 */
#include "base/reader.h"

uint16_t reader_u16(struct reader *reader)
{
    unsigned high = reader_u8(reader);
    unsigned low = reader_u8(reader);
    return reader->is_broken ? 0 : (uint16_t)(high << 8 | low);
}

/* Without a NUL the message is invalid, even if bytes remain. */
struct text reader_cstring(struct reader *reader)
{
    size_t len = 0;
    if (reader->is_broken || !text_find(reader->rest, '\0', &len)) {
        reader->is_broken = true;
        return text_slice(reader->rest, 0, 0);
    }
    struct text string = reader_bytes(reader, len);
    reader_bytes(reader, 1);
    return string;
}

struct text reader_rest(struct reader *reader)
{
    return reader_bytes(reader, reader->rest.len);
}

size_t reader_left(const struct reader *reader)
{
    return reader->is_broken ? 0 : reader->rest.len;
}

bool reader_ok(const struct reader *reader)
{
    return !reader->is_broken;
}

bool reader_done(const struct reader *reader)
{
    return !reader->is_broken && reader->rest.len == 0;
}
