/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/outgoing.h"

/*
 * From so many borrowed bytes on, room for all that may be kept is made at once: more follows, and
 * a buffer that doubles would be copied at each step.
 */
enum { LARGE = 8192, ROOM = 65536 };

void outgoing_init(struct outgoing *out, size_t max)
{
    *out = (struct outgoing){.borrowed = text_of("")};
    buf_init(&out->copied, max);
}

void outgoing_clear(struct outgoing *out)
{
    buf_clear(&out->copied);
    out->borrowed = text_of("");
}

void outgoing_drop(struct outgoing *out)
{
    buf_reset(&out->copied);
    out->borrowed = text_of("");
    out->is_cut = false;
}

void outgoing_keep(struct outgoing *out)
{
    if (text_is_empty(out->borrowed)) {
        return; /* or copied would get memory */
    }
    if (out->borrowed.len >= LARGE && out->copied.capacity == 0) {
        buf_reserve(&out->copied, out->copied.max < ROOM ? out->copied.max : ROOM);
    }
    buf_add_text(&out->copied, out->borrowed);
    out->borrowed = text_of("");
}

struct buf *outgoing_end(struct outgoing *out)
{
    outgoing_keep(out);
    out->is_cut = false;
    return &out->copied;
}

void outgoing_add(struct outgoing *out, struct text bytes)
{
    buf_add_text(outgoing_end(out), bytes);
}

/* Two stretches that touch are one. */
void outgoing_borrow(struct outgoing *out, struct text bytes, bool is_cut)
{
    struct text before = out->borrowed;
    out->is_cut = is_cut;
    if (before.len > 0 && before.data + before.len == bytes.data) {
        out->borrowed = text_of_bytes(before.data, before.len + bytes.len);
        return;
    }
    if (before.len > 0) {
        outgoing_keep(out);
    }
    out->borrowed = bytes;
}

/* An empty one takes over the memory. */
static void move_copied(struct buf *to, struct buf *from)
{
    if (to->len == 0 && !to->is_broken) {
        struct buf empty = *to;
        *to = *from;
        to->max = empty.max;
        empty.max = from->max;
        *from = empty;
    } else {
        to->is_broken = to->is_broken || from->is_broken;
        buf_add_text(to, buf_text(from));
    }
    buf_clear(from);
}

void outgoing_move(struct outgoing *out, struct outgoing *from)
{
    if (outgoing_len(from) == 0 && outgoing_ok(from)) {
        buf_clear(&from->copied);
        return;
    }
    outgoing_keep(out);
    move_copied(&out->copied, &from->copied);
    out->borrowed = from->borrowed;
    out->is_cut = from->is_cut;
    from->borrowed = text_of("");
    from->is_cut = false;
}

struct text outgoing_gather(struct outgoing *out)
{
    outgoing_keep(out);
    return buf_text(&out->copied);
}

size_t outgoing_len(const struct outgoing *out)
{
    return out->copied.len + out->borrowed.len;
}

bool outgoing_ok(const struct outgoing *out)
{
    return buf_ok(&out->copied);
}
