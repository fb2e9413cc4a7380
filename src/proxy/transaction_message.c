/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/transaction_message.h"

#include "base/reader.h"

/* The length counts itself. */
enum frame_result transaction_message_read(struct text bytes, size_t max,
                                           struct transaction_message *message)
{
    struct reader reader;
    reader_init(&reader, bytes);
    message->type = (char)reader_u8(&reader);
    uint32_t length = reader_u32(&reader);
    if (!reader_ok(&reader)) {
        return FRAME_NEEDS_MORE;
    }
    if (length < sizeof length || length > max) {
        return FRAME_MALFORMED;
    }
    message->body_size = length - sizeof length;
    message->size = message->body_size + FRAME_HEADER_SIZE;
    message->all = text_slice(bytes, 0, message->size);
    message->body = text_slice(message->all, FRAME_HEADER_SIZE, message->size);
    message->is_whole = message->all.len == message->size;
    return FRAME_COMPLETE;
}
