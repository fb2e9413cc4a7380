/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The next message of a stream, of which perhaps only the beginning is there. */
#ifndef DSQL_PROXY_TRANSACTION_MESSAGE_H
#define DSQL_PROXY_TRANSACTION_MESSAGE_H

#include "wire/message.h"

struct transaction_message {
    char type;
    size_t size; /* header and body */
    size_t body_size;
    struct text all;  /* what is there of it */
    struct text body; /* what is there of its body */
    bool is_whole;
};

/** FRAME_COMPLETE: the header is there.  max: of the length in it. */
enum frame_result transaction_message_read(struct text bytes, size_t max,
                                           struct transaction_message *message);

#endif
