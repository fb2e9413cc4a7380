/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes and reads the bodies of a few server messages.  A body is built in a buffer of its own,
 * because the length that precedes it is not known before it is complete.  Values may come from a
 * client or from PostgreSQL, so nothing here trusts them: a reader stops at the end of the body,
 * and a writer cuts a field at its first NUL.  No message is kept; parsed texts point into the
 * caller's bytes.
 */
#include "wire/backend.h"

#include "base/reader.h"
#include "wire/message.h"

enum { MAX_BODY = 65536 }; /* of the messages that are written here */

enum { PROTOCOL_MAJOR_3 = 3 << 16 };

/*
 * Adds text up to its first NUL.  A NUL inside a value would end the field early, and a client
 * would read the rest of it as further fields of the message.
 */
static void add_cstring(struct buf *out, struct text text)
{
    size_t len = text.len;
    if (text_find(text, '\0', &len)) {
        text = text_slice(text, 0, len);
    }
    buf_add_text(out, text);
    buf_add_char(out, '\0');
}

/* A field of an ErrorResponse: a type byte and a string.  Empty fields are left out. */
static void add_field(struct buf *out, char type, struct text value)
{
    if (text_is_empty(value)) {
        return;
    }
    buf_add_char(out, type);
    add_cstring(out, value);
}

/*
 * Appends the message, unless its body did not fit: half a message would break the stream, as the
 * receiver would take whatever follows for the missing half.
 */
static void write_body(struct buf *out, char type, struct buf *body)
{
    if (!buf_ok(body)) {
        out->is_broken = true;
        return;
    }
    frame_write(out, type, buf_text(body));
}

/*
 * S is the severity in the language of the server, V the same untranslated (since 9.6).  This
 * project does not translate, so both are the same.  The manual ("Error and Notice Message
 * Fields") says that S, V, C and M are always present.
 */
void backend_write_error(struct buf *out, const struct error_fields *fields)
{
    struct buf body AUTO_BUF;
    buf_init(&body, MAX_BODY);
    add_field(&body, 'S', fields->severity);
    add_field(&body, 'V', fields->severity);
    add_field(&body, 'C', fields->sqlstate);
    add_field(&body, 'M', fields->message);
    add_field(&body, 'D', fields->detail);
    add_field(&body, 'H', fields->hint);
    buf_add_char(&body, '\0');
    write_body(out, BACKEND_ERROR, &body);
}

/* V wins over S whichever comes first, because callers compare the severity with English words. */
static void take_field(struct error_fields *out, char type, struct text value)
{
    switch (type) {
    case 'S':
        if (text_is_empty(out->severity)) {
            out->severity = value;
        }
        break;
    case 'V':
        out->severity = value;
        break;
    case 'C':
        out->sqlstate = value;
        break;
    case 'M':
        out->message = value;
        break;
    case 'D':
        out->detail = value;
        break;
    case 'H':
        out->hint = value;
        break;
    default:
        break; /* the manual: "frontends should silently ignore fields of unrecognized type" */
    }
}

/*
 * Ends at the type byte 0.  A broken reader returns 0 as well, so the loop ends on a truncated
 * body too, and reader_done() then reports it.  pgbouncer 1.25.2 had to fix a crash on an error
 * without SQLSTATE: here a missing field is the empty text, never NULL.
 */
bool backend_parse_error(struct text body, struct error_fields *out)
{
    const struct text none = text_of("");
    *out = (struct error_fields){none, none, none, none, none};
    struct reader reader;
    reader_init(&reader, body);
    char type = (char)reader_u8(&reader);
    while (type != '\0') {
        take_field(out, type, reader_cstring(&reader));
        type = (char)reader_u8(&reader);
    }
    return reader_done(&reader);
}

/*
 * Only codes without further data (AuthenticationOk, AuthenticationCleartextPassword) can be
 * written: SASL and MD5 carry more after the code.
 */
void backend_write_authentication(struct buf *out, uint32_t code)
{
    struct buf body AUTO_BUF;
    buf_init(&body, MAX_BODY);
    buf_add_u32(&body, code);
    write_body(out, BACKEND_AUTHENTICATION, &body);
}

/*
 * Bytes after the code are allowed: methods such as SASL add their own data, and the caller needs
 * only the code to see that it is not AuthenticationOk.
 */
bool backend_parse_authentication(struct text body, uint32_t *code)
{
    struct reader reader;
    reader_init(&reader, body);
    *code = reader_u32(&reader);
    return reader_ok(&reader);
}

void backend_write_parameter(struct buf *out, struct text name, struct text value)
{
    struct buf body AUTO_BUF;
    buf_init(&body, MAX_BODY);
    add_cstring(&body, name);
    add_cstring(&body, value);
    write_body(out, BACKEND_PARAMETER_STATUS, &body);
}

bool backend_parse_parameter(struct text body, struct text *name, struct text *value)
{
    struct reader reader;
    reader_init(&reader, body);
    *name = reader_cstring(&reader);
    *value = reader_cstring(&reader);
    return reader_done(&reader);
}

void backend_write_negotiate(struct buf *out, uint32_t minor, const struct text *options,
                             size_t count)
{
    struct buf body AUTO_BUF;
    buf_init(&body, MAX_BODY);
    buf_add_u32(&body, PROTOCOL_MAJOR_3 | minor);
    buf_add_u32(&body, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        add_cstring(&body, options[i]);
    }
    write_body(out, BACKEND_NEGOTIATE, &body);
}

/*
 * The status is not checked here.  The relay passes it on unread, and so an unknown one is the
 * client's to judge.
 */
bool backend_parse_ready(struct text body, char *status)
{
    struct reader reader;
    reader_init(&reader, body);
    *status = (char)reader_u8(&reader);
    return reader_done(&reader);
}

/*
 * A DataRow is a number of columns, then a length and that many bytes for each.  The whole body
 * must have been read: bytes after the value would mean that this is another message than it
 * seems.
 */
bool backend_parse_single_column(struct text body, struct text *value)
{
    struct reader reader;
    reader_init(&reader, body);
    uint16_t columns = reader_u16(&reader);
    uint32_t len =
        reader_u32(&reader); /* NULL is -1, which is more than is left, so reading fails */
    *value = reader_bytes(&reader, len);
    return columns == 1 && reader_done(&reader);
}
