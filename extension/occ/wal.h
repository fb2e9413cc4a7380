/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * wal.h
 *	  The resource manager of this extension: which file knows which record.
 */
#ifndef DSQL_OCC_WAL_H
#define DSQL_OCC_WAL_H

/* Registers it.  While the server starts. */
extern void occ_wal_init(void);

#endif /* DSQL_OCC_WAL_H */
