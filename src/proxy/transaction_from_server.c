/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The direction from server to client.  Of most messages only the type matters.  Four are read
 * whole: errors, ParameterStatus, CommandComplete and ReadyForQuery.  So is a notification, which
 * may pass while an answer is held.  Nothing is copied here: what passes is borrowed.
 */
#include "base/reader.h"
#include "proxy/transaction_link.h"
#include "proxy/transaction_message.h"
#include "proxy/transaction_state.h"
#include "wire/backend.h"

#include <string.h>

enum { WHOLE_MAX = 65536 }; /* bytes; a longer error is passed on unread */

static bool must_be_whole(const struct transaction_message *message)
{
    bool is_read = message->type == BACKEND_ERROR || message->type == BACKEND_PARAMETER_STATUS ||
                   message->type == BACKEND_COMMAND_COMPLETE || message->type == BACKEND_READY ||
                   message->type == BACKEND_NOTIFICATION;
    return is_read && message->size <= WHOLE_MAX;
}

static enum frame_result read_message(struct text bytes, struct transaction_message *message)
{
    enum frame_result result = transaction_message_read(bytes, FRAME_SERVER_MAX, message);
    bool is_early = result == FRAME_COMPLETE && must_be_whole(message) && !message->is_whole;
    return is_early ? FRAME_NEEDS_MORE : result;
}

/* ---- What is read of messages ---- */

/* False: no memory. */
static bool on_parameter(struct transaction_server *server,
                         const struct transaction_message *message)
{
    struct transaction_client *client = server->client;
    struct text name;
    struct text value;
    bool is_news = true;
    if (backend_parse_parameter(message->body, &name, &value)) {
        if (!session_parameters_report(&client->parameters, &server->parameters, name, value,
                                       &is_news)) {
            return false;
        }
    }
    if (is_news && server->set_up_left > 0) {
        outgoing_borrow(&client->out, message->all, false);
    } else if (is_news) { /* it cannot be taken back when the statement is run again */
        retry_hold_release(&client->hold, &client->out);
        outgoing_borrow(&client->out, message->all, false);
    }
    return true;
}

static void on_error(struct transaction_server *server, const struct transaction_message *message)
{
    struct error_fields fields = {0};
    (void)backend_parse_error(message->body, &fields);
    if (server->set_up_left > 0) {
        server->has_set_up_failed = true;
        outgoing_borrow(&server->client->out, message->all, false);
        return;
    }
    server->is_failed = true;
    statements_error(&server->link, fields.sqlstate);
    retry_hold_error(&server->client->hold, fields.sqlstate, fields.message);
}

/* COMMIT of a failed transaction rolls back. */
static bool apply(struct transaction_server *server, const struct statement_effect *effect,
                  struct text tag)
{
    struct transaction_client *client = server->client;
    struct statement_effect seen = *effect;
    if (effect->kind == STATEMENT_COMMIT && text_equal_string(tag, "ROLLBACK")) {
        seen.kind = STATEMENT_ROLLBACK;
    }
    if (effect->kind == STATEMENT_KEEPS_SESSION || effect->kind == STATEMENT_PREPARE) {
        client->is_pinned = true;
    } else if (effect->kind == STATEMENT_DISCARD_ALL) {
        client->is_pinned = false; /* nothing is left */
    }
    return session_parameters_apply(&client->parameters, &server->parameters, &seen);
}

/*
 * A statement of which nothing is known, such as a portal whose name was used twice.  Only the end
 * of a transaction can be seen from its tag.
 */
static bool apply_tag(struct transaction_server *server, struct text tag)
{
    struct statement_effect effect = {.kind = STATEMENT_OTHER};
    if (text_equal_string(tag, "COMMIT")) {
        effect.kind = STATEMENT_COMMIT;
    } else if (text_equal_string(tag, "ROLLBACK")) {
        effect.kind = STATEMENT_ROLLBACK;
    }
    return apply(server, &effect, tag);
}

/* False: no memory. */
static bool on_complete(struct transaction_server *server,
                        const struct transaction_message *message)
{
    struct reader reader;
    reader_init(&reader, message->body);
    struct text tag = reader_cstring(&reader);
    bool is_first = true;
    bool is_fine = true;
    const struct statement_effect *effect = statements_completed(&server->link, tag, &is_first);
    if (effect == NULL) {
        return apply_tag(server, tag);
    }
    while (effect != NULL && is_fine) {
        is_fine = apply(server, effect, tag);
        effect = statements_completed(&server->link, tag, &is_first);
    }
    return is_fine;
}

/* False: no memory. */
static bool look_into(struct transaction_server *server, const struct transaction_message *message)
{
    switch (message->type) {
    case BACKEND_PARAMETER_STATUS:
        return on_parameter(server, message);
    case BACKEND_ERROR:
        on_error(server, message);
        return true;
    case BACKEND_COMMAND_COMPLETE:
        return server->verdict != ANSWERS_PASS || on_complete(server, message);
    case BACKEND_COPY_IN: /* COPY: what the client sends now is not kept */
    case BACKEND_COPY_OUT:
    case BACKEND_COPY_BOTH:
        retry_hold_release(&server->client->hold, &server->client->out);
        return true;
    default:
        return true;
    }
}

/* ---- ReadyForQuery ---- */

static void count_conflict(struct transaction_pool *pool, const struct retry_hold *hold)
{
    pool->conflicts_data += hold->conflict == DSQL_OCC_DATA ? 1 : 0;
    pool->conflicts_schema += hold->conflict == DSQL_OCC_SCHEMA ? 1 : 0;
}

static enum transaction_event decide(struct transaction_server *server, char status)
{
    struct transaction_client *client = server->client;
    struct transaction_pool *pool = server->pool;
    bool was_again = client->hold.is_again;
    count_conflict(pool, &client->hold);
    switch (retry_hold_ready(&client->hold, status, &client->out)) {
    case RETRY_AGAIN:
        client->is_again = true;
        return TRANSACTION_AGAIN;
    case RETRY_DELIVER_GAVE_UP:
        pool->retries_gave_up++;
        break;
    case RETRY_DELIVER_NOT_ALLOWED:
        pool->retries_not_allowed++;
        break;
    case RETRY_DELIVER:
        pool->retries_succeeded += was_again ? 1 : 0;
        break;
    case RETRY_END:
        break;
    }
    return transaction_is_free(server) ? TRANSACTION_FREE : TRANSACTION_MORE;
}

static enum transaction_event end_set_up(struct transaction_server *server)
{
    server->set_up_left--;
    if (server->has_set_up_failed) {
        return TRANSACTION_SET_UP_FAILED;
    }
    if (server->set_up_left == 0 && server->client->is_again) {
        return transaction_send_again(server->client);
    }
    return TRANSACTION_MORE;
}

static enum transaction_event on_ready(struct transaction_server *server, char status)
{
    if (server->set_up_left > 0) {
        return end_set_up(server);
    }
    bool is_failed = server->is_failed;
    server->is_failed = false;
    statements_ready(&server->link, status, server->period);
    if (status == STATUS_IDLE && !session_parameters_end_transaction(
                                     &server->client->parameters, &server->parameters, is_failed)) {
        return TRANSACTION_NO_MEMORY;
    }
    return decide(server, status);
}

/* ---- Passing on ---- */

/* A notification belongs to no statement: it is neither held nor dropped with its answer. */
static void pass(struct transaction_server *server, struct text bytes)
{
    struct transaction_client *client = server->client;
    bool is_cut = server->body_left > 0 || server->header_len > 0;
    if (server->verdict == ANSWERS_PASS && server->type == BACKEND_NOTIFICATION) {
        outgoing_borrow(&client->out, bytes, is_cut);
    } else if (server->verdict == ANSWERS_PASS) {
        retry_hold_answer(&client->hold, bytes, is_cut, &client->out);
    }
}

/* The message is complete. */
static enum transaction_event end_message(struct transaction_server *server, char status)
{
    struct transaction_client *client = server->client;
    struct buf made AUTO_BUF;
    buf_init(&made, TRANSACTION_UNTAKEN_MAX);
    answers_next(&server->answers, server->type, status, &made);
    if (made.len > 0) {
        retry_hold_made(&client->hold, buf_text(&made), &client->out);
    }
    if (!buf_ok(&made)) {
        return TRANSACTION_NO_MEMORY;
    }
    return server->type == BACKEND_READY ? on_ready(server, status) : TRANSACTION_MORE;
}

static enum transaction_event take_piece(struct transaction_server *server, struct text bytes,
                                         size_t *taken)
{
    struct text piece = text_slice(bytes, 0, server->body_left);
    *taken = piece.len;
    server->body_left -= piece.len;
    pass(server, piece);
    return server->body_left == 0 ? end_message(server, '\0') : TRANSACTION_MORE;
}

/* An error that answers nothing: the server ends the connection.  A client that is idle would take
   it for the answer to what it sends next. */
static bool is_announcement(const struct transaction_server *server, char type)
{
    return type == BACKEND_ERROR && answers_head(&server->answers) == NULL &&
           transaction_is_idle(server);
}

static enum transaction_event take_message(struct transaction_server *server,
                                           const struct transaction_message *message, size_t *taken)
{
    if (is_announcement(server, message->type)) {
        server->must_close = true;
        *taken = message->all.len;
        return TRANSACTION_CLOSING;
    }
    server->type = message->type;
    server->verdict = answers_receive(&server->answers, message->type);
    if (server->verdict == ANSWERS_INVALID ||
        (message->type == BACKEND_READY && message->body.len != 1)) {
        return TRANSACTION_INVALID;
    }
    if (!look_into(server, message)) {
        return TRANSACTION_NO_MEMORY;
    }
    if (message->type == BACKEND_PARAMETER_STATUS) {
        server->verdict = ANSWERS_SWALLOW; /* it was passed on, if it was news */
    }
    if (server->verdict == ANSWERS_REPLACE) {
        retry_hold_made(&server->client->hold, answers_made(&server->answers),
                        &server->client->out);
    }
    *taken = message->all.len;
    server->body_left = message->size - message->all.len;
    pass(server, message->all);
    char status = message->type == BACKEND_READY ? message->body.data[0] : '\0';
    const struct answer *head = answers_head(&server->answers);
    server->period = head != NULL ? head->number : 0;
    return server->body_left == 0 ? end_message(server, status) : TRANSACTION_MORE;
}

/*
 * Rows and CopyData are most of what comes, and nothing happens between them: they are passed on
 * together, and cut where the bytes end, be it in a header.
 */
static bool is_bulk(const struct transaction_server *server, char type)
{
    const struct answer *head = answers_head(&server->answers);
    return (type == BACKEND_DATA_ROW || type == FRONTEND_COPY_DATA) && head != NULL &&
           head->action == ANSWER_PASS &&
           (head->kind == ANSWER_QUERY || head->kind == ANSWER_EXECUTE);
}

/* The header that is kept is complete. */
static enum transaction_event begin_cut_body(struct transaction_server *server)
{
    struct transaction_message message;
    enum frame_result result = transaction_message_read(
        text_of_bytes(server->header, server->header_len), FRAME_SERVER_MAX, &message);
    server->header_len = 0;
    server->body_left = message.body_size;
    return result == FRAME_COMPLETE ? TRANSACTION_MORE : TRANSACTION_INVALID;
}

/* What there is of a header, from where it was cut before.  Its last bytes pass with the body. */
static enum transaction_event take_cut_header(struct transaction_server *server, struct text bytes,
                                              size_t *taken)
{
    struct text piece = text_slice(bytes, 0, FRAME_HEADER_SIZE - server->header_len);
    enum transaction_event event = TRANSACTION_MORE;
    memcpy(server->header + server->header_len, piece.data, piece.len);
    server->header_len += piece.len;
    if (server->header_len == FRAME_HEADER_SIZE) {
        event = begin_cut_body(server);
    }
    if (event == TRANSACTION_MORE) {
        *taken = piece.len;
        pass(server, piece);
    }
    return event;
}

static enum transaction_event take_bulk(struct transaction_server *server, struct text bytes,
                                        size_t *taken)
{
    size_t whole = frame_run(bytes, bytes.data[0], FRAME_SERVER_MAX);
    server->type = bytes.data[0];
    server->verdict = ANSWERS_PASS;
    *taken = whole;
    if (whole > 0) {
        pass(server, text_slice(bytes, 0, whole));
        return TRANSACTION_MORE;
    }
    return take_cut_header(server, bytes, taken);
}

static enum transaction_event take_next(struct transaction_server *server, struct text bytes,
                                        size_t *taken)
{
    struct transaction_message message;
    if (server->body_left > 0) {
        return take_piece(server, bytes, taken);
    }
    if (server->header_len > 0) {
        return take_cut_header(server, bytes, taken);
    }
    if (is_bulk(server, bytes.data[0])) {
        return take_bulk(server, bytes, taken);
    }
    enum frame_result result = read_message(bytes, &message);
    if (result != FRAME_COMPLETE) {
        return result == FRAME_MALFORMED ? TRANSACTION_INVALID : TRANSACTION_MORE;
    }
    return take_message(server, &message, taken);
}

enum transaction_event transaction_server_data(struct transaction_server *server, struct text bytes,
                                               size_t *taken)
{
    enum transaction_event event = TRANSACTION_MORE;
    size_t step = 1;
    *taken = 0;
    while (*taken < bytes.len && step > 0 && event == TRANSACTION_MORE) {
        step = 0;
        event = take_next(server, text_slice(bytes, *taken, bytes.len), &step);
        *taken += step;
    }
    retry_hold_keep(&server->client->hold);
    bool is_fine = outgoing_ok(&server->client->out) && outgoing_ok(&server->client->hold.answer);
    return is_fine ? event : TRANSACTION_NO_MEMORY;
}

enum transaction_event transaction_idle_data(struct transaction_server *server, struct text bytes,
                                             size_t *taken)
{
    struct transaction_message message;
    *taken = 0;
    enum frame_result result = read_message(bytes, &message);
    while (result == FRAME_COMPLETE && message.is_whole) {
        struct text name;
        struct text value;
        bool is_parameter = message.type == BACKEND_PARAMETER_STATUS;
        if (!is_parameter && message.type != BACKEND_NOTICE &&
            message.type != BACKEND_NOTIFICATION) {
            return TRANSACTION_INVALID;
        }
        if (is_parameter && backend_parse_parameter(message.body, &name, &value) &&
            !server_parameters_login(&server->parameters, &server->pool->defaults, name, value)) {
            return TRANSACTION_NO_MEMORY;
        }
        *taken += message.size;
        result = read_message(text_slice(bytes, *taken, bytes.len), &message);
    }
    bool is_too_long = result == FRAME_COMPLETE && message.size > WHOLE_MAX;
    return result == FRAME_MALFORMED || is_too_long ? TRANSACTION_INVALID : TRANSACTION_MORE;
}
