/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds what a client has sent, and what the server has answered, for as long as it may have to be
 * sent again.  Both have a maximum; what exceeds it is delivered, and not repeated.
 */
#ifndef DSQL_PROXY_RETRY_HOLD_H
#define DSQL_PROXY_RETRY_HOLD_H

#include "base/backoff.h"
#include "base/buf.h"
#include "proxy/outgoing.h"
#include "proxy/retry_rule.h"

#include <dsql.h>

enum {
    RETRY_REQUEST_MAX = 1024 * 1024, /* bytes */
    RETRY_ANSWER_MAX = 64 * 1024     /* bytes */
};

/** How often, and how long to wait; as in struct dsql_options. */
struct retry_limits {
    int retries; /* after the first attempt; 0: nothing is held */
    int base_ms;
    int max_ms;
    const struct random_source *random;
};

struct retry_hold {
    struct retry_limits limits;
    bool is_on;               /* the answer is held */
    bool is_request_complete; /* nothing more belongs to the transaction */
    bool is_kept;             /* the request is complete so far */
    bool is_again;            /* not the first attempt */
    enum retry_shape shape;
    bool has_error;
    dsql_occ conflict; /* of the error */
    int retries_left;
    struct backoff backoff;
    struct buf request;
    struct outgoing answer;
};

void retry_hold_init(struct retry_hold *hold, const struct retry_limits *limits);
void retry_hold_clear(struct retry_hold *hold);

/** The first message of a transaction comes.  Nothing happens if there are no retries. */
void retry_hold_begin(struct retry_hold *hold);
/** Bytes of the client that belong to it. */
void retry_hold_request(struct retry_hold *hold, struct text bytes);
/** It is not one that can be repeated: the answer so far is appended to out. */
void retry_hold_release(struct retry_hold *hold, struct outgoing *out);
/** The last byte of the request has come: it has this shape. */
void retry_hold_end_request(struct retry_hold *hold, enum retry_shape shape);

/**
 * Bytes for the client: held, or appended to out.  They are borrowed, as by outgoing_borrow();
 * retry_hold_keep() copies what is held of them.
 */
void retry_hold_answer(struct retry_hold *hold, struct text bytes, bool is_cut,
                       struct outgoing *out);
/** The same for messages that are copied at once. */
void retry_hold_made(struct retry_hold *hold, struct text messages, struct outgoing *out);
void retry_hold_keep(struct retry_hold *hold);
/** An ErrorResponse. */
void retry_hold_error(struct retry_hold *hold, struct text sqlstate, struct text message);

/**
 * ReadyForQuery, which is a part of the answer that was given already.  status: its own.  Unless
 * the decision is RETRY_AGAIN, the answer is appended to out and the hold is over.
 */
enum retry_decision retry_hold_ready(struct retry_hold *hold, char status, struct outgoing *out);

/** How long to wait before the next attempt, after RETRY_AGAIN. */
int64_t retry_hold_delay_ms(struct retry_hold *hold);
/** The next attempt begins: the held answer is dropped.  The request stays. */
void retry_hold_begin_again(struct retry_hold *hold);
/** There will be no next attempt: the held answer is delivered. */
void retry_hold_give_up(struct retry_hold *hold, struct outgoing *out);

#endif
