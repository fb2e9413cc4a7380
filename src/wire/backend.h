/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of the server that this project writes or reads; all others are relayed
 * unread.  A writer appends one whole message; a parser takes the body of one.  Source:
 * PostgreSQL manual, "Message Formats".  Knows no sockets and no state.
 */
#ifndef DSQL_WIRE_BACKEND_H
#define DSQL_WIRE_BACKEND_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Message types, and two authentication codes.  BACKEND_ and FRONTEND_ say who sends the message;
 * the same letter can mean different things in the two directions ('S' is Sync from a client, 'D'
 * is Describe).
 */
enum {
    BACKEND_AUTHENTICATION = 'R',
    BACKEND_PARAMETER_STATUS = 'S',
    BACKEND_ERROR = 'E',
    BACKEND_KEY_DATA = 'K',
    BACKEND_READY = 'Z',
    BACKEND_ROW_DESCRIPTION = 'T',
    BACKEND_DATA_ROW = 'D',
    BACKEND_NEGOTIATE = 'v',
    BACKEND_NOTICE = 'N',
    BACKEND_NOTIFICATION = 'A',
    BACKEND_COMMAND_COMPLETE = 'C',
    BACKEND_EMPTY_QUERY = 'I',
    BACKEND_COPY_IN = 'G',
    BACKEND_COPY_OUT = 'H',
    BACKEND_COPY_BOTH = 'W',
    FRONTEND_PASSWORD = 'p',
    FRONTEND_QUERY = 'Q',
    FRONTEND_PARSE = 'P',
    FRONTEND_BIND = 'B',
    FRONTEND_DESCRIBE = 'D',
    FRONTEND_EXECUTE = 'E',
    FRONTEND_CLOSE = 'C',
    FRONTEND_FLUSH = 'H',
    FRONTEND_SYNC = 'S',
    FRONTEND_FUNCTION_CALL = 'F',
    FRONTEND_COPY_DATA = 'd',
    FRONTEND_COPY_DONE = 'c',
    FRONTEND_COPY_FAIL = 'f',
    FRONTEND_TERMINATE = 'X',
    AUTHENTICATION_OK = 0,
    AUTHENTICATION_CLEARTEXT = 3
};

/** What Describe and Close are for. */
enum { TARGET_STATEMENT = 'S', TARGET_PORTAL = 'P' };

/** The body of ReadyForQuery. */
enum { STATUS_IDLE = 'I', STATUS_IN_TRANSACTION = 'T', STATUS_FAILED = 'E' };

/**
 * The fields of ErrorResponse that are used here.  An empty detail or hint is not sent.  The
 * texts belong to the caller; after parsing they point into the body of the message.
 */
struct error_fields {
    struct text severity; /* field V, or S from servers before 9.6 */
    struct text sqlstate;
    struct text message;
    struct text detail;
    struct text hint;
};

/**
 * Appends a whole message.  If it does not fit, out is broken (see buf_ok()) and must not be
 * sent.
 */
void backend_write_error(struct buf *out, const struct error_fields *fields);
/** False: the body is not that of an ErrorResponse.  A missing field is the empty text. */
bool backend_parse_error(struct text body, struct error_fields *out);

void backend_write_authentication(struct buf *out, uint32_t code);
bool backend_parse_authentication(struct text body, uint32_t *code);

void backend_write_parameter(struct buf *out, struct text name, struct text value);
bool backend_parse_parameter(struct text body, struct text *name, struct text *value);

/**
 * NegotiateProtocolVersion: the newest supported protocol is 3.minor, and these options (whose
 * names begin with "_pq_.") are unknown.  The message holds the whole version, 3 in its upper
 * half, as SendNegotiateProtocolVersion() of PostgreSQL's backend_startup.c sends it; libpq 18
 * rejects a bare minor number as a protocol older than 3.0.
 */
void backend_write_negotiate(struct buf *out, uint32_t minor, const struct text *options,
                             size_t count);

/** *status: 'I' idle, 'T' in a transaction block, 'E' in a failed one. */
bool backend_parse_ready(struct text body, char *status);

/** The value in a DataRow of one column; false for any other row, and for NULL. */
bool backend_parse_single_column(struct text body, struct text *value);

#endif
