/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* One profile of the shared files, as the sources see it. */
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

/** The shared files as they are now, and which profile of them is meant. */
struct chosen_profile {
    struct profile profile; /* of the two that follow */
    struct profile_set *set;
    char *name;    /* a copy: the environment may move */
    bool is_named; /* requested by name, so it must exist */
};

/** The wanted profile (NULL or "": none), that of AWS_PROFILE, or "default". */
dsql_status profile_choose(const char *wanted, const struct file_system *files,
                           struct chosen_profile *out, dsql_error *err);

/** Safe after a failure, and twice. */
void profile_clear(struct chosen_profile *chosen);

#endif
