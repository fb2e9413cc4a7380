/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Run-time parameters that differ from what a fresh session has, each with its value.  A list has a
 * fingerprint, so that two of them of the same thread are compared without looking at them.  It is
 * made with a secret key: a client cannot choose values so that its connection looks like a fresh
 * one.
 */
#ifndef DSQL_PROXY_PARAMETER_LIST_H
#define DSQL_PROXY_PARAMETER_LIST_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARAMETER_LIST_MAX = 256 }; /* parameters */

struct parameter {
    char *name; /* lower case */
    char *value;
    bool is_sql; /* the value is SQL, as after SET name TO; else a string */
    uint64_t hash;
};

/** All zero: empty. */
struct parameter_list {
    struct parameter *items;
    size_t count;
    uint64_t fingerprint;           /* of all; 0: empty */
    uint64_t statement_fingerprint; /* of all that may change the meaning of a statement */
};

void parameter_list_clear(struct parameter_list *list);

/** NULL: it is not there. */
const struct parameter *parameter_list_find(const struct parameter_list *list, struct text name);

/** Adds or replaces; the texts are copied.  False: no memory, or too many. */
bool parameter_list_set(struct parameter_list *list, struct text name, struct text value,
                        bool is_sql) __attribute__((warn_unused_result));
/** Does nothing if it is not there. */
void parameter_list_remove(struct parameter_list *list, struct text name);

/** Makes *to a copy.  False: no memory; *to is empty then. */
bool parameter_list_copy(struct parameter_list *to, const struct parameter_list *from)
    __attribute__((warn_unused_result));

/** Whether both have this parameter with the same value, or none of them has it. */
bool parameter_list_agree(const struct parameter_list *a, const struct parameter_list *b,
                          struct text name);

#endif
