/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The code of a message, such as "DSQL-302": that of its entry in docs/guide/troubleshooting.md.
 * It is found by the text alone, so that a message has one wherever it comes from: a dsql_error,
 * the server, libpq, or a log.
 */
#ifndef DSQL_BASE_MESSAGE_CODE_H
#define DSQL_BASE_MESSAGE_CODE_H

#include "base/text.h"

/** The code of a message; "" if it has none.  Constant. */
const char *message_code(struct text message);

#endif
