/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * As in backend.c: a body is built in a buffer of its own, and a reader stops at its end.  Bodies
 * with data of a mechanism are wiped: what proves a password should not stay in memory.
 */
#include "wire/sasl.h"

#include "base/reader.h"
#include "wire/backend.h"
#include "wire/message.h"

enum { MAX_BODY = 65536 };

/* The length of an initial response that is absent: -1. */
static const uint32_t no_data = UINT32_MAX;

static void write_message(struct buf *out, char type, struct buf *body)
{
    if (!buf_ok(body)) {
        out->is_broken = true;
        return;
    }
    frame_write(out, type, buf_text(body));
}

/* The names are constants of this project: they contain no NUL. */
void sasl_write_mechanisms(struct buf *out, const struct text *names, size_t count)
{
    struct buf body AUTO_BUF;
    buf_init(&body, MAX_BODY);
    buf_add_u32(&body, AUTHENTICATION_SASL);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(&body, names[i]);
        buf_add_char(&body, '\0');
    }
    buf_add_char(&body, '\0');
    write_message(out, BACKEND_AUTHENTICATION, &body);
}

/* The list ends with an empty name.  A broken reader returns one as well, so the loop ends. */
bool sasl_parse_mechanisms(struct text body, struct text names[SASL_MECHANISMS_MAX], size_t *count)
{
    struct reader reader;
    reader_init(&reader, body);
    bool is_sasl = reader_u32(&reader) == AUTHENTICATION_SASL;
    *count = 0;
    struct text name = reader_cstring(&reader);
    while (!text_is_empty(name) && *count < SASL_MECHANISMS_MAX) {
        names[*count] = name;
        *count += 1;
        name = reader_cstring(&reader);
    }
    return is_sasl && text_is_empty(name) && reader_done(&reader);
}

void sasl_write_data(struct buf *out, uint32_t code, struct text data)
{
    struct buf body AUTO_BUF;
    buf_init_secret(&body, MAX_BODY);
    buf_add_u32(&body, code);
    buf_add_text(&body, data);
    write_message(out, BACKEND_AUTHENTICATION, &body);
}

bool sasl_parse_data(struct text body, uint32_t code, struct text *data)
{
    struct reader reader;
    reader_init(&reader, body);
    bool is_this = reader_u32(&reader) == code;
    *data = reader_rest(&reader);
    return reader_ok(&reader) && is_this;
}

void sasl_write_initial(struct buf *out, const struct sasl_initial *initial)
{
    struct buf body AUTO_BUF;
    buf_init_secret(&body, MAX_BODY);
    buf_add_text(&body, initial->mechanism);
    buf_add_char(&body, '\0');
    buf_add_u32(&body, initial->has_data ? (uint32_t)initial->data.len : no_data);
    buf_add_text(&body, initial->has_data ? initial->data : text_of(""));
    write_message(out, FRONTEND_PASSWORD, &body);
}

bool sasl_parse_initial(struct text body, struct sasl_initial *out)
{
    struct reader reader;
    reader_init(&reader, body);
    *out = (struct sasl_initial){.mechanism = reader_cstring(&reader)};
    uint32_t len = reader_u32(&reader);
    out->has_data = len != no_data;
    out->data = reader_bytes(&reader, out->has_data ? len : 0);
    return reader_done(&reader);
}

void sasl_write_response(struct buf *out, struct text data)
{
    frame_write(out, FRONTEND_PASSWORD, data);
}
