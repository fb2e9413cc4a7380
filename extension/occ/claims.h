/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * claims.h
 *	  What COMMIT has to validate: the log, sorted, with its relations open.
 */
#ifndef DSQL_OCC_CLAIMS_H
#define DSQL_OCC_CLAIMS_H

#include "nodes/bitmapset.h"
#include "occ/intents.h"
#include "occ/writes.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

/* A relation of the log, open and locked until the transaction ends. */
typedef struct Target
{
	Relation   rel;
	Bitmapset *identity_columns; /* NULL: a version is known by its place */
} Target;

/* An entry of the log, with what validation needs. */
typedef struct Claim
{
	const WriteEntry *entry;
	Target			 *target;
	ItemPointerData	  tid;	  /* LOCKED: once validated, of the newest
							   * version */
	ItemPointerData former;	  /* LOCKED: the version before, if it may become
							   * the newest again, because the transaction
							   * that replaced it has not ended; else
							   * invalid */
	ItemPointerData newest;	  /* replacement: by which version of ours */
	Buffer			pinned;	  /* REPLACED: its page, if it was left pinned for
							   * the claims on it, of which this is the first */
	IntentKey key;			  /* valid if CommitWork.has_identities, or if the
							   * version is known by its place */
	TransactionId xmin;		  /* REPLACED, if CommitWork.has_identities */
	bool		  is_stamped; /* REPLACED: its page has the stamp (stamp.c) */
} Claim;

/* Fresh memory and cache lines are a good part of what thousands cost. */
StaticAssertDecl(sizeof(Claim) == 64, "a claim is not a cache line");

/* A transaction that inserted keys which this one has inserted too. */
typedef struct Rival
{
	TransactionId xid; /* maybe a subtransaction's */
	TransactionId topxid;
	const Claim	 *claims; /* of kind KEY */
	int			  nclaims;
} Rival;

typedef struct CommitWork
{
	Target		 *targets;
	int			  ntargets;
	Claim		 *writes;
	int			  nwrites;
	Claim		 *locks;
	int			  nlocks;
	Claim		 *keys;
	int			  nkeys;
	Rival		 *rivals;
	int			  nrivals;
	bool		  has_identities;
	Snapshot	  snapshot; /* of the transaction */
	TransactionId topxid;
} CommitWork;

/*
 * Fills the lists and opens the relations.  Takes locks, reads catalogs, and
 * may raise OC001.
 */
extern void occ_claims_gather(CommitWork *work);

/*
 * How many of the first claims are on versions of one page.  There is at least
 * one claim.
 */
extern int occ_claims_on_one_page(const Claim *claims, int n);

/*
 * The first of the claims are about to be looked at, in turn: fetches the
 * pages of those that follow.
 */
extern void occ_claims_prefetch(const Claim *claims, int n);

/*
 * The page of the version, with a pin that is the caller's.  What was left
 * pinned is taken, or released.
 */
extern Buffer occ_claims_take_page(Claim *claim);
extern void	  occ_claims_release_page(Claim *claim);

/* Closes the relations, which stay locked. */
extern void occ_claims_close(CommitWork *work);

#endif /* DSQL_OCC_CLAIMS_H */
