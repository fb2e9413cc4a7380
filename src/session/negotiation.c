/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what the first bytes of a client are.  It keeps no state: the caller passes all bytes
 * again when more have come, and says whether TLS has begun.  ProcessStartupPacket() in
 * PostgreSQL's backend_startup.c is the model.
 */
#include "session/negotiation.h"

#include "wire/backend.h"

#include <stdio.h>

/* RFC 8446, 5.1: content type "handshake".  A startup packet begins with 0: it is short. */
enum { TLS_HANDSHAKE_BYTE = 0x16 };

/*
 * Bytes that follow a request for encryption were not encrypted, but would be read as
 * if they had been: someone on the way may have put them there (CVE-2021-23214).
 */
static enum negotiation_event check_request(struct text bytes, bool is_encrypted,
                                            const struct startup *request)
{
    if (is_encrypted) {
        return NEGOTIATION_UNSUPPORTED_VERSION; /* as PostgreSQL reads its number */
    }
    if (bytes.len != request->size) {
        return NEGOTIATION_INVALID;
    }
    return request->kind == STARTUP_SSL_REQUEST ? NEGOTIATION_SSL_REQUEST
                                                : NEGOTIATION_GSSENC_REQUEST;
}

/*
 * Direct TLS (PostgreSQL 17) is recognized by its first byte alone; the caller hands all bytes to
 * the TLS session.  GSS encryption is a kind of its own because a client may ask for it first
 * and, when declined, go on with SSLRequest or a StartupMessage.
 */
enum negotiation_event negotiation_next(struct text bytes, bool is_encrypted, struct startup *out)
{
    if (!is_encrypted && bytes.len > 0 && bytes.data[0] == TLS_HANDSHAKE_BYTE) {
        return NEGOTIATION_DIRECT_TLS;
    }
    switch (startup_parse(bytes, out)) {
    case STARTUP_COMPLETE:
        break;
    case STARTUP_NEEDS_MORE:
        return NEGOTIATION_NEEDS_MORE;
    case STARTUP_MALFORMED:
        return NEGOTIATION_INVALID;
    case STARTUP_UNSUPPORTED_VERSION:
        return NEGOTIATION_UNSUPPORTED_VERSION;
    case STARTUP_INVALID_LAYOUT:
        return NEGOTIATION_INVALID_LAYOUT;
    }
    switch (out->kind) {
    case STARTUP_SSL_REQUEST:
    case STARTUP_GSSENC_REQUEST:
        return check_request(bytes, is_encrypted, out);
    case STARTUP_CANCEL_REQUEST:
        return NEGOTIATION_CANCEL_REQUEST;
    case STARTUP_SESSION:
        break;
    }
    return NEGOTIATION_STARTUP_MESSAGE;
}

/* ProcessStartupPacket() has no limit on the number of parameters; its other texts are these. */
void negotiation_error(enum negotiation_event event, const struct startup *packet,
                       struct negotiation_error *error)
{
    if (event == NEGOTIATION_UNSUPPORTED_VERSION) {
        error->sqlstate = "0A000";
        snprintf(error->message, sizeof error->message,
                 "unsupported frontend protocol %u.%u: server supports 3.0 to 3.0",
                 (unsigned)packet->major, (unsigned)packet->minor);
        return;
    }
    error->sqlstate = "08P01";
    snprintf(error->message, sizeof error->message, "invalid startup packet layout: %s",
             packet->parameter_count == STARTUP_MAX_PARAMETERS
                 ? "too many parameters"
                 : "expected terminator as last byte");
}

/*
 * There can be no more unknown options than parameters, so the array cannot overflow.  The answer
 * is not an error: a client that needs the option decides for itself to disconnect.
 */
void negotiation_write_version(const struct startup *startup, struct buf *out)
{
    struct text unknown[STARTUP_MAX_PARAMETERS];
    size_t count = 0;
    for (size_t i = 0; i < startup->parameter_count; i++) {
        if (text_starts_with(startup->parameters[i].name, "_pq_.")) {
            unknown[count] = startup->parameters[i].name;
            count++;
        }
    }
    if (startup->minor > 0 || count > 0) {
        backend_write_negotiate(out, 0, unknown, count);
    }
}
