/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What SCRAM makes of a password before it hashes it, so that one and the same password that is
 * typed in different ways is one: RFC 4013 (SASLprep), as PostgreSQL and libpq do it.  They use a
 * password that is not UTF-8, or that SASLprep prohibits, as it is; and they look for prohibited
 * characters before the text is normalized, not after.
 *
 * The name of a user is not prepared: PostgreSQL takes that of the startup message, byte for byte.
 */
#ifndef DSQL_SESSION_SASLPREP_H
#define DSQL_SESSION_SASLPREP_H

#include "base/buf.h"
#include "base/text.h"

/** A password of n bytes becomes at most this many times n. */
enum { SASLPREP_EXPANSION_MAX = 11 };

/** Appends the password as SCRAM uses it.  Not ok: no memory, or longer than the buffer may be. */
void saslprep(struct text password, struct buf *out);

#endif
