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

void reader_init(struct reader *reader, struct text bytes);

uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader); /* big-endian */
uint32_t reader_u32(struct reader *reader);

/** The next len bytes; empty, and broken, when there are fewer. */
struct text reader_bytes(struct reader *reader, size_t len);

/** Up to the next NUL, which is taken too and not part of the text. */
struct text reader_cstring(struct reader *reader);

/** All that is left. */
struct text reader_rest(struct reader *reader);

size_t reader_left(const struct reader *reader);
bool reader_ok(const struct reader *reader);
/** All read, and nothing failed. */
bool reader_done(const struct reader *reader);

#endif
