/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Numeric literals of PostgreSQL 16 that earlier versions do not have: 0x1F, 0o17, 0b1 and 1_000.
 */
#ifndef DSQL_SQL_NUMBER_H
#define DSQL_SQL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

enum { SQL_NUMBER_MAX = 64 }; /* longer literals are left as they are */

/**
 * Writes the same number in the older form over the literal, with as many bytes: with zeros before
 * it.  False, and the literal is as it was: it is in that form already, it is no number, or the
 * older form is longer, as for most hexadecimal numbers of more than 2^36.
 */
bool sql_number_rewrite(char *literal, size_t len) __attribute__((warn_unused_result));

#endif
