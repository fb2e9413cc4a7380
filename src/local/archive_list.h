/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of an archive's entries, as `pg_restore -l` prints it and `pg_restore -L` reads it.
 */
#ifndef DSQL_LOCAL_ARCHIVE_LIST_H
#define DSQL_LOCAL_ARCHIVE_LIST_H

#include "base/buf.h"

#include <stdbool.h>

/**
 * Appends the ids of the entries that a restore wants, one a line.  False: a line is not one of
 * pg_restore's.
 */
bool archive_list_select(struct text list, struct buf *ids);

#endif
