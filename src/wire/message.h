/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Framing of every message after the first packet: a type byte, a length that counts
 * itself, a body.  frame_next() takes whole messages; frame_scan() follows a stream
 * that nobody wants to keep in memory.
 */
#ifndef DSQL_WIRE_MESSAGE_H
#define DSQL_WIRE_MESSAGE_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_HEADER_SIZE = 5,
    FRAME_CLIENT_MAX = 10 * 1024 * 1024,  /* Aurora DSQL: message size */
    FRAME_SERVER_MAX = 1024 * 1024 * 1024 /* PostgreSQL: MaxAllocSize */
};

enum frame_result { FRAME_COMPLETE, FRAME_NEEDS_MORE, FRAME_MALFORMED };

struct frame {
    char type;
    struct text body; /* into the bytes given */
    size_t size;      /* header and body */
};

/** The first message in bytes; malformed when its length is below 4 or over max. */
enum frame_result frame_next(struct text bytes, size_t max, struct frame *out);

/** Where a stream of messages stands; all zero but max is the beginning. */
struct frame_scan {
    size_t max;
    size_t body_left;
    size_t body_size;
    uint32_t length;
    unsigned header_seen;
    char type; /* of the message that is or was last under way */
};

void frame_scan_init(struct frame_scan *scan, size_t max);
/** Follows bytes; false for a length below 4 or over the maximum. */
bool frame_scan(struct frame_scan *scan, struct text bytes) __attribute__((warn_unused_result));
/**
 * Takes from *rest a byte of a header, or what it has of a body: then *body is that,
 * else empty.  False as frame_scan().
 */
bool frame_scan_next(struct frame_scan *scan, struct text *rest, struct text *body)
    __attribute__((warn_unused_result));
/** The last piece of a body, len bytes long, was its beginning. */
bool frame_scan_is_first(const struct frame_scan *scan, size_t len);
/** Between two messages: something may be inserted here. */
bool frame_scan_is_between(const struct frame_scan *scan);

/** One message with this body. */
void frame_write(struct buf *out, char type, struct text body);

#endif
