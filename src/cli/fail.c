/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * From a dsql_error to what the command prints, and to its exit status.  Scripts decide by the
 * exit status: 2 is a mistake in the call, 3 that no connection came about, 4 a conflict, which
 * is worth a retry.  The message is complete and has no secret in it, so it is printed as it is.
 */
#include "base/message_code.h"
#include "cli/commands.h"

#include <stdarg.h>

/* At the end, where readers find it and where it is not in the way of the sentence. */
static void print(const char *message, const char *code)
{
    bool has_code = code[0] != '\0';
    fprintf(stderr, "dsql: %s%s%s%s\n", message, has_code ? " [" : "", code, has_code ? "]" : "");
}

void cli_error(const char *format, ...)
{
    char message[DSQL_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    print(message, message_code(text_of(message)));
}

int cli_fail(const dsql_error *err)
{
    print(err->message, dsql_error_code(err));
    switch (err->status) {
    case DSQL_ERR_CONNECT:
    case DSQL_ERR_CREDENTIALS:
    case DSQL_ERR_TOKEN:
    case DSQL_ERR_TIMEOUT:
        return EXIT_CONNECT;
    case DSQL_ERR_OCC:
        return EXIT_CONFLICT;
    case DSQL_ERR_USAGE:
        return EXIT_USAGE;
    default:
        return EXIT_FAILED;
    }
}
