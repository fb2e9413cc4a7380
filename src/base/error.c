/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A message is one line: control characters of whatever is quoted become blanks, and it
 * is cut between characters, never within one.
 */
#include "base/error.h"

#include "base/platform.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(dsql_error) == 1536, "dsql_error is part of the ABI");
_Static_assert(offsetof(dsql_error, os_errno) == 0 && offsetof(dsql_error, status) == 4 &&
                   offsetof(dsql_error, sqlstate) == 8 &&
                   offsetof(dsql_error, is_transient) == 14 &&
                   offsetof(dsql_error, statement_position) == 16 &&
                   offsetof(dsql_error, message) == 20 && offsetof(dsql_error, detail) == 500 &&
                   offsetof(dsql_error, schema_name) == 1012,
               "dsql_error is part of the ABI");

/* One line, whole characters, nothing that could drive a terminal. */
static void tidy(char *message, size_t size)
{
    size_t len = strlen(message);
    if (len == size - 1) { /* perhaps cut: in the middle of a character? */
        len = text_utf8_prefix(text_of_bytes(message, size), size - 1);
        while (len > 0 && ((unsigned char)message[len - 1] & 0xc0) == 0x80) {
            len--;
        }
        if (len > 0 && ((unsigned char)message[len - 1] & 0xc0) == 0xc0) {
            len--;
        }
    }
    len = text_trim_end(text_of_bytes(message, len)).len;
    message[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (char_is_control(message[i])) {
            message[i] = ' ';
        }
    }
}

/*
 * Built aside: an argument may be the message that is being replaced.  Cleared, because all of it
 * is copied into a struct that callers may copy, store or send.
 */
__attribute__((format(printf, 3, 0))) static void format_message(dsql_error *err, int os_errno,
                                                                 const char *format, va_list args)
{
    char message[DSQL_ERROR_MESSAGE_SIZE] = "";
    int len = vsnprintf(message, sizeof message, format, args);
    if (os_errno != 0 && len > 0 && (size_t)len < sizeof message) {
        char text[PLATFORM_ERROR_TEXT_SIZE];
        platform_error_text(os_errno, text);
        snprintf(message + len, sizeof message - (size_t)len, ": %s", text);
    }
    tidy(message, sizeof message);
    memcpy(err->message, message, sizeof message);
}

/* The message is kept until format_message() has read its arguments. */
__attribute__((format(printf, 4, 0))) static void
fill(dsql_error *err, dsql_status status, int os_errno, const char *format, va_list args)
{
    format_message(err, os_errno, format, args);
    dsql_error filled = {.status = status, .os_errno = os_errno};
    memcpy(filled.message, err->message, sizeof filled.message);
    *err = filled;
}

dsql_status fail(dsql_error *err, dsql_status status, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        fill(err, status, 0, format, args);
        va_end(args);
    }
    return status;
}

dsql_status fail_errno(dsql_error *err, dsql_status status, const char *format, ...)
{
    int os_errno = errno;
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        fill(err, status, os_errno, format, args);
        va_end(args);
    }
    return status;
}

dsql_status fail_nomem(dsql_error *err)
{
    return fail(err, DSQL_ERR_NOMEM, "out of memory");
}

dsql_status fail_again(dsql_error *err, dsql_status status, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        format_message(err, 0, format, args);
        va_end(args);
        err->status = status;
    }
    return status;
}

void error_set_text(char *place, size_t size, const char *words)
{
    snprintf(place, size, "%s", words == NULL ? "" : words);
    tidy(place, size);
}

void error_set_sqlstate(dsql_error *err, const char *sqlstate)
{
    if (err == NULL) {
        return;
    }
    memset(err->sqlstate, 0, sizeof err->sqlstate);
    if (sqlstate != NULL && strlen(sqlstate) == sizeof err->sqlstate - 1) {
        memcpy(err->sqlstate, sqlstate, sizeof err->sqlstate);
    }
}
