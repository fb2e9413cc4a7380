/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * validate.h
 *	  Whether a transaction may commit.
 */
#ifndef DSQL_OCC_VALIDATE_H
#define DSQL_OCC_VALIDATE_H

#include "occ/claims.h"
#include "occ/conflict.h"

/*
 * Before occ_validate(), without the commit lock.  A row that is known by its
 * place may have been replaced any number of times since the transaction's
 * snapshot.  All but the last of the replacing transactions have ended: what
 * they did is certain, and nobody can claim their old versions any more.
 * These replacements are followed here, so that other COMMITs need not wait
 * for it.  Returns false as occ_validate() does.
 */
extern bool occ_validate_follow_ended(CommitWork *work, RowConflict *out);

/*
 * Under the commit lock.  Returns true if the transaction may commit; nothing
 * can make it lose from then on.  Otherwise *out says to which transaction it
 * lost.
 */
extern bool occ_validate(CommitWork *work, RowConflict *out);

#endif /* DSQL_OCC_VALIDATE_H */
