/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which startup parameters are passed on to PostgreSQL.  Aurora DSQL has a list of what may
 * be set.  The parameter "options" is taken apart, so that nothing else is set through it.
 */
#ifndef DSQL_GATEWAY_PARAMETERS_H
#define DSQL_GATEWAY_PARAMETERS_H

#include "session/fatal_error.h"
#include "wire/startup.h"

/** Writes the StartupMessage for PostgreSQL.  False: *error is set. */
bool parameters_translate(const struct startup *startup, struct buf *out,
                          struct fatal_error *error);

#endif
