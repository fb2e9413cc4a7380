/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the clock of this machine is off, from the HINT of a rejected signature:
 *
 *   Signature expired: 20241107T000000Z is now earlier than 20241107T001500Z
 *   (20241107T003000Z - 15 min.)
 *
 * These are the time in the signature, the limit, and the time of AWS.  "Signature not yet
 * current" has the same three.
 */
#ifndef DSQL_CONNECT_SIGNATURE_SKEW_H
#define DSQL_CONNECT_SIGNATURE_SKEW_H

#include "base/text.h"

/** now_s minus the time of AWS: positive if the clock is ahead.  False: hint has no times. */
bool signature_skew_measure(struct text hint, int64_t now_s, int64_t *skew_s);

#endif
