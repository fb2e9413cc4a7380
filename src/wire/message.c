/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See message.h. */
#include "wire/message.h"

#include "base/reader.h"

enum { LENGTH_SIZE = 4 };

static bool is_believable(uint32_t length, size_t max)
{
    return length >= LENGTH_SIZE && length <= max;
}

enum frame_result frame_next(struct text bytes, size_t max, struct frame *out)
{
    *out = (struct frame){.body = text_of("")};
    if (bytes.len < FRAME_HEADER_SIZE) {
        return FRAME_NEEDS_MORE;
    }
    struct reader reader;
    reader_init(&reader, bytes);
    char type = (char)reader_u8(&reader);
    uint32_t length = reader_u32(&reader);
    if (!is_believable(length, max)) {
        return FRAME_MALFORMED;
    }
    if (reader_left(&reader) < length - LENGTH_SIZE) {
        return FRAME_NEEDS_MORE;
    }
    struct text body = reader_bytes(&reader, length - LENGTH_SIZE);
    *out = (struct frame){.type = type, .body = body, .size = (size_t)length + 1};
    return FRAME_COMPLETE;
}

void frame_scan_init(struct frame_scan *scan, size_t max)
{
    *scan = (struct frame_scan){.max = max};
}

/* One byte of a header; false when it completes a length that is nonsense. */
static bool scan_header_byte(struct frame_scan *scan, uint8_t byte)
{
    if (scan->header_seen > 0) {
        scan->length = scan->length << 8 | byte;
    }
    scan->header_seen++;
    if (scan->header_seen < FRAME_HEADER_SIZE) {
        return true;
    }
    if (!is_believable(scan->length, scan->max)) {
        return false;
    }
    scan->body_left = scan->length - LENGTH_SIZE;
    scan->header_seen = 0;
    scan->length = 0;
    return true;
}

bool frame_scan(struct frame_scan *scan, struct text bytes)
{
    struct reader reader;
    reader_init(&reader, bytes);
    while (reader_left(&reader) > 0) {
        if (scan->body_left == 0) {
            if (!scan_header_byte(scan, reader_u8(&reader))) {
                return false;
            }
            continue;
        }
        size_t left = reader_left(&reader);
        size_t step = left < scan->body_left ? left : scan->body_left;
        reader_bytes(&reader, step);
        scan->body_left -= step;
    }
    return true;
}

bool frame_scan_is_between(const struct frame_scan *scan)
{
    return scan->body_left == 0 && scan->header_seen == 0;
}

void frame_write(struct buf *out, char type, struct text body)
{
    if (body.len > FRAME_SERVER_MAX - LENGTH_SIZE) {
        out->is_broken = true;
        return;
    }
    buf_add_char(out, type);
    buf_add_u32(out, (uint32_t)body.len + LENGTH_SIZE);
    buf_add_text(out, body);
}
