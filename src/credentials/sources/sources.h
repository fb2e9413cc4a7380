/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources of the default chain, one file each.  Their order is in chain/search.c.  All are
 * constants without state, so any thread may use them.
 */
#ifndef DSQL_CREDENTIALS_SOURCES_SOURCES_H
#define DSQL_CREDENTIALS_SOURCES_SOURCES_H

#include "credentials/source.h"

extern const struct credentials_source credentials_source_environment;
extern const struct credentials_source credentials_source_profile;
extern const struct credentials_source credentials_source_web_identity;
extern const struct credentials_source credentials_source_container;
extern const struct credentials_source credentials_source_imds;

#endif
