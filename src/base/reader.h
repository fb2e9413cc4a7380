/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over bytes from outside.  It never reads past the end, remembers its
 * first failure, and after it gives zeros and empty texts: read all the fields,
 * then check reader_ok() once.
 */
#ifndef DSQL_BASE_READER_H
#define DSQL_BASE_READER_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
    struct text rest;
    bool is_broken;
};

/* A relay calls these for every message, so they are inline. */

static inline void reader_init(struct reader *reader, struct text bytes)
{
    *reader = (struct reader){.rest = bytes};
}

/**
 * The next len bytes; empty, and broken, when there are fewer.  len may come from the message
 * itself: it is only compared and never added to anything.
 */
static inline struct text reader_bytes(struct reader *reader, size_t len)
{
    if (reader->is_broken || len > reader->rest.len) {
        reader->is_broken = true;
        return text_slice(reader->rest, 0, 0);
    }
    struct text taken = text_slice(reader->rest, 0, len);
    reader->rest = text_slice(reader->rest, len, reader->rest.len);
    return taken;
}

static inline uint8_t reader_u8(struct reader *reader)
{
    struct text byte = reader_bytes(reader, 1);
    return byte.len == 1 ? (uint8_t)byte.data[0] : 0;
}

/** Big-endian. */
static inline uint32_t reader_u32(struct reader *reader)
{
    struct text bytes = reader_bytes(reader, sizeof(uint32_t));
    uint32_t value = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        value = value << 8 | (uint8_t)bytes.data[i];
    }
    return value;
}

uint16_t reader_u16(struct reader *reader); /* big-endian */

/** Up to the next NUL, which is taken too and not part of the text. */
struct text reader_cstring(struct reader *reader);

/** All that is left. */
struct text reader_rest(struct reader *reader);

size_t reader_left(const struct reader *reader);
bool reader_ok(const struct reader *reader);
/** All read, and nothing failed. */
bool reader_done(const struct reader *reader);

#endif
