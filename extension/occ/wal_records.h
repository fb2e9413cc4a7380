/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * wal_records.h
 *	  The number of this extension's resource manager, and its kinds of WAL
 *	  record.
 *
 * The number is the one that PostgreSQL reserves for extensions that have
 * none.  Recovery needs this library, as does every use of the tables.
 */
#ifndef DSQL_OCC_WAL_RECORDS_H
#define DSQL_OCC_WAL_RECORDS_H

#include "access/rmgr.h"

#define OCC_RMGR RM_EXPERIMENTAL_ID

/* The lower four bits are PostgreSQL's. */
#define OCC_WAL_STAMP	  0x00 /* stamp_record.c */
#define OCC_WAL_HEAP_ONLY 0x10 /* heap_only_record.c */

#endif /* DSQL_OCC_WAL_RECORDS_H */
