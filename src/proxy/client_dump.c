/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A Query is kept until it is whole; everything else goes to the relay as it comes.  A statement is
 * answered here only while nothing is under way, so that the order of answers is right without a
 * queue: these programs wait for each answer.
 */
#include "proxy/client_dump.h"

#include "base/memory.h"
#include "base/reader.h"
#include "proxy/client_relay.h"
#include "proxy/dump_statements.h"
#include "session/client_end.h"
#include "wire/backend.h"

enum { REPLACED_MAX = 2 * DUMP_SQL_MAX, IN_MAX = 4 * DUMP_SQL_MAX };

struct proxy_dump {
    struct dump_statements statements;
    struct buf in; /* a header, or a Query that is not whole yet, and what follows it */
};

bool proxy_dump_begin(struct proxy_client *client)
{
    client->dump = mem_new(sizeof *client->dump);
    if (client->dump == NULL) {
        return false;
    }
    buf_init(&client->dump->in, IN_MAX);
    return true;
}

void proxy_dump_clear(struct proxy_client *client)
{
    if (client->dump != NULL) {
        dump_statements_clear(&client->dump->statements);
        buf_clear(&client->dump->in);
        mem_free(client->dump);
        client->dump = NULL;
    }
}

/* ---- A statement ------------------------------------------------------- */

static void log_statement(const struct session_client *session, const char *note,
                          enum dump_action action)
{
    bool is_answered = action == DUMP_ANSWER;
    log_write(session->shared->logger, is_answered ? DSQL_LOG_INFO : DSQL_LOG_DEBUG,
              is_answered ? "for pg_dump: %s is answered by the proxy, as Aurora DSQL refuses it"
                          : "for pg_dump: %s is sent as the statement that it stands for",
              note);
}

/* Nothing is under way, and the transaction has not failed. */
static bool may_answer(const struct proxy_client *client)
{
    return session_watch_is_answered(&client->watch) && client->watch.status != STATUS_FAILED &&
           frame_scan_is_between(&client->session.relay.from_server);
}

static void send_answer(struct session_client *session, struct buf *out)
{
    frame_write(out, BACKEND_READY, text_of_bytes(&proxy_client_of(session)->watch.status, 1));
    if (buf_ok(out)) {
        stream_write(session->stream, buf_text(out));
    }
}

static void send_query(struct session_client *session, struct buf *sql)
{
    struct buf message AUTO_BUF;
    buf_init(&message, REPLACED_MAX + FRAME_HEADER_SIZE + 1);
    buf_add_char(sql, '\0');
    frame_write(&message, FRONTEND_QUERY, buf_text(sql));
    if (buf_ok(sql) && buf_ok(&message)) {
        proxy_relay_data(session, buf_text(&message));
    }
}

/* A Query without a NUL at its end is the server's to refuse. */
static enum dump_action decide(struct session_client *session, struct text body, struct buf *out)
{
    struct proxy_client *client = proxy_client_of(session);
    char note[DUMP_NOTE_SIZE];
    size_t end = 0;
    if (!may_answer(client) || !text_find(body, '\0', &end) || end + 1 != body.len) {
        return DUMP_PASS;
    }
    enum dump_action action =
        dump_statements_take(&client->dump->statements, text_slice(body, 0, end), out, note);
    if (action != DUMP_PASS) {
        log_statement(session, note, action);
    }
    return action;
}

/* ---- The stream -------------------------------------------------------- */

/* How many bytes are taken; 0: more are needed. */
static size_t take_query(struct session_client *session, struct text bytes)
{
    struct frame message;
    struct buf out AUTO_BUF;
    buf_init(&out, REPLACED_MAX);
    if (frame_next(bytes, DUMP_SQL_MAX, &message) != FRAME_COMPLETE) {
        return 0;
    }
    switch (decide(session, message.body, &out)) {
    case DUMP_ANSWER:
        send_answer(session, &out);
        break;
    case DUMP_REPLACE:
        send_query(session, &out);
        break;
    case DUMP_PASS:
        proxy_relay_data(session, text_slice(bytes, 0, message.size));
        break;
    }
    return message.size;
}

/* Whole, or its beginning. */
static size_t pass_other(struct session_client *session, struct text bytes, size_t size)
{
    struct text piece = text_slice(bytes, 0, size);
    proxy_relay_data(session, piece);
    return piece.len;
}

/* At the beginning of a message; 0: more are needed.  An invalid length is refused by the relay. */
static size_t take_message(struct session_client *session, struct text bytes)
{
    struct reader reader;
    reader_init(&reader, bytes);
    char type = (char)reader_u8(&reader);
    size_t length = reader_u32(&reader);
    if (!reader_ok(&reader)) {
        return 0;
    }
    if (type == FRONTEND_QUERY && length >= sizeof(uint32_t) && length <= DUMP_SQL_MAX) {
        return take_query(session, bytes);
    }
    return pass_other(session, bytes, length < sizeof(uint32_t) ? FRAME_HEADER_SIZE : length + 1);
}

static size_t take(struct session_client *session, struct text bytes)
{
    const struct frame_scan *scan = &session->relay.from_client;
    return frame_scan_is_between(scan) ? take_message(session, bytes)
                                       : pass_other(session, bytes, scan->body_left);
}

/* The buffer stays until proxy_dump_clear(), even if the session ends meanwhile. */
static void take_all(struct session_client *session, struct buf *in)
{
    struct text rest = buf_text(in);
    size_t taken = 1;
    while (taken > 0 && !text_is_empty(rest) && session->state == SESSION_RELAY) {
        taken = take(session, rest);
        rest = text_slice(rest, taken, rest.len);
    }
    buf_drop(in, in->len - rest.len);
}

void proxy_dump_data(struct session_client *session, struct text bytes)
{
    struct proxy_dump *dump = proxy_client_of(session)->dump;
    if (dump == NULL) {
        proxy_relay_data(session, bytes);
        return;
    }
    buf_add_text(&dump->in, bytes);
    if (!buf_ok(&dump->in)) {
        session_fail_with(session, "53200", "the proxy is out of memory for this session");
        return;
    }
    take_all(session, &dump->in);
}
