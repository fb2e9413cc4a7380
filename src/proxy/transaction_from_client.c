/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The direction from client to server.  Short messages are handled whole; a Query, the parameters
 * of a Bind and CopyData are passed on in pieces.  A message that must wait is left with the
 * caller.
 */
#include "base/reader.h"
#include "proxy/transaction_link.h"
#include "proxy/transaction_message.h"
#include "proxy/transaction_state.h"
#include "wire/backend.h"
#include "wire/frontend.h"

enum {
    SHORT_MAX = 4096,       /* bytes of Describe, Close, Execute, and of the two names of Bind */
    QUERY_WHOLE_MAX = 8192, /* bytes of a Query that is read before it is sent */
    AHEAD_MAX = ANSWERS_MAX / 2 /* messages without an answer; a message may add several */
};

/* Odd, so that its multiples differ. */
static const uint64_t UNKNOWN_SETTINGS = UINT64_C(0x9e3779b97f4a7c15);

static enum transaction_event event_of(enum statements_result result)
{
    switch (result) {
    case STATEMENTS_SENT:
        return TRANSACTION_MORE;
    case STATEMENTS_WAIT:
        return TRANSACTION_WAITS;
    case STATEMENTS_FAILED:
        break;
    }
    return TRANSACTION_NO_MEMORY;
}

/* ---- Messages in pieces ---- */

/* The rest of the message follows in pieces, and is passed on or dropped. */
static void begin_pieces(struct transaction_client *client,
                         const struct transaction_message *message, size_t body_taken,
                         bool is_dropping)
{
    client->type = message->type;
    client->body_left = message->body_size - body_taken;
    client->is_dropping = is_dropping;
}

static void begin_reading(struct transaction_client *client)
{
    client->is_text_over = false;
    statement_reader_init(&client->reader, &client->server->link.rules);
}

/* A NUL ends the text.  Only in a Parse something follows it: the types. */
static void read_sql(struct transaction_client *client, struct text piece)
{
    size_t len = piece.len;
    if (client->is_text_over) {
        return;
    }
    client->is_text_over = text_find(piece, '\0', &len);
    statement_reader_add(&client->reader, text_slice(piece, 0, len));
}

/* A request that is sent again is there already. */
static void keep(struct transaction_client *client, struct text bytes)
{
    if (!client->is_again) {
        retry_hold_request(&client->hold, bytes);
    }
}

/* The answers that are made here, if it is their turn. */
static void flush_made(struct transaction_client *client)
{
    struct buf made AUTO_BUF;
    buf_init(&made, TRANSACTION_UNTAKEN_MAX);
    answers_flush(&client->server->answers, &made);
    client->out.copied.is_broken = client->out.copied.is_broken || !buf_ok(&made);
    if (made.len > 0) {
        retry_hold_made(&client->hold, buf_text(&made), &client->out);
    }
}

/* When it is sent: a function such as pg_advisory_lock() has an effect though its statement fails.
 */
static void note_what_stays(struct transaction_client *client,
                            const struct statement_summary *summary)
{
    client->leaves_state =
        client->leaves_state || summary->leaves_state ||
        (summary->has_names && client_statements_leave_state(&client->statements));
}

/* The Query was sent, or is about to be.  Takes the effects over. */
static enum transaction_event note_query(struct transaction_client *client,
                                         struct statement_summary *summary)
{
    struct statements *link = &client->server->link;
    bool is_alone = !link->answers->is_open;
    client->is_pinned = client->is_pinned || summary->is_unclear;
    note_what_stays(client, summary);
    if (is_alone && statement_summary_is_undoable(summary)) {
        retry_hold_end_request(&client->hold, RETRY_ONE_STATEMENT);
    } else {
        retry_hold_release(&client->hold, &client->out);
    }
    return event_of(statements_query(link, summary));
}

/* Of a Query that came in pieces. */
static enum transaction_event end_query(struct transaction_client *client)
{
    struct statement_summary summary = statement_reader_end(&client->reader);
    if (client->server->link.answers->is_skipping) { /* an error came while it was passed on */
        statement_effects_free(summary.effects);
        return TRANSACTION_MORE;
    }
    return note_query(client, &summary);
}

/* The summary may be that of a statement that nobody has any more. */
static void end_long_parse(struct transaction_client *client)
{
    client->opaque->summary = statement_reader_end(&client->reader);
    statement_unref(client->opaque);
    client->opaque = NULL;
}

/* The server's error may have ended the COPY before. */
static enum transaction_event end_copy_data(const struct transaction_client *client)
{
    return transaction_is_free(client->server) ? TRANSACTION_FREE : TRANSACTION_MORE;
}

static enum transaction_event end_pieces(struct transaction_client *client)
{
    struct statements *link = client->server == NULL ? NULL : &client->server->link;
    if (client->is_dropping || link == NULL) {
        return TRANSACTION_MORE;
    }
    switch (client->type) {
    case FRONTEND_QUERY:
        return end_query(client);
    case FRONTEND_PARSE:
        end_long_parse(client);
        return TRANSACTION_MORE;
    case FRONTEND_FUNCTION_CALL:
        return link->answers->is_skipping ? TRANSACTION_MORE
                                          : event_of(statements_function_call(link));
    case FRONTEND_COPY_DATA:
        return end_copy_data(client);
    case FRONTEND_COPY_DONE:
    case FRONTEND_COPY_FAIL:
        return answers_end_copy(link->answers) ? TRANSACTION_MORE : TRANSACTION_NO_MEMORY;
    default:
        return TRANSACTION_MORE;
    }
}

static enum transaction_event take_piece(struct transaction_client *client, struct text bytes,
                                         size_t *taken)
{
    struct text piece = text_slice(bytes, 0, client->body_left);
    *taken = piece.len;
    client->body_left -= piece.len;
    if (!client->is_dropping && client->server != NULL) {
        keep(client, piece);
        buf_add_text(&client->server->out, piece);
        if (client->type == FRONTEND_QUERY || client->opaque != NULL) {
            read_sql(client, piece);
        }
    }
    return client->body_left == 0 ? end_pieces(client) : TRANSACTION_MORE;
}

/* Takes the header, which is passed on too, and as much of the body as is there. */
static enum transaction_event pass_in_pieces(struct transaction_client *client,
                                             const struct transaction_message *message,
                                             bool is_dropping, size_t *taken)
{
    struct text header = text_slice(message->all, 0, FRAME_HEADER_SIZE);
    size_t piece = 0;
    begin_pieces(client, message, 0, is_dropping);
    if (!is_dropping) {
        keep(client, header);
        buf_add_text(&client->server->out, header);
    }
    enum transaction_event event = take_piece(client, message->body, &piece);
    *taken = FRAME_HEADER_SIZE + piece;
    return event;
}

/* ---- A Query that is read before it is sent ---- */

static struct text sql_of(const struct transaction_message *message)
{
    size_t len = message->body.len;
    (void)text_find(message->body, '\0', &len);
    return text_slice(message->body, 0, len);
}

static struct statement_summary read_query(struct transaction_client *client, struct text sql)
{
    const struct lexer_rules rules = session_parameters_rules(&client->parameters);
    struct statement_reader reader;
    statement_reader_init(&reader, &rules);
    statement_reader_add(&reader, sql);
    return statement_reader_end(&reader);
}

static void write_deallocated(struct buf *out)
{
    frame_write(out, BACKEND_COMMAND_COMPLETE, text_of_bytes("DEALLOCATE", sizeof "DEALLOCATE"));
}

/* Each of its statements is answered here; a Sync brings ReadyForQuery, as a Query would. */
static enum transaction_event deallocate_here(struct transaction_client *client,
                                              const struct text_translation *translation)
{
    struct statements *link = &client->server->link;
    enum transaction_event event = TRANSACTION_MORE;
    if (link->answers->count > 0) {
        return TRANSACTION_WAITS; /* for the state of the transaction */
    }
    retry_hold_release(&client->hold, &client->out);
    statement_slot_empty(&client->statements.unnamed); /* as by any Query */
    for (size_t i = 0; i < translation->count && event == TRANSACTION_MORE; i++) {
        struct buf answer AUTO_BUF;
        buf_init(&answer, SHORT_MAX);
        write_deallocated(&answer);
        event = event_of(statements_deallocate(link, translation->names[i], buf_text(&answer)));
    }
    return event == TRANSACTION_MORE ? event_of(statements_sync(link, &client->server->out))
                                     : event;
}

static void write_query(const struct text_translation *translation, struct buf *out)
{
    frontend_add_header(out, FRONTEND_QUERY, translation->sql.len + 1);
    frontend_add_string(out, buf_text(&translation->sql));
}

/* What is sent again is translated again.  NULL: as it is.  Takes the effects over. */
static enum transaction_event send_query(struct transaction_client *client,
                                         const struct transaction_message *message,
                                         const struct text_translation *translation,
                                         struct statement_summary *summary)
{
    keep(client, message->all);
    if (translation != NULL && translation->count > 0) {
        write_query(translation, &client->server->out);
    } else {
        buf_add_text(&client->server->out, message->all);
    }
    return note_query(client, summary);
}

/* Takes the effects over when it has taken the message. */
static enum transaction_event take_translated(struct transaction_client *client,
                                              const struct transaction_message *message,
                                              const struct text_translation *translation,
                                              struct statement_summary *summary)
{
    struct statements *link = &client->server->link;
    bool is_here = translation->is_local && !link->answers->is_open &&
                   (link->answers->count > 0 || link->answers->status != STATUS_FAILED);
    if (is_here) {
        enum transaction_event event = deallocate_here(client, translation);
        statement_effects_free(event == TRANSACTION_MORE ? summary->effects : NULL);
        return event;
    }
    enum transaction_event event =
        event_of(statements_name(link, translation, &client->server->out));
    return event == TRANSACTION_MORE ? send_query(client, message, translation, summary) : event;
}

static bool names_own_statements(const struct transaction_client *client,
                                 const struct transaction_message *message,
                                 const struct statement_summary *summary)
{
    return summary->has_names && client->statements.count > 0 &&
           message->size <= STATEMENT_TEXT_MAX;
}

static enum transaction_event take_whole_query(struct transaction_client *client,
                                               const struct transaction_message *message,
                                               size_t *taken)
{
    struct text sql = sql_of(message);
    struct statement_summary summary = read_query(client, sql);
    enum transaction_event event = TRANSACTION_NO_MEMORY;
    if (names_own_statements(client, message, &summary)) {
        struct text_translation translation;
        if (text_translate(&client->statements, sql, &client->server->link.rules, &summary,
                           &translation)) {
            event = take_translated(client, message, &translation, &summary);
        }
        text_translation_clear(&translation);
    } else {
        event = send_query(client, message, NULL, &summary);
    }
    if (event == TRANSACTION_MORE) {
        *taken = message->size;
    } else {
        statement_effects_free(summary.effects);
    }
    return event;
}

/* ---- Without a connection ---- */

/* A Query with nothing but DEALLOCATE of names that the client has prepared by the protocol. */
static bool deallocate_without_server(struct transaction_client *client,
                                      const struct transaction_message *message)
{
    struct text sql = sql_of(message);
    struct text first = text_trim_start(sql);
    if (text_is_empty(first) || char_to_lower(first.data[0]) != 'd') {
        return false;
    }
    const struct lexer_rules rules = session_parameters_rules(&client->parameters);
    struct statement_summary summary = read_query(client, sql);
    struct text_translation translation;
    bool is_it = text_translate(&client->statements, sql, &rules, &summary, &translation) &&
                 translation.is_local;
    for (size_t i = 0; is_it && i < translation.count; i++) {
        statement_slot_empty(
            client_statements_find(&client->statements, text_of(translation.names[i])));
        write_deallocated(outgoing_end(&client->out));
    }
    text_translation_clear(&translation);
    statement_effects_free(summary.effects);
    return is_it;
}

static bool is_copy_data(char type)
{
    return type == FRONTEND_COPY_DATA || type == FRONTEND_COPY_DONE || type == FRONTEND_COPY_FAIL;
}

/* Some messages need no server. */
static enum transaction_event without_server(struct transaction_client *client,
                                             const struct transaction_message *message,
                                             size_t *taken)
{
    *taken = message->size;
    if (is_copy_data(message->type) || message->type == FRONTEND_FLUSH) {
        return pass_in_pieces(client, message, true, taken); /* left over from a failed COPY */
    }
    if (message->type == FRONTEND_SYNC && message->body_size == 0) {
        frame_write(outgoing_end(&client->out), BACKEND_READY, text_of_bytes("I", 1));
        return TRANSACTION_MORE;
    }
    if (message->type == FRONTEND_QUERY && message->size <= QUERY_WHOLE_MAX) {
        if (!message->is_whole) {
            *taken = 0;
            return TRANSACTION_MORE;
        }
        if (deallocate_without_server(client, message)) {
            statement_slot_empty(&client->statements.unnamed); /* as by any Query */
            client_statements_tidy(&client->statements);
            frame_write(outgoing_end(&client->out), BACKEND_READY, text_of_bytes("I", 1));
            return TRANSACTION_MORE;
        }
    }
    *taken = 0;
    return TRANSACTION_NEEDS_SERVER;
}

/* ---- Messages ---- */

/* What is too long to be kept whole is passed on as it comes: its names are not translated. */
static enum transaction_event take_query(struct transaction_client *client,
                                         const struct transaction_message *message, size_t *taken)
{
    if (message->is_whole) {
        return take_whole_query(client, message, taken);
    }
    if (message->size <= QUERY_WHOLE_MAX) {
        return TRANSACTION_MORE;
    }
    begin_reading(client);
    return pass_in_pieces(client, message, false, taken);
}

/* Only the name is needed; all of a text that is too long is never there. */
static enum transaction_event take_long_parse(struct transaction_client *client,
                                              const struct transaction_message *message,
                                              size_t *taken)
{
    struct statements *link = &client->server->link;
    struct reader reader;
    bool is_refused = false;
    reader_init(&reader, message->body);
    struct text name = reader_cstring(&reader);
    if (!reader_ok(&reader)) {
        return message->body.len > SHORT_MAX ? TRANSACTION_INVALID : TRANSACTION_MORE;
    }
    enum transaction_event event = event_of(statements_parse_long(
        link, name, message->body_size, &client->server->out, &is_refused, &client->opaque));
    if (event != TRANSACTION_MORE) {
        return event;
    }
    (void)statement_ref(client->opaque);
    size_t piece = 0;
    retry_hold_release(&client->hold, &client->out);
    begin_reading(client);
    begin_pieces(client, message, 0, is_refused);
    if (!is_refused) { /* the empty name is not SQL */
        buf_add_char(&client->server->out, '\0');
        client->body_left--;
    }
    event = take_piece(client, is_refused ? message->body : reader_rest(&reader), &piece);
    *taken = FRAME_HEADER_SIZE + piece + (is_refused ? 0 : 1);
    return event;
}

static enum transaction_event take_parse(struct transaction_client *client,
                                         const struct transaction_message *message, size_t *taken)
{
    if (message->body_size > STATEMENT_TEXT_MAX) {
        return take_long_parse(client, message, taken);
    }
    if (!message->is_whole) {
        return TRANSACTION_MORE;
    }
    enum transaction_event event =
        event_of(statements_parse(&client->server->link, message->body, &client->server->out));
    if (event == TRANSACTION_MORE) {
        *taken = message->size;
        keep(client, message->all);
    }
    return event;
}

/* NULL: the server will refuse it. */
static void note_bound(struct transaction_client *client, const struct statement *bound)
{
    if (bound != NULL) {
        note_what_stays(client, &bound->summary);
    }
    client->is_batch_undoable = client->is_batch_undoable && bound != NULL &&
                                statement_summary_is_undoable(&bound->summary);
}

static enum transaction_event take_bind(struct transaction_client *client,
                                        const struct transaction_message *message, size_t *taken)
{
    if (!message->is_whole && !statements_bind_is_enough(message->body)) {
        return message->body.len > SHORT_MAX ? TRANSACTION_INVALID : TRANSACTION_MORE;
    }
    struct statement *bound = NULL;
    enum transaction_event event = event_of(statements_bind(
        &client->server->link, message->body, message->body_size, &client->server->out, &bound));
    if (event == TRANSACTION_MORE) {
        *taken = message->all.len;
        keep(client, message->all);
        note_bound(client, bound);
        begin_pieces(client, message, message->body.len, false);
    }
    return event;
}

/* Describe, Close and Execute. */
static enum transaction_event take_short(struct transaction_client *client,
                                         const struct transaction_message *message, size_t *taken)
{
    struct statements *link = &client->server->link;
    struct buf *out = &client->server->out;
    if (message->size > SHORT_MAX) {
        return TRANSACTION_INVALID;
    }
    if (!message->is_whole) {
        return TRANSACTION_MORE;
    }
    enum statements_result result =
        message->type == FRONTEND_DESCRIBE ? statements_describe(link, message->body, out)
        : message->type == FRONTEND_CLOSE  ? statements_close(link, message->body, out)
                                           : statements_execute(link, message->body, out);
    if (result == STATEMENTS_SENT) {
        *taken = message->size;
        keep(client, message->all);
    }
    return event_of(result);
}

static enum transaction_event take_sync(struct transaction_client *client,
                                        const struct transaction_message *message, size_t *taken)
{
    struct transaction_server *server = client->server;
    if (!message->is_whole) {
        return TRANSACTION_MORE;
    }
    *taken = message->size;
    if (server->answers.is_copy_in) {
        return TRANSACTION_MORE; /* the server ignores it */
    }
    keep(client, message->all);
    if (client->is_batch_undoable) {
        retry_hold_end_request(&client->hold, RETRY_ONE_BATCH);
    } else {
        retry_hold_release(&client->hold, &client->out);
    }
    return event_of(statements_sync(&server->link, &server->out));
}

/* The client waits for answers before it has sent its batch as a whole. */
static enum transaction_event take_flush(struct transaction_client *client,
                                         const struct transaction_message *message, size_t *taken)
{
    retry_hold_release(&client->hold, &client->out);
    return pass_in_pieces(client, message, client->server->answers.is_copy_in, taken);
}

static enum transaction_event take_by_type(struct transaction_client *client,
                                           const struct transaction_message *message, size_t *taken)
{
    switch (message->type) {
    case FRONTEND_QUERY:
        return take_query(client, message, taken);
    case FRONTEND_PARSE:
        return take_parse(client, message, taken);
    case FRONTEND_BIND:
        return take_bind(client, message, taken);
    case FRONTEND_DESCRIBE:
    case FRONTEND_CLOSE:
    case FRONTEND_EXECUTE:
        return take_short(client, message, taken);
    case FRONTEND_SYNC:
        return take_sync(client, message, taken);
    case FRONTEND_FLUSH:
        return take_flush(client, message, taken);
    case FRONTEND_FUNCTION_CALL:
        retry_hold_release(&client->hold, &client->out);
        return pass_in_pieces(client, message, false, taken);
    case FRONTEND_COPY_DATA:
    case FRONTEND_COPY_DONE:
    case FRONTEND_COPY_FAIL:
        return pass_in_pieces(client, message, false, taken);
    default:
        return TRANSACTION_INVALID;
    }
}

/* The first message of a transaction: what follows may have to be sent again. */
static void begin_if_idle(struct transaction_client *client)
{
    const struct transaction_server *server = client->server;
    bool is_first = answers_are_complete(&server->answers) && !client->is_again;
    if (is_first) {
        client->is_batch_undoable = true;
    }
    if (is_first && server->answers.status == STATUS_IDLE) {
        retry_hold_begin(&client->hold);
    }
}

/* See is_copy_disturbed() in answers.c. */
static bool disturbs_copy(const struct transaction_server *server, char type)
{
    return server->answers.is_copy_in && !is_copy_data(type) && type != FRONTEND_SYNC &&
           type != FRONTEND_FLUSH;
}

/* A notice that answers nothing is passed on to its end: what follows may be held, and is not cut.
 */
static bool is_in_notice(const struct transaction_server *server)
{
    return server->body_left > 0 && answers_are_complete(&server->answers);
}

static bool must_wait(const struct transaction_client *client)
{
    return client->server->set_up_left > 0 || is_in_notice(client->server) ||
           (!client->is_again && client->hold.is_on && client->hold.is_request_complete);
}

/* A client that sends faster than the server answers, as in pipeline mode, is slowed down. */
static bool is_far_ahead(const struct transaction_client *client)
{
    return client->server->answers.count >= AHEAD_MAX;
}

/* The server may keep its answers until it has more to send, or a Flush. */
static enum transaction_event wait_for_answers(struct transaction_client *client)
{
    struct transaction_server *server = client->server;
    retry_hold_release(&client->hold, &client->out);
    if (server->answers.is_open && !server->answers.is_copy_in) {
        frame_write(&server->out, FRONTEND_FLUSH, text_of(""));
    }
    return TRANSACTION_WAITS;
}

/*
 * What a text means depends on settings, and a statement that was prepared with others is not the
 * same.
 */
static bool depends_on_settings_under_way(const struct transaction_client *client, char type)
{
    return client->server->link.setting_changes > 0 &&
           (type == FRONTEND_PARSE || type == FRONTEND_QUERY);
}

/* What is prepared before the settings are known is shared with nobody. */
static void follow_parameters(struct transaction_client *client)
{
    struct statements *link = &client->server->link;
    link->settings = client->parameters.state.list.statement_fingerprint;
    if (link->are_settings_unknown) {
        link->settings ^= UNKNOWN_SETTINGS * ++client->pool->unknown_settings;
    }
    link->rules = session_parameters_rules(&client->parameters);
}

static enum transaction_event take_message(struct transaction_client *client,
                                           const struct transaction_message *message, size_t *taken)
{
    *taken = 0;
    if (message->type == FRONTEND_TERMINATE) {
        return TRANSACTION_TERMINATE;
    }
    if (client->server == NULL) {
        return without_server(client, message, taken);
    }
    if (must_wait(client)) {
        return TRANSACTION_WAITS;
    }
    if (is_far_ahead(client) || depends_on_settings_under_way(client, message->type)) {
        return wait_for_answers(client);
    }
    if (client->server->answers.is_skipping && message->type != FRONTEND_SYNC) {
        return pass_in_pieces(client, message, true, taken);
    }
    if (is_copy_data(message->type) && answers_are_complete(&client->server->answers)) {
        return pass_in_pieces(client, message, true, taken);
    }
    if (disturbs_copy(client->server, message->type)) {
        return TRANSACTION_INVALID;
    }
    begin_if_idle(client);
    follow_parameters(client);
    enum transaction_event event = take_by_type(client, message, taken);
    flush_made(client);
    return event;
}

static bool are_bufs_fine(const struct transaction_client *client)
{
    return outgoing_ok(&client->out) && (client->server == NULL || buf_ok(&client->server->out));
}

static enum transaction_event take_all(struct transaction_client *client, struct text bytes,
                                       size_t *taken)
{
    enum transaction_event event = TRANSACTION_MORE;
    *taken = 0;
    while (*taken < bytes.len && event == TRANSACTION_MORE) {
        struct text rest = text_slice(bytes, *taken, bytes.len);
        struct transaction_message message;
        size_t step = 0;
        if (client->body_left > 0) {
            event = take_piece(client, rest, &step);
        } else {
            enum frame_result result = transaction_message_read(rest, FRAME_CLIENT_MAX, &message);
            if (result != FRAME_COMPLETE) {
                return result == FRAME_MALFORMED ? TRANSACTION_INVALID : TRANSACTION_MORE;
            }
            event = take_message(client, &message, &step);
        }
        *taken += step;
        if (step == 0) {
            break;
        }
    }
    return are_bufs_fine(client) ? event : TRANSACTION_NO_MEMORY;
}

enum transaction_event transaction_client_data(struct transaction_client *client, struct text bytes,
                                               size_t *taken)
{
    *taken = 0;
    return client->is_again ? TRANSACTION_WAITS : take_all(client, bytes, taken);
}

/* It was taken once, so it can be taken again; whatever has to wait now is a mistake. */
enum transaction_event transaction_send_again(struct transaction_client *client)
{
    size_t taken = 0;
    struct text request = buf_text(&client->hold.request);
    retry_hold_begin_again(&client->hold);
    client->is_batch_undoable = true;
    client->server->link.is_again = true;
    enum transaction_event event = take_all(client, request, &taken);
    client->server->link.is_again = false;
    client->is_again = false;
    if (event == TRANSACTION_MORE && taken == request.len) {
        return TRANSACTION_MORE;
    }
    return TRANSACTION_NO_MEMORY;
}
