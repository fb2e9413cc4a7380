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

_Static_assert(sizeof(dsql_error) == 512, "dsql_error is part of the ABI");
_Static_assert(offsetof(dsql_error, os_errno) == 0 && offsetof(dsql_error, status) == 4 &&
                   offsetof(dsql_error, sqlstate) == 8 && offsetof(dsql_error, message) == 32,
               "dsql_error is part of the ABI");

/* One line, whole characters, nothing that could drive a terminal. */
static void tidy_message(char *message, size_t size)
{
    size_t len = strlen(message);
    if (len == size - 1) { /* perhaps cut by vsnprintf: in the middle of a character? */
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

__attribute__((format(printf, 4, 0))) static void
fill(dsql_error *err, dsql_status status, int os_errno, const char *format, va_list args)
{
    /* Built aside: an argument may be the message that is being replaced. */
    char message[DSQL_ERROR_MESSAGE_SIZE];
    int len = vsnprintf(message, sizeof message, format, args);
    if (os_errno != 0 && len > 0 && (size_t)len < sizeof message) {
        char text[PLATFORM_ERROR_TEXT_SIZE];
        platform_error_text(os_errno, text);
        snprintf(message + len, sizeof message - (size_t)len, ": %s", text);
    }
    tidy_message(message, sizeof message);
    *err = (dsql_error){.status = status, .os_errno = os_errno};
    memcpy(err->message, message, sizeof message);
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
