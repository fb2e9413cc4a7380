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

#endif
