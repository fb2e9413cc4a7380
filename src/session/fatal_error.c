/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the error in fixed arrays, so that setting one cannot fail.  Where a text quotes a
 * client, the quote is made harmless here, once for all callers.
 */
#include "session/fatal_error.h"

#include "wire/backend.h"

#include <stdio.h>

/*
 * The text may quote what a client sent, and goes to the log: no control characters.  Cutting the
 * text may have split a character, so an incomplete one at the end is dropped.
 */
static void make_one_line(char *line, size_t size)
{
    for (size_t i = 0; i < size && line[i] != '\0'; i++) {
        if (char_is_control(line[i])) {
            line[i] = ' ';
        }
    }
    struct text whole = text_of(line);
    line[text_utf8_prefix(whole, whole.len)] = '\0';
}

/* vsnprintf() truncates; a message that is too long loses its end and never overflows. */
__attribute__((format(printf, 3, 0))) static void print_line(char *out, size_t size,
                                                             const char *format, va_list arguments)
{
    vsnprintf(out, size, format, arguments);
    make_one_line(out, size);
}

bool fatal_error_set(struct fatal_error *error, const char *sqlstate, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    error->sqlstate = sqlstate;
    error->hint[0] = '\0';
    error->is_for_protocol_2 = false;
    return false;
}

void fatal_error_set_hint(struct fatal_error *error, const char *format, va_list arguments)
{
    print_line(error->hint, sizeof error->hint, format, arguments);
}

/* Without a length and without fields; PostgreSQL still answers old clients in this way. */
static void write_for_protocol_2(const struct fatal_error *error, struct buf *out)
{
    buf_add_char(out, BACKEND_ERROR);
    buf_add_string(out, "FATAL:  ");
    buf_add_string(out, error->message);
    buf_add_char(out, '\n');
    buf_add_char(out, '\0');
}

void fatal_error_write(const struct fatal_error *error, struct buf *out)
{
    if (error->is_for_protocol_2) {
        write_for_protocol_2(error, out);
        return;
    }
    const struct error_fields fields = {
        .severity = text_of("FATAL"),
        .sqlstate = text_of(error->sqlstate),
        .message = text_of(error->message),
        .detail = text_of(""),
        .hint = text_of(error->hint),
    };
    backend_write_error(out, &fields);
}
