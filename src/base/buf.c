/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Grows by doubling up to the maximum given at the start.  After a failure (no memory, or
 * more than the maximum) further appends do nothing, and buf_ok() tells once.
 */
#include "base/buf.h"

#include "base/memory.h"
#include "base/secret.h"

#include <stdio.h>
#include <string.h>

enum { BUF_FIRST_CAPACITY = 64 };

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_init_secret(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max, .is_secret = true};
}

/* A secret is wiped over the whole capacity, since text that was cut off may still be there. */
static void give_back(struct buf *buf)
{
    if (buf->is_secret) {
        secret_wipe(buf->data, buf->capacity);
    }
    mem_free(buf->data);
}

void buf_clear(struct buf *buf)
{
    give_back(buf);
    *buf = (struct buf){.max = buf->max, .is_secret = buf->is_secret};
}

void buf_clear_at(struct buf *buf)
{
    buf_clear(buf);
}

/* is_broken is cleared, too, so that one buffer can serve several attempts. */
void buf_reset(struct buf *buf)
{
    if (buf->is_secret) {
        secret_wipe(buf->data, buf->capacity);
    }
    buf->len = 0;
    buf->is_broken = false;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

/* Doubling makes a series of appends linear.  The check avoids an overflow near SIZE_MAX. */
static size_t next_capacity(const struct buf *buf, size_t need)
{
    size_t capacity = buf->capacity == 0 ? BUF_FIRST_CAPACITY : buf->capacity;
    while (capacity < need) {
        if (capacity > SIZE_MAX / 2) {
            return need;
        }
        capacity *= 2;
    }
    return capacity;
}

/*
 * A secret moves by hand: realloc() would leave a copy.  Without an old block it is malloc(), as
 * the zeros of mem_new() would only be overwritten.
 */
static bool move(struct buf *buf, size_t capacity)
{
    char *bigger = mem_resize_array(NULL, capacity, 1);
    if (bigger == NULL) {
        buf->is_broken = true;
        return false;
    }
    bigger[buf->len] = '\0';
    if (buf->len > 0) {
        memcpy(bigger, buf->data, buf->len);
    }
    give_back(buf);
    buf->data = bigger;
    buf->capacity = capacity;
    return true;
}

/* Room for len more bytes and the NUL.  The first case is that of most calls. */
static bool make_room(struct buf *buf, size_t len)
{
    if (!buf->is_broken && buf->len < buf->capacity && len < buf->capacity - buf->len &&
        buf->len + len <= buf->max) {
        return true;
    }
    if (buf->is_broken || buf->max < buf->len || len > buf->max - buf->len) {
        buf->is_broken = true;
        return false;
    }
    return move(buf, next_capacity(buf, buf->len + len + 1));
}

/* Exactly as much.  More than the maximum breaks the buffer only when it is really added. */
void buf_reserve(struct buf *buf, size_t len)
{
    if (!buf->is_broken && len <= buf->max - buf->len && buf->len + len + 1 > buf->capacity) {
        (void)move(buf, buf->len + len + 1);
    }
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (!make_room(buf, len)) {
        return;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, data, len);
    }
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_add_text(struct buf *buf, struct text text)
{
    buf_add(buf, text.data, text.len);
}

void buf_add_string(struct buf *buf, const char *string)
{
    buf_add_text(buf, text_of(string));
}

void buf_add_char(struct buf *buf, char c)
{
    if (make_room(buf, 1)) {
        buf->data[buf->len++] = c;
        buf->data[buf->len] = '\0';
    }
}

/* Network byte order, as PostgreSQL's messages have it. */
void buf_add_u16(struct buf *buf, uint16_t value)
{
    const unsigned char bytes[2] = {(unsigned char)(value >> 8), (unsigned char)(value & 0xff)};
    buf_add(buf, bytes, sizeof bytes);
}

void buf_add_u32(struct buf *buf, uint32_t value)
{
    const unsigned char bytes[4] = {
        (unsigned char)(value >> 24), (unsigned char)(value >> 16 & 0xff),
        (unsigned char)(value >> 8 & 0xff), (unsigned char)(value & 0xff)};
    buf_add(buf, bytes, sizeof bytes);
}

/* Measured first and then written: vsnprintf() must never write beyond the maximum. */
void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list measure;
    va_start(measure, format);
    int len = vsnprintf(NULL, 0, format, measure);
    va_end(measure);
    if (len < 0 || !make_room(buf, (size_t)len)) {
        buf->is_broken = true;
        return;
    }
    va_list write;
    va_start(write, format);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, write);
    va_end(write);
    buf->len += (size_t)len;
}

/* The bytes that remain after the move are wiped as well, if they are secret. */
void buf_drop(struct buf *buf, size_t len)
{
    if (len == 0 || buf->data == NULL) {
        return;
    }
    size_t drop = len < buf->len ? len : buf->len;
    size_t left = buf->len - drop;
    memmove(buf->data, buf->data + drop, left);
    if (buf->is_secret) {
        secret_wipe(buf->data + left, drop);
    }
    buf->len = left;
    buf->data[left] = '\0';
}

void buf_truncate(struct buf *buf, size_t len)
{
    buf->is_broken = false;
    if (buf->data == NULL || len >= buf->len) {
        return;
    }
    if (buf->is_secret) {
        secret_wipe(buf->data + len, buf->len - len);
    }
    buf->len = len;
    buf->data[len] = '\0';
}

bool buf_ok(const struct buf *buf)
{
    return !buf->is_broken;
}

/* Never NULL: an empty buffer gives "". */
struct text buf_text(const struct buf *buf)
{
    return text_of_bytes(buf->data, buf->len);
}

char *buf_take(struct buf *buf)
{
    buf_add(buf, "", 0); /* an empty buffer must give "" */
    if (buf->is_broken) {
        buf_clear(buf);
        return NULL;
    }
    char *data = buf->data;
    *buf = (struct buf){.max = buf->max, .is_secret = buf->is_secret};
    return data;
}
