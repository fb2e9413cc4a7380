/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The framing of every message after the first packet: a type byte, a length that counts
 * itself, a body.  frame_next() reads whole messages from memory; frame_scan() follows a
 * stream that is not kept.  Both decide on a length before they wait for that much.
 */
#ifndef DSQL_WIRE_MESSAGE_H
#define DSQL_WIRE_MESSAGE_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The limits are for the length field, so they include its own four bytes but not the type. */
enum {
    FRAME_HEADER_SIZE = 5,
    FRAME_CLIENT_MAX = 10 * 1024 * 1024,  /* bytes; Aurora DSQL: 10 MiB */
    FRAME_SERVER_MAX = 1024 * 1024 * 1024 /* bytes; PostgreSQL: MaxAllocSize */
};

/**
 * NEEDS_MORE: a valid beginning; call again with the same bytes and more.  MALFORMED: the stream
 * cannot be followed any further, because the next message would begin at an unknown place.
 */
enum frame_result { FRAME_COMPLETE, FRAME_NEEDS_MORE, FRAME_MALFORMED };

struct frame {
    char type;
    struct text body; /* points into the bytes that were given */
    size_t size;      /* of header and body, in bytes */
};

/** Reads the first message in bytes; malformed if its length is below 4 or over max. */
enum frame_result frame_next(struct text bytes, size_t max, struct frame *out);

/** The length of all whole messages of this type that bytes begins with; 0: there is none, or the
    first is malformed. */
size_t frame_run(struct text bytes, char type, size_t max);

/** A position in a stream of messages.  It needs the same few bytes for any length of message. */
struct frame_scan {
    size_t max;
    size_t body_left;
    size_t body_size;
    uint32_t length;
    unsigned header_seen;
    bool has_begun; /* the last frame_scan_next() has completed a header */
    char type;      /* of the message that the position is in, or that ended last */
};

void frame_scan_init(struct frame_scan *scan, size_t max);
/** Moves over bytes; false for a length below 4 or over the maximum. */
bool frame_scan(struct frame_scan *scan, struct text bytes) __attribute__((warn_unused_result));
/**
 * Takes what *rest has of the present message, or of the next: of its header, and of its body.
 * *body is the piece of the body, or empty.  False as for frame_scan().
 */
bool frame_scan_next(struct frame_scan *scan, struct text *rest, struct text *body)
    __attribute__((warn_unused_result));
/** Whether the last piece of a body, len bytes long, was the beginning of the body. */
bool frame_scan_is_first(const struct frame_scan *scan, size_t len);
/** Whether the position is between two messages, so that one may be inserted. */
bool frame_scan_is_between(const struct frame_scan *scan);

/** Places it between two messages, or in one, for a caller that follows the framing itself. */
void frame_scan_place(struct frame_scan *scan, bool is_between);

/** Appends one message with this body. */
void frame_write(struct buf *out, char type, struct text body);

#endif
