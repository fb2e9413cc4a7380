/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 8446, 5.1 and 4.  The message may be fragmented over several records.  Its header of four
 * bytes must be in the first of them: no client divides it, and then the length is known early.
 */
#include "net/client_hello.h"

#include "base/reader.h"

#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_HANDSHAKE = 22,
    RECORD_MAJOR = 3,
    RECORD_HEADER_SIZE = 5,
    RECORD_MAX = 16384,
    MESSAGE_CLIENT_HELLO = 1,
    MESSAGE_HEADER_SIZE = 4
};

/*
 * The length in the header at the beginning of bytes; 0 if it is not that of a handshake record.
 * An empty fragment is not valid either (RFC 8446, 5.1).
 */
static size_t read_record_size(struct text bytes)
{
    struct reader reader;
    reader_init(&reader, bytes);
    uint8_t type = reader_u8(&reader);
    uint8_t major = reader_u8(&reader);
    (void)reader_u8(&reader); /* the minor version has no meaning any more */
    uint16_t len = reader_u16(&reader);
    bool is_valid = type == RECORD_HANDSHAKE && major == RECORD_MAJOR && len <= RECORD_MAX;
    return is_valid ? len : 0;
}

/* Of the whole message, header included; 0 if it is not a ClientHello or too long. */
static size_t read_message_size(struct text header)
{
    struct reader reader;
    reader_init(&reader, header);
    uint8_t type = reader_u8(&reader);
    size_t len = (size_t)reader_u8(&reader) << 16;
    len |= reader_u16(&reader);
    size_t size = len + MESSAGE_HEADER_SIZE;
    return type == MESSAGE_CLIENT_HELLO && size <= CLIENT_HELLO_MAX ? size : 0;
}

/* Whether the records in bytes hold size bytes of the message. */
static enum client_hello_result check_records(struct text bytes, size_t size)
{
    for (size_t got = 0; got < size;) {
        if (bytes.len < RECORD_HEADER_SIZE) {
            return CLIENT_HELLO_NEEDS_MORE;
        }
        size_t len = read_record_size(bytes);
        if (len == 0) {
            return CLIENT_HELLO_INVALID;
        }
        if (bytes.len < RECORD_HEADER_SIZE + len) {
            return CLIENT_HELLO_NEEDS_MORE;
        }
        got += len;
        bytes = text_slice(bytes, RECORD_HEADER_SIZE + len, bytes.len);
    }
    return CLIENT_HELLO_COMPLETE;
}

enum client_hello_result client_hello_check(struct text bytes)
{
    enum { FIRST_SIZE = RECORD_HEADER_SIZE + MESSAGE_HEADER_SIZE };
    if (bytes.len > CLIENT_HELLO_BYTES_MAX) {
        return CLIENT_HELLO_INVALID;
    }
    if (bytes.len < FIRST_SIZE) {
        return CLIENT_HELLO_NEEDS_MORE;
    }
    size_t size = read_message_size(text_slice(bytes, RECORD_HEADER_SIZE, MESSAGE_HEADER_SIZE));
    if (size == 0 || read_record_size(bytes) < MESSAGE_HEADER_SIZE) {
        return CLIENT_HELLO_INVALID;
    }
    return check_records(bytes, size);
}
