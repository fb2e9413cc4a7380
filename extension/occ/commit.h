/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * occ_commit.h
 *	  COMMIT: validation and publication.
 */
#ifndef OCC_COMMIT_H
#define OCC_COMMIT_H

extern void occ_commit_init(void);

#endif /* OCC_COMMIT_H */
