/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_planner.h
 *	  Short cuts of PostgreSQL that know nothing of what is noted.
 */
#ifndef OCC_PLANNER_H
#define OCC_PLANNER_H

extern void occ_planner_init(void);

#endif /* OCC_PLANNER_H */
