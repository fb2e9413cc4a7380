/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets that come first on a connection and have no type byte: StartupMessage,
 * SSLRequest, GSSENCRequest and CancelRequest.  Source: PostgreSQL manual, "Message
 * Formats".  Reads them from memory and writes them; knows no sockets.
 */
#ifndef DSQL_WIRE_STARTUP_H
#define DSQL_WIRE_STARTUP_H

#include "base/buf.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STARTUP_MAX_SIZE = 10000, /* bytes; PostgreSQL: MAX_STARTUP_PACKET_LENGTH */
    STARTUP_MAX_PARAMETERS = 64,
    STARTUP_CANCEL_KEY_MAX = 256 /* bytes, in protocol 3.2; always 4 before that */
};

/** By the first number of the packet.  Only STARTUP_SESSION has parameters. */
enum startup_kind {
    STARTUP_SESSION,
    STARTUP_SSL_REQUEST,
    STARTUP_GSSENC_REQUEST,
    STARTUP_CANCEL_REQUEST
};

/**
 * MALFORMED: the connection is closed without an answer, as PostgreSQL does after an invalid
 * length.  The two after it are answered with an error; out->size is set for them too, and
 * out->major and out->minor.  NEEDS_MORE: nothing in *out may be used yet.
 */
enum startup_result {
    STARTUP_COMPLETE,
    STARTUP_NEEDS_MORE,
    STARTUP_MALFORMED,
    STARTUP_UNSUPPORTED_VERSION, /* neither 3.x nor one of the requests */
    STARTUP_INVALID_LAYOUT       /* the parameters do not end where the packet does, or too many */
};

struct startup_parameter {
    struct text name;
    struct text value;
};

/** A packet.  Its texts point into the bytes that were parsed. */
struct startup {
    enum startup_kind kind;
    size_t size; /* of the whole packet, in bytes */
    uint16_t major;
    uint16_t minor;
    struct startup_parameter parameters[STARTUP_MAX_PARAMETERS];
    size_t parameter_count;
};

/** Parses the first packet in bytes; more bytes may follow it. */
enum startup_result startup_parse(struct text bytes, struct startup *out);

/** The value of a parameter, the last one if there are several; the empty text if it was not
    sent. */
struct text startup_value(const struct startup *startup, const char *name);

/**
 * Write a StartupMessage of protocol 3.0: begin, any number of parameters, end.  out must be
 * empty at the beginning, because the length is written over its first four bytes.  A failure is
 * remembered in out; check buf_ok() after startup_end().
 */
void startup_begin(struct buf *out);
void startup_add(struct buf *out, struct text name, struct text value);
void startup_end(struct buf *out);

/** Appends a CancelRequest.  key: the body of a BackendKeyData. */
void startup_write_cancel_request(struct buf *out, struct text key);

/** Appends the eight bytes of an SSLRequest. */
void startup_write_ssl_request(struct buf *out);

#endif
