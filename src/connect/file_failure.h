/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a file could not be read during a connect.  libpq 15 to 18 hands strerror_r() a buffer for
 * the reason and prints the buffer, which glibc need not have filled: the text that follows the
 * file's name may be whatever was in memory before.  So the reason is found out here.
 */
#ifndef DSQL_CONNECT_FILE_FAILURE_H
#define DSQL_CONNECT_FILE_FAILURE_H

#include "base/text.h"

/** The name in `could not read ... file "NAME": reason` in the message, or "". */
struct text file_failure_name(struct text message);

/** The errno of opening the file, or 0 if that succeeds. */
int file_failure_reason(struct text name);

/** EMFILE or ENFILE if no descriptor is left, or 0. */
int file_failure_no_descriptor(void);

#endif
