/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The first read beyond the end makes the reader fail for good, so callers read a whole
 * message and check once.
 */
#include "base/reader.h"

void reader_init(struct reader *reader, struct text bytes)
{
    *reader = (struct reader){.rest = bytes};
}

/* len may come from the message itself; it is only compared and never added to anything. */
struct text reader_bytes(struct reader *reader, size_t len)
{
    if (reader->is_broken || len > reader->rest.len) {
        reader->is_broken = true;
        return text_slice(reader->rest, 0, 0);
    }
    struct text taken = text_slice(reader->rest, 0, len);
    reader->rest = text_slice(reader->rest, len, reader->rest.len);
    return taken;
}

uint8_t reader_u8(struct reader *reader)
{
    struct text byte = reader_bytes(reader, 1);
    return byte.len == 1 ? (uint8_t)byte.data[0] : 0;
}

uint16_t reader_u16(struct reader *reader)
{
    unsigned high = reader_u8(reader);
    unsigned low = reader_u8(reader);
    return reader->is_broken ? 0 : (uint16_t)(high << 8 | low);
}

uint32_t reader_u32(struct reader *reader)
{
    uint32_t high = reader_u16(reader);
    uint32_t low = reader_u16(reader);
    return reader->is_broken ? 0 : high << 16 | low;
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
