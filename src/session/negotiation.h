/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client sends before its session: a request for encryption, then a
 * StartupMessage or a CancelRequest.  Source: PostgreSQL manual, "Message Flow",
 * sections "Start-up", "Canceling Requests in Progress" and "SSL Session Encryption".
 *
 * This only reads bytes and decides what they are.  The caller owns the connection,
 * answers, and decides who may come in; so any server or proxy can use it.
 */
#ifndef DSQL_SESSION_NEGOTIATION_H
#define DSQL_SESSION_NEGOTIATION_H

#include "wire/startup.h"

enum negotiation_event {
    NEGOTIATION_NEEDS_MORE,
    NEGOTIATION_DIRECT_TLS, /* a ClientHello without a request (sslnegotiation=direct) */
    NEGOTIATION_SSL_REQUEST,
    NEGOTIATION_GSSENC_REQUEST,
    NEGOTIATION_CANCEL_REQUEST,
    NEGOTIATION_STARTUP_MESSAGE,
    NEGOTIATION_INVALID, /* close the connection without an answer, as PostgreSQL does */
    NEGOTIATION_UNSUPPORTED_VERSION, /* these two are answered: negotiation_error() */
    NEGOTIATION_INVALID_LAYOUT
};

/** What a client is told, in PostgreSQL's words. */
struct negotiation_error {
    const char *sqlstate;
    char message[128];
};

/* The answers to SSLRequest and GSSENCRequest: one byte, not a message. */
#define NEGOTIATION_ACCEPT  "S"
#define NEGOTIATION_DECLINE "N"

/**
 * Reads the first packet in bytes, which are all that the client has sent and that was
 * not taken yet.  *out is set for requests, startup messages and the two that are answered with an
 * error, and points into bytes.
 */
enum negotiation_event negotiation_next(struct text bytes, bool is_encrypted, struct startup *out);

/** The error for either of the last two events.  packet: as negotiation_next() has set it. */
void negotiation_error(enum negotiation_event event, const struct startup *packet,
                       struct negotiation_error *error);

/**
 * Appends a NegotiateProtocolVersion message if the client asked for more than
 * protocol 3.0, or for protocol options: this side knows none of them.
 */
void negotiation_write_version(const struct startup *startup, struct buf *out);

#endif
