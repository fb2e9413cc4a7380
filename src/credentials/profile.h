/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* One profile of the shared files, as the sources that it can ask for see it. */
#ifndef DSQL_CREDENTIALS_PROFILE_H
#define DSQL_CREDENTIALS_PROFILE_H

#include "config/profile_file.h"
#include "credentials/source.h"

struct profile {
    const struct profile_set *set;
    const char *name;
};

/** The value of a key; NULL when it is missing, empty or blank. */
const char *profile_get(const struct profile *profile, const char *key);

/**
 * Which profile is meant: the wanted one (NULL or "": none), AWS_PROFILE, "default".
 * *is_named (may be NULL): somebody asked for it, so it must exist.  A copy, see
 * mem_free(); NULL: out of memory.
 */
char *profile_choose(const char *wanted, bool *is_named) __attribute__((warn_unused_result));

#endif
