/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Keywords and values, as in connection strings.  A keyword occurs once: the last value wins. */
#ifndef DSQL_CONFIG_PAIRS_H
#define DSQL_CONFIG_PAIRS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct pq_pair {
    char *keyword;
    char *value; /* may be a secret, such as sslpassword: wiped when freed */
};

/** All zero is empty. */
struct pair_list {
    struct pq_pair *items;
    size_t count;
};

/** Adds, or replaces the value in place.  False: out of memory, and nothing changed. */
bool pairs_set(struct pair_list *list, struct text keyword, struct text value)
    __attribute__((warn_unused_result));

/** The value, or NULL; owned by the list. */
const char *pairs_get(const struct pair_list *list, const char *keyword);

/** Frees everything, wipes the values, and leaves an empty list. */
void pairs_clear(struct pair_list *list);

/** For declarations: struct pair_list list AUTO_PAIRS = {0}; */
#define AUTO_PAIRS __attribute__((cleanup(pairs_clear)))

#endif
