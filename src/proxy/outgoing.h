/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way to a client: some that were copied, and after them a stretch that still lies
 * where it was received.  Most of what passes is such a stretch, and is never copied.  Whoever
 * receives into memory that is used again takes the bytes, or calls outgoing_keep(), before that.
 */
#ifndef DSQL_PROXY_OUTGOING_H
#define DSQL_PROXY_OUTGOING_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct outgoing {
    struct buf copied;
    struct text borrowed;
    bool is_cut; /* what was added last ends within a message */
};

/** max: bytes that may be copied. */
void outgoing_init(struct outgoing *out, size_t max);
/** Gives the memory back.  The position (is_cut) stays: the bytes were delivered. */
void outgoing_clear(struct outgoing *out);
/** Forgets the bytes, and the position with them; the memory stays. */
void outgoing_drop(struct outgoing *out);

/** Whole messages, which are copied. */
void outgoing_add(struct outgoing *out, struct text bytes);
/** For whole messages that are written to the end of it. */
struct buf *outgoing_end(struct outgoing *out);
/** Bytes that stay where they are for now.  is_cut: they end within a message. */
void outgoing_borrow(struct outgoing *out, struct text bytes, bool is_cut);
/** Copies what is borrowed. */
void outgoing_keep(struct outgoing *out);
/** Moves everything to the end of out; from is empty then. */
void outgoing_move(struct outgoing *out, struct outgoing *from);

/** All bytes in one piece, copied if need be. */
struct text outgoing_gather(struct outgoing *out);

size_t outgoing_len(const struct outgoing *out);
/** False: memory ran out, or the maximum was reached, and bytes are missing. */
bool outgoing_ok(const struct outgoing *out);

#endif
