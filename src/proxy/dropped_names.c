/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Searched one by one: there are few, and a login is rare. */
#include "proxy/dropped_names.h"

bool dropped_names_add(struct dropped_names *names, struct text name)
{
    for (int i = 0; i < names->count; i++) {
        if (text_equal_nocase(name, text_of(names->names[i]))) {
            return false;
        }
    }
    if (names->count == DROPPED_NAMES_MAX ||
        !text_copy(name, names->names[names->count], DROPPED_NAME_SIZE)) {
        return false;
    }
    names->count++;
    return true;
}
