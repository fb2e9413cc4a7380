/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_am.h
 *	  The table access method.
 */
#ifndef OCC_AM_H
#define OCC_AM_H

#include "access/tableam.h"

/* Heap's routines, which ours call. */
extern const TableAmRoutine *occ_heap;

extern void occ_am_init(void);

/* Is this a table of ours? */
extern bool occ_is_ours(Relation rel);

#endif /* OCC_AM_H */
