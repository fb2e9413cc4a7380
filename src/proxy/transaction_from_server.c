/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The direction from server to client.  Of most messages only the type matters.  Four are read
 * whole: errors, ParameterStatus, CommandComplete and ReadyForQuery.
 */
#include "base/reader.h"
#include "proxy/transaction_link.h"
#include "proxy/transaction_message.h"
#include "wire/backend.h"

enum { WHOLE_MAX = 65536 }; /* bytes; a longer error is passed on unread */

static bool must_be_whole(const struct transaction_message *message)
{
    bool is_read = message->type == BACKEND_ERROR || message->type == BACKEND_PARAMETER_STATUS ||
                   message->type == BACKEND_COMMAND_COMPLETE || message->type == BACKEND_READY;
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
        buf_add_text(&client->out, message->all);
    } else if (is_news) { /* it cannot be taken back when the statement is run again */
        retry_hold_release(&client->hold, &client->out);
        buf_add_text(&client->out, message->all);
    }
    return true;
}

static void on_error(struct transaction_server *server, const struct transaction_message *message)
{
    struct error_fields fields = {0};
    (void)backend_parse_error(message->body, &fields);
    if (server->set_up_left > 0) {
        server->has_set_up_failed = true;
        buf_add_text(&server->client->out, message->all);
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
    if (server->verdict == ANSWERS_PASS && server->type == BACKEND_NOTIFICATION) {
        buf_add_text(&client->out, bytes);
    } else if (server->verdict == ANSWERS_PASS) {
        retry_hold_answer(&client->hold, bytes, &client->out);
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
        retry_hold_answer(&client->hold, buf_text(&made), &client->out);
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
        retry_hold_answer(&server->client->hold, answers_made(&server->answers),
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

/* Rows are most of what comes, and nothing happens between them: they are passed on together. */
static size_t rows_at(const struct transaction_server *server, struct text bytes)
{
    const struct answer *head = answers_head(&server->answers);
    size_t len = 0;
    struct transaction_message message;
    if (head == NULL || head->action != ANSWER_PASS ||
        (head->kind != ANSWER_QUERY && head->kind != ANSWER_EXECUTE)) {
        return 0;
    }
    while (read_message(text_slice(bytes, len, bytes.len), &message) == FRAME_COMPLETE &&
           message.type == BACKEND_DATA_ROW && message.is_whole) {
        len += message.size;
    }
    return len;
}

static enum transaction_event take_next(struct transaction_server *server, struct text bytes,
                                        size_t *taken)
{
    struct transaction_message message;
    if (server->body_left > 0) {
        return take_piece(server, bytes, taken);
    }
    size_t rows = rows_at(server, bytes);
    if (rows > 0) {
        server->type = BACKEND_DATA_ROW;
        server->verdict = ANSWERS_PASS;
        pass(server, text_slice(bytes, 0, rows));
        *taken = rows;
        return TRANSACTION_MORE;
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
    return buf_ok(&server->client->out) ? event : TRANSACTION_NO_MEMORY;
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
