/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq's own words, for a message of one line.  Its texts have several lines, some of them
 * advice that does not fit here, and it may report the same thing twice.  Nothing here allocates:
 * libpq may have run out of memory.
 */
#ifndef DSQL_CONNECT_LIBPQ_TEXT_H
#define DSQL_CONNECT_LIBPQ_TEXT_H

#include "base/text.h"

#include <stdbool.h>

enum { LIBPQ_TEXT_SIZE = 400 };

/**
 * Joins the lines by semicolons, as far as there is room in out, and returns out.  Left out:
 * libpq's advice, and lines that were there before.
 */
const char *libpq_text_join(struct text lines, char *out, size_t size);

/** Whether libpq itself ran out of memory, which it reports as an error without SQLSTATE. */
bool libpq_text_is_nomem(struct text words);

#endif
