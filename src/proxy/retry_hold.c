/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/retry_hold.h"

#include "wire/backend.h"

void retry_hold_init(struct retry_hold *hold, const struct retry_limits *limits)
{
    *hold = (struct retry_hold){.limits = *limits};
    buf_init(&hold->request, RETRY_REQUEST_MAX);
    outgoing_init(&hold->answer, RETRY_ANSWER_MAX);
}

void retry_hold_clear(struct retry_hold *hold)
{
    buf_clear(&hold->request);
    outgoing_clear(&hold->answer);
}

void retry_hold_begin(struct retry_hold *hold)
{
    hold->is_on = hold->limits.retries > 0;
    hold->is_request_complete = false;
    hold->is_kept = true;
    hold->is_again = false;
    hold->shape = RETRY_OTHER;
    hold->has_error = false;
    hold->conflict = DSQL_OCC_NONE;
    hold->retries_left = hold->limits.retries;
    backoff_init(&hold->backoff, hold->limits.base_ms, hold->limits.max_ms, hold->limits.random);
    buf_reset(&hold->request);
    outgoing_drop(&hold->answer);
}

void retry_hold_request(struct retry_hold *hold, struct text bytes)
{
    if (!hold->is_on) {
        return;
    }
    buf_add_text(&hold->request, bytes);
    hold->is_kept = hold->is_kept && buf_ok(&hold->request);
}

/* The memory of a large request is given back: the client may be idle for long. */
static void end_hold(struct retry_hold *hold)
{
    hold->is_on = false;
    hold->is_again = false;
    buf_clear(&hold->request);
    outgoing_clear(&hold->answer);
}

void retry_hold_release(struct retry_hold *hold, struct outgoing *out)
{
    if (hold->is_on) {
        outgoing_move(out, &hold->answer);
        end_hold(hold);
    }
}

void retry_hold_end_request(struct retry_hold *hold, enum retry_shape shape)
{
    hold->shape = shape;
    hold->is_request_complete = true;
}

void retry_hold_answer(struct retry_hold *hold, struct text bytes, bool is_cut,
                       struct outgoing *out)
{
    if (hold->is_on && bytes.len > RETRY_ANSWER_MAX - outgoing_len(&hold->answer)) {
        retry_hold_release(hold, out);
    }
    outgoing_borrow(hold->is_on ? &hold->answer : out, bytes, is_cut);
}

void retry_hold_made(struct retry_hold *hold, struct text messages, struct outgoing *out)
{
    retry_hold_answer(hold, messages, false, out);
    outgoing_keep(hold->is_on ? &hold->answer : out);
}

void retry_hold_keep(struct retry_hold *hold)
{
    outgoing_keep(&hold->answer);
}

void retry_hold_error(struct retry_hold *hold, struct text sqlstate, struct text message)
{
    char state[8];
    char words[256];
    (void)text_copy(sqlstate, state, sizeof state);
    (void)text_copy(text_slice(message, 0, sizeof words - 1), words, sizeof words);
    hold->has_error = true;
    hold->conflict = dsql_occ_classify(state, words);
}

/* Only Aurora DSQL's own conflicts: it has undone the transaction as a whole. */
static bool is_conflict(const struct retry_hold *hold)
{
    return hold->conflict == DSQL_OCC_DATA || hold->conflict == DSQL_OCC_SCHEMA;
}

static enum retry_outcome outcome(const struct retry_hold *hold, char status)
{
    if (!hold->has_error) {
        return RETRY_SUCCESS;
    }
    if (!is_conflict(hold)) {
        return RETRY_ERROR;
    }
    return status == STATUS_IDLE ? RETRY_CONFLICT : RETRY_CONFLICT_IN_BLOCK;
}

enum retry_decision retry_hold_ready(struct retry_hold *hold, char status, struct outgoing *out)
{
    const struct retry_seen seen = {
        .shape = hold->is_request_complete ? hold->shape : RETRY_OTHER,
        .outcome = outcome(hold, status),
        .delivery = hold->is_on ? RETRY_NOTHING_DELIVERED : RETRY_SOMETHING_DELIVERED,
        .request = hold->is_on && hold->is_kept ? RETRY_REQUEST_KEPT : RETRY_REQUEST_GONE,
        .attempts = hold->retries_left > 0 ? RETRY_ATTEMPTS_LEFT : RETRY_NO_ATTEMPTS_LEFT};
    enum retry_decision decision = retry_decide(&seen);
    hold->has_error = false;
    hold->conflict = DSQL_OCC_NONE;
    if (decision != RETRY_AGAIN) {
        retry_hold_release(hold, out);
    }
    return decision;
}

int64_t retry_hold_delay_ms(struct retry_hold *hold)
{
    return backoff_next(&hold->backoff);
}

void retry_hold_begin_again(struct retry_hold *hold)
{
    hold->retries_left--;
    hold->is_again = true;
    outgoing_drop(&hold->answer);
}

void retry_hold_give_up(struct retry_hold *hold, struct outgoing *out)
{
    retry_hold_release(hold, out);
}
