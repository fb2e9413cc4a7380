/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What SASLprep and the normalization form KC need to know of Unicode 3.2, sorted by code point.
 * scripts/make-saslprep-tables writes the tables.
 */
#ifndef DSQL_SESSION_SASLPREP_TABLES_H
#define DSQL_SESSION_SASLPREP_TABLES_H

#include <stddef.h>
#include <stdint.h>

struct saslprep_range {
    uint32_t first;
    uint32_t last;
};

/* The canonical combining class of some code points; 0 for all others. */
struct saslprep_class {
    uint32_t first;
    uint32_t last;
    uint32_t number;
};

/* The full compatibility decomposition is in saslprep_characters. */
struct saslprep_decomposition {
    uint32_t code;
    uint16_t start;
    uint16_t len;
};

struct saslprep_composition {
    uint32_t first;
    uint32_t second;
    uint32_t code;
};

extern const struct saslprep_range saslprep_spaces[];        /* RFC 3454, C.1.2 */
extern const struct saslprep_range saslprep_nothing[];       /* B.1 */
extern const struct saslprep_range saslprep_prohibited[];    /* RFC 4013, 2.3 and 2.5 */
extern const struct saslprep_range saslprep_right_to_left[]; /* RFC 3454, D.1 */
extern const struct saslprep_range saslprep_left_to_right[]; /* D.2 */
extern const size_t saslprep_spaces_count;
extern const size_t saslprep_nothing_count;
extern const size_t saslprep_prohibited_count;
extern const size_t saslprep_right_to_left_count;
extern const size_t saslprep_left_to_right_count;

extern const struct saslprep_class saslprep_classes[];
extern const struct saslprep_decomposition saslprep_decompositions[];
extern const struct saslprep_composition saslprep_compositions[];
extern const uint32_t saslprep_characters[];
extern const size_t saslprep_classes_count;
extern const size_t saslprep_decompositions_count;
extern const size_t saslprep_compositions_count;

#endif
