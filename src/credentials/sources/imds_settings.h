/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Where an instance's metadata service is, and how patiently it is asked. */
#ifndef DSQL_CREDENTIALS_IMDS_SETTINGS_H
#define DSQL_CREDENTIALS_IMDS_SETTINGS_H

#include "credentials/profile.h"

enum { IMDS_URL_SIZE = 512 };

struct imds_settings {
    char url[IMDS_URL_SIZE]; /* "http://169.254.169.254", no slash at the end */
    int timeout_ms;          /* to connect, and again for the whole */
    int attempts;
    bool is_patient; /* somebody asked for that many attempts: also when nobody answers */
};

/** The environment, then the profile (NULL: none).  SOURCE_NOT_CONFIGURED: switched off. */
enum source_result imds_settings_read(const struct profile *profile, struct imds_settings *out,
                                      dsql_error *err);

#endif
