/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a client that a proxy writes itself or changes.
 * Source: PostgreSQL manual, "Message Formats".  Knows no sockets and no state.
 */
#ifndef DSQL_WIRE_FRONTEND_H
#define DSQL_WIRE_FRONTEND_H

#include "base/buf.h"
#include "base/text.h"

#include <stddef.h>

/** Appends text with its NUL, as a String. */
void frontend_add_string(struct buf *out, struct text text);

/** Appends the type and the length of a message.  body_size: bytes that follow. */
void frontend_add_header(struct buf *out, char type, size_t body_size);

/** Appends a Parse.  rest: the body after the name. */
void frontend_add_parse(struct buf *out, struct text name, struct text rest);

/** Appends a Close or Describe of what is called name; which: TARGET_STATEMENT or TARGET_PORTAL. */
void frontend_add_target(struct buf *out, char type, char which, struct text name);

#endif
