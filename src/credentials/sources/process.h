/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that prints credentials: a profile with credential_process.  AWS SDKs and Tools
 * Reference Guide, "Process credential provider".  It is run without a shell, see
 * command_line.h, and never named in a message: its arguments may be secret.
 */
#ifndef DSQL_CREDENTIALS_PROCESS_H
#define DSQL_CREDENTIALS_PROCESS_H

#include "credentials/profile.h"

enum { PROCESS_TIMEOUT_MS = 60000, PROCESS_MAX_OUTPUT = 64 * 1024 };

/** SOURCE_NOT_CONFIGURED when the profile has no credential_process. */
enum source_result process_fetch(const struct source_context *context,
                                 const struct profile *profile, struct dsql_credentials *out,
                                 dsql_error *err);

/** Reads the output of such a program. name is that of the profile, for messages. */
enum source_result process_parse(struct text output, const char *name, const struct clock *clock,
                                 struct dsql_credentials *out, dsql_error *err);

#endif
