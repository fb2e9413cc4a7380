/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Two readers of the same framing.  frame_next() is for the login, where whole messages are
 * needed and are small.  frame_scan is for the relay, where a message may have a gigabyte: it
 * counts bytes and keeps none.
 */
#include "wire/message.h"

#include "base/reader.h"

/* The length counts itself but not the type byte, so 4 is the smallest valid value. */
enum { LENGTH_SIZE = 4 };

/*
 * The one place where a length from outside is accepted or not.  It must run before any
 * subtraction of LENGTH_SIZE: a length below 4 would wrap around to nearly 4 GiB.
 */
static bool is_valid_length(uint32_t length, size_t max)
{
    return length >= LENGTH_SIZE && length <= max;
}

/*
 * The length is checked before the function asks for more bytes.  Otherwise a client that has not
 * logged in could announce a gigabyte, and the caller would buffer whatever it sends.
 */
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
    if (!is_valid_length(length, max)) {
        return FRAME_MALFORMED;
    }
    if (reader_left(&reader) < length - LENGTH_SIZE) {
        return FRAME_NEEDS_MORE;
    }
    struct text body = reader_bytes(&reader, length - LENGTH_SIZE);
    *out = (struct frame){.type = type, .body = body, .size = (size_t)length + 1};
    return FRAME_COMPLETE;
}

/* From header to header: a result may have thousands of rows in one call. */
size_t frame_run(struct text bytes, char type, size_t max)
{
    struct text rest = bytes;
    while (rest.len >= FRAME_HEADER_SIZE && rest.data[0] == type) {
        struct reader reader;
        reader_init(&reader, text_slice(rest, 1, FRAME_HEADER_SIZE - 1));
        uint32_t length = reader_u32(&reader);
        if (!is_valid_length(length, max) || length >= rest.len) {
            break;
        }
        rest = text_slice(rest, (size_t)length + 1, rest.len);
    }
    return bytes.len - rest.len;
}

void frame_scan_init(struct frame_scan *scan, size_t max)
{
    *scan = (struct frame_scan){.max = max};
}

static bool begin_body(struct frame_scan *scan, uint32_t length)
{
    if (!is_valid_length(length, scan->max)) {
        return false;
    }
    scan->body_size = length - LENGTH_SIZE;
    scan->body_left = scan->body_size;
    scan->has_begun = true;
    return true;
}

/*
 * Takes one byte of a header; false if it completes a length that is not valid.  A header may be
 * cut anywhere, by TCP or by TLS records, so its state survives between calls: the bytes seen so
 * far, and the length as far as it was read (most significant byte first).
 */
static bool scan_header_byte(struct frame_scan *scan, uint8_t byte)
{
    if (scan->header_seen == 0) {
        scan->type = (char)byte;
        scan->length = 0;
    } else {
        scan->length = scan->length << 8 | byte;
    }
    scan->header_seen++;
    if (scan->header_seen < FRAME_HEADER_SIZE) {
        return true;
    }
    scan->header_seen = 0;
    return begin_body(scan, scan->length);
}

/* A header that is not cut is taken at once: a result may have thousands in one call. */
static bool scan_header(struct frame_scan *scan, struct text *rest)
{
    struct reader reader;
    bool is_fine = true;
    reader_init(&reader, *rest);
    if (scan->header_seen == 0 && rest->len >= FRAME_HEADER_SIZE) {
        scan->type = (char)reader_u8(&reader);
        is_fine = begin_body(scan, reader_u32(&reader));
    }
    while (is_fine && !scan->has_begun && reader_left(&reader) > 0) {
        is_fine = scan_header_byte(scan, reader_u8(&reader));
    }
    *rest = reader_rest(&reader);
    return is_fine;
}

/*
 * One message at a time, so that the caller can look at bodies and leave headers alone.  A message
 * with an empty body yields no piece.
 */
bool frame_scan_next(struct frame_scan *scan, struct text *rest, struct text *body)
{
    scan->has_begun = false;
    *body = text_of_bytes("", 0);
    if (scan->body_left == 0 && !scan_header(scan, rest)) {
        return false;
    }
    *body = text_slice(*rest, 0, scan->body_left);
    *rest = text_slice(*rest, body->len, rest->len);
    scan->body_left -= body->len;
    return true;
}

/*
 * Valid only directly after frame_scan_next() returned that piece: the next header overwrites
 * body_size.
 */
bool frame_scan_is_first(const struct frame_scan *scan, size_t len)
{
    return scan->body_left + len == scan->body_size;
}

bool frame_scan(struct frame_scan *scan, struct text bytes)
{
    while (!text_is_empty(bytes)) {
        struct text body;
        if (!frame_scan_next(scan, &bytes, &body)) {
            return false;
        }
    }
    return true;
}

/*
 * Both conditions are needed: after the first bytes of a header no body is open, but an inserted
 * message would be read as the rest of that header.
 */
bool frame_scan_is_between(const struct frame_scan *scan)
{
    return scan->body_left == 0 && scan->header_seen == 0;
}

void frame_scan_place(struct frame_scan *scan, bool is_between)
{
    scan->header_seen = 0;
    scan->body_left = is_between ? 0 : 1;
}

/*
 * The receiver would reject a longer message.  Nothing is written then: a message without its
 * body would break the stream.
 */
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
