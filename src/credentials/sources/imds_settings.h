/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Where the instance metadata service is, and how often and how long it is asked. */
#ifndef DSQL_CREDENTIALS_IMDS_SETTINGS_H
#define DSQL_CREDENTIALS_IMDS_SETTINGS_H

#include "credentials/profile.h"

enum { IMDS_URL_SIZE = 512 };

struct imds_settings {
    char url[IMDS_URL_SIZE]; /* "http://169.254.169.254", no slash at the end */
    int timeout_ms;          /* to connect, and again for the whole */
    int attempts;
    bool retries_unanswered; /* the number of attempts was configured: also without a response */
};

/** The environment, then the profile (NULL: none).  SOURCE_NOT_CONFIGURED: switched off. */
enum source_result imds_settings_read(const struct profile *profile, struct imds_settings *out,
                                      dsql_error *err);

#endif
