/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* What sources share. */
#include "credentials/source.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum source_result source_failed(dsql_error *err, const char *format, ...)
{
    char message[DSQL_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    fail(err, DSQL_ERR_CREDENTIALS, "%s", message);
    return SOURCE_FAILED;
}

enum source_result source_filled(dsql_status status, const char *where, dsql_error *err)
{
    if (status == DSQL_OK) {
        return SOURCE_GOT;
    }
    if (status == DSQL_ERR_NOMEM) {
        fail_nomem(err);
    } else {
        fail(err, DSQL_ERR_CREDENTIALS,
             "an AWS key (%s) is too long, or contains blanks or control characters, or the access "
             "key id contains a '/'",
             where);
    }
    return SOURCE_FAILED;
}

void source_used(const struct source_context *context, const char *format, ...)
{
    if (context->detail == NULL) {
        return;
    }
    char *text = context->detail->text;
    size_t len = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + len, SOURCE_DETAIL_SIZE - len, format, arguments);
    va_end(arguments);
}
