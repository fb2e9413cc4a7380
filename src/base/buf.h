/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer that cannot exist without a maximum.  An append that
 * fails (out of memory, over the maximum) breaks the buffer; later appends do
 * nothing; the caller checks once, at the end, with buf_ok() or buf_take().
 */
#ifndef DSQL_BASE_BUF_H
#define DSQL_BASE_BUF_H

#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* NUL-terminated when not NULL */
    size_t len;
    size_t capacity;
    size_t max; /* bytes, without the NUL */
    bool is_broken;
    bool is_secret; /* wiped whenever memory is given back */
};

void buf_init(struct buf *buf, size_t max);
void buf_init_secret(struct buf *buf, size_t max);
/** Frees (and wipes a secret one); the same maximum applies to later use. */
void buf_clear(struct buf *buf);
/** Empties but keeps the memory; repairs a broken buffer. */
void buf_reset(struct buf *buf);

/** Makes room for len more bytes at once, where they would be added in many steps. */
void buf_reserve(struct buf *buf, size_t len);

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_text(struct buf *buf, struct text text);
void buf_add_string(struct buf *buf, const char *string);
void buf_add_char(struct buf *buf, char c);
void buf_add_u16(struct buf *buf, uint16_t value); /* big-endian, as all network numbers */
void buf_add_u32(struct buf *buf, uint32_t value);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Drops len bytes from the front. */
void buf_drop(struct buf *buf, size_t len);

/** Drops all but the first len bytes; repairs a buffer that broke while more was added. */
void buf_truncate(struct buf *buf, size_t len);

bool buf_ok(const struct buf *buf);
struct text buf_text(const struct buf *buf);

/**
 * The bytes as a NUL-terminated string that the caller frees; the buffer is empty afterwards.
 * NULL if the buffer is broken.  An empty buffer gives "".
 */
char *buf_take(struct buf *buf) __attribute__((warn_unused_result));

/** For declarations: struct buf b AUTO_BUF; */
void buf_clear_at(struct buf *buf);
#define AUTO_BUF __attribute__((cleanup(buf_clear_at)))

#endif
