/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The names of startup parameters that were dropped, so that the log has one line for each and not
   one for each login. */
#ifndef DSQL_PROXY_DROPPED_NAMES_H
#define DSQL_PROXY_DROPPED_NAMES_H

#include "base/text.h"

#include <stdbool.h>

enum { DROPPED_NAMES_MAX = 64, DROPPED_NAME_SIZE = 64 };

/** All zero: none. */
struct dropped_names {
    char names[DROPPED_NAMES_MAX][DROPPED_NAME_SIZE];
    int count;
};

/**
 * Whether the name is new, which it then is no more.  False also if it is too long or if there are
 * too many: clients choose the names.
 */
bool dropped_names_add(struct dropped_names *names, struct text name);

#endif
