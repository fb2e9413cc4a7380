/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which startup parameters go on to the PostgreSQL behind.  Aurora DSQL has a list of
 * what may be set; "options" is taken apart so that nothing hides in it.
 */
#ifndef DSQL_GATEWAY_PARAMETERS_H
#define DSQL_GATEWAY_PARAMETERS_H

#include "gateway/fatal_error.h"
#include "wire/startup.h"

/** Writes the StartupMessage for the upstream.  False: *error says why not. */
bool parameters_translate(const struct startup *startup, struct buf *out,
                          struct fatal_error *error);

#endif
