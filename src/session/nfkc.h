/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Unicode's normalization form KC: the same text in different spellings becomes the same code
 * points.  Source: Unicode Standard Annex #15, and the Unicode Standard, section 3.12, for Hangul.
 * Pure; the caller has the memory.
 */
#ifndef DSQL_SESSION_NFKC_H
#define DSQL_SESSION_NFKC_H

#include <stddef.h>
#include <stdint.h>

/** No code point becomes more than this many. */
enum { NFKC_EXPANSION_MAX = 18 };

/** How many code points the text has before they are composed. */
size_t nfkc_size(const uint32_t *codes, size_t count);

/** Normalizes a text; out has room for nfkc_size().  Returns how many code points it has. */
size_t nfkc(const uint32_t *codes, size_t count, uint32_t *out);

#endif
