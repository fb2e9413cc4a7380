/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses what an unknown client sends first, and writes the same packets for PostgreSQL.  This
 * code runs before any check of identity, so every number is checked before it is used, the
 * packet is limited to 10000 bytes, and nothing is allocated.  Fuzzed by tests/fuzz.
 */
#include "wire/startup.h"

#include "base/reader.h"

/*
 * Instead of a version: 1234 and a number that says which request it is.  Manual, "Message
 * Formats": 80877102 (cancel), 80877103 (SSL) and 80877104 (GSS) are 1234 << 16 plus these.
 */
enum { CODE_MAJOR = 1234, CODE_CANCEL = 5678, CODE_SSL = 5679, CODE_GSSENC = 5680 };

/* In bytes, except for the version.  MIN_KEY_SIZE is the cancel key of protocol 3.0. */
enum { LENGTH_SIZE = 4, VERSION_SIZE = 4, PROTOCOL_MAJOR = 3, MIN_KEY_SIZE = 4, PID_SIZE = 4 };

/*
 * Names and values in turn, each with its NUL, and an empty name at the end.  PostgreSQL has no
 * limit on their number; the fixed array keeps this parser free of allocation, and no driver
 * comes near its size.  Bytes after the empty name are an error, as in PostgreSQL ("invalid
 * startup packet layout: expected terminator as last byte").
 */
static enum startup_result parse_parameters(struct reader *reader, struct startup *out)
{
    while (reader_ok(reader)) {
        struct text name = reader_cstring(reader);
        if (text_is_empty(name)) {
            break;
        }
        if (out->parameter_count == STARTUP_MAX_PARAMETERS) {
            return STARTUP_INVALID_LAYOUT;
        }
        struct text value = reader_cstring(reader);
        out->parameters[out->parameter_count] = (struct startup_parameter){name, value};
        out->parameter_count++;
    }
    return reader_done(reader) ? STARTUP_COMPLETE : STARTUP_INVALID_LAYOUT;
}

/*
 * Process id and key; only the server knows whether they are right.  Since protocol 3.2 the key
 * may have up to 256 bytes, so its length is that of the packet.  The fields are not read: the
 * packet is passed on as it is.
 */
static enum startup_result parse_cancel(struct reader *reader, struct startup *out)
{
    size_t left = reader_left(reader);
    out->kind = STARTUP_CANCEL_REQUEST;
    if (left < PID_SIZE + MIN_KEY_SIZE || left > PID_SIZE + STARTUP_CANCEL_KEY_MAX) {
        return STARTUP_MALFORMED;
    }
    return STARTUP_COMPLETE;
}

/* Requests have no body.  PostgreSQL would ignore one; no client sends it, so it is rejected. */
static enum startup_result parse_code(struct reader *reader, struct startup *out)
{
    if (out->minor == CODE_CANCEL) {
        return parse_cancel(reader, out);
    }
    if (out->minor != CODE_SSL && out->minor != CODE_GSSENC) {
        return STARTUP_UNSUPPORTED_VERSION;
    }
    out->kind = out->minor == CODE_SSL ? STARTUP_SSL_REQUEST : STARTUP_GSSENC_REQUEST;
    return reader_done(reader) ? STARTUP_COMPLETE : STARTUP_MALFORMED;
}

/*
 * Version 2 of the protocol is not accepted, as by PostgreSQL since 14.  The minor version is not
 * checked here: a client that asks for a newer one is answered with NegotiateProtocolVersion and
 * goes on.
 */
static enum startup_result parse_body(struct text body, struct startup *out)
{
    struct reader reader;
    reader_init(&reader, body);
    out->major = reader_u16(&reader);
    out->minor = reader_u16(&reader);
    if (out->major == CODE_MAJOR) {
        return parse_code(&reader, out);
    }
    if (out->major != PROTOCOL_MAJOR) {
        return STARTUP_UNSUPPORTED_VERSION;
    }
    return parse_parameters(&reader, out);
}

enum startup_result startup_parse(struct text bytes, struct startup *out)
{
    *out = (struct startup){.kind = STARTUP_SESSION};
    if (bytes.len < LENGTH_SIZE) {
        return STARTUP_NEEDS_MORE;
    }
    struct reader reader;
    reader_init(&reader, bytes);
    uint32_t size = reader_u32(&reader);
    /* Check the length before waiting for that many bytes: it comes from an unknown client. */
    if (size < LENGTH_SIZE + VERSION_SIZE || size > STARTUP_MAX_SIZE) {
        return STARTUP_MALFORMED;
    }
    if (bytes.len < size) {
        return STARTUP_NEEDS_MORE;
    }
    out->size = size;
    return parse_body(reader_bytes(&reader, size - LENGTH_SIZE), out);
}

/*
 * PostgreSQL also lets the last of several values win, so the two agree on which role a packet
 * with two users asks for.  With another choice here, the token would be checked for one role and
 * the login done as the other.
 */
struct text startup_value(const struct startup *startup, const char *name)
{
    struct text value = text_of("");
    for (size_t i = 0; i < startup->parameter_count; i++) {
        if (text_equal_string(startup->parameters[i].name, name)) {
            value = startup->parameters[i].value;
        }
    }
    return value;
}

/*
 * Protocol 3.0, whatever the client asked for: the gateway's answer to the client promises no
 * more.
 */
void startup_begin(struct buf *out)
{
    buf_add_u32(out, 0); /* the length; startup_end() sets it */
    buf_add_u16(out, PROTOCOL_MAJOR);
    buf_add_u16(out, 0);
}

/*
 * An empty name would end the list, and a NUL would split one value into several parameters.
 * Either could smuggle in a parameter that was not checked, so the packet is refused whole.
 */
void startup_add(struct buf *out, struct text name, struct text value)
{
    size_t nul = 0;
    if (text_is_empty(name) || text_find(name, '\0', &nul) || text_find(value, '\0', &nul)) {
        out->is_broken = true;
        return;
    }
    buf_add_text(out, name);
    buf_add_char(out, '\0');
    buf_add_text(out, value);
    buf_add_char(out, '\0');
}

/* The length is known only now; it is written big-endian over the first four bytes. */
void startup_end(struct buf *out)
{
    buf_add_char(out, '\0');
    if (!buf_ok(out) || out->len > STARTUP_MAX_SIZE) {
        out->is_broken = true;
        return;
    }
    for (size_t i = 0; i < LENGTH_SIZE; i++) {
        out->data[i] = (char)(out->len >> (24 - 8 * i) & 0xff);
    }
}

void startup_write_ssl_request(struct buf *out)
{
    buf_add_u32(out, LENGTH_SIZE + VERSION_SIZE);
    buf_add_u16(out, CODE_MAJOR);
    buf_add_u16(out, CODE_SSL);
}

void startup_write_cancel_request(struct buf *out, struct text key)
{
    buf_add_u32(out, LENGTH_SIZE + VERSION_SIZE + (uint32_t)key.len);
    buf_add_u16(out, CODE_MAJOR);
    buf_add_u16(out, CODE_CANCEL);
    buf_add_text(out, key);
}
