/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The content of a file in another one, by the quickest way that the kernel has. */
#ifndef DSQL_LOCAL_FILE_CLONE_H
#define DSQL_LOCAL_FILE_CLONE_H

#include <stdbool.h>

/** to is empty and open for writing.  False with errno set. */
bool file_clone(int from, int to);

#endif
