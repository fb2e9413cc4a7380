/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * claim_identity.h
 *	  Which row each claim of COMMIT is on.
 */
#ifndef DSQL_OCC_CLAIM_IDENTITY_H
#define DSQL_OCC_CLAIM_IDENTITY_H

#include "occ/claims.h"

/* Rows that are known by their place.  Before the commit lock is taken. */
extern void occ_claim_identity_set_places(CommitWork *work);

/*
 * Identities by primary key are needed if there are intents to compare with,
 * or if this transaction publishes some.  Computing them reads rows, and maybe
 * toasted keys, so not under the commit lock.  Whether they are needed may be
 * asked with and without the lock: intents may appear meanwhile.
 */
extern bool occ_claim_identity_is_needed(const CommitWork *work);
extern void occ_claim_identity_read_keys(CommitWork *work);

/* The claim is now on another version of its row, known by its place. */
extern void occ_claim_identity_move(Claim *claim, ItemPointer tid);

/* A delete that has to be published, if some snapshot misses the version. */
extern bool occ_claim_identity_is_published_delete(const Claim *write);

/*
 * A non-key update of a row that is known by its place, which has to be
 * published as a replacement.
 */
extern bool occ_claim_identity_is_replacement(const Claim *claim);

#endif /* DSQL_OCC_CLAIM_IDENTITY_H */
