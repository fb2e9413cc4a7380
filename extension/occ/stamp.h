/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp.h
 *	  COMMIT deletes the old versions: their pages get this transaction's id.
 */
#ifndef DSQL_OCC_STAMP_H
#define DSQL_OCC_STAMP_H

#include "occ/claims.h"

/* After validation. */
extern void occ_stamp_old_versions(CommitWork *work);

#endif /* DSQL_OCC_STAMP_H */
