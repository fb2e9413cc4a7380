/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * txlimits.h
 *	  How much one transaction may do, and for how long.
 */
#ifndef DSQL_TXLIMITS_H
#define DSQL_TXLIMITS_H

extern void limits_init(void);

/* A row is inserted, updated or deleted; bytes of its new version. */
extern void limits_count_row(Size bytes);

/* Before a statement, and at COMMIT. */
extern void limits_check_age(void);

/* At COMMIT. */
extern void limits_check_size(void);

/* At the end of a transaction. */
extern void limits_reset(void);

#endif /* DSQL_TXLIMITS_H */
