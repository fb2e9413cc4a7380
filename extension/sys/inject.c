/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.c
 *	  Conflicts on purpose, so that retry loops get tested.
 *
 * Rules in shared memory say which fraction of commits fails: of the whole
 * cluster, of a role, of a table, or of a role at a table.  The most specific
 * rule that applies decides.  Whether the n-th commit that was asked about
 * fails depends on the seed and n only, so a single client sees the same
 * conflicts each time.  Rules last until the server stops; the setting
 * dsql_local.inject_conflicts is the first rule at each start.
 *
 * One LWLock guards rules, seed and count.  Nothing else is locked or called
 * under it; role names are looked up before it is taken.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "sys/inject.h"
#include "sys/privileges.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#define INJECT_RULES   64
#define INJECT_TRANCHE "dsql_local_inject"

/* InvalidOid in a field: any. */
typedef struct InjectRule
{
	Oid	   database;
	Oid	   role;
	Oid	   relation;
	double share; /* of commits, 0 to 1 */
} InjectRule;

typedef struct InjectShared
{
	LWLock	  *lock;
	uint64	   seed;
	uint64	   asked; /* commits decided since the seed was set */
	int		   nrules;
	InjectRule rules[INJECT_RULES];
} InjectShared;

static InjectShared *shared = NULL;
static double		 start_share = 0.0;
static int			 start_seed = 0;

PG_FUNCTION_INFO_V1(dsql_inject_conflicts);
PG_FUNCTION_INFO_V1(dsql_inject_rules);

void
inject_init(void)
{
	DefineCustomRealVariable(
		"dsql_local.inject_conflicts",
		"Fraction of commits (0 to 1) that fail with OC000 on purpose.",
		"sys.inject_conflicts() changes it while the server runs.",
		&start_share, 0.0, 0.0, 1.0, PGC_POSTMASTER, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"dsql_local.inject_seed",
		"Seed that makes injected conflicts repeatable; 0: random.", NULL,
		&start_seed, 0, 0, INT_MAX, PGC_POSTMASTER, 0, NULL, NULL, NULL);
}

void
inject_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(sizeof(InjectShared)));
	RequestNamedLWLockTranche(INJECT_TRANCHE, 1);
}

static uint64
random_seed(void)
{
	uint64 seed = 0;

	if (!pg_strong_random(&seed, sizeof(seed)))
		elog(ERROR, "could not generate a random seed");
	return seed;
}

void
inject_shmem_init(void)
{
	bool found;

	shared =
		ShmemInitStruct("dsql_local inject", sizeof(InjectShared), &found);
	if (found)
		return;
	memset(shared, 0, sizeof(InjectShared));
	shared->lock = &GetNamedLWLockTranche(INJECT_TRANCHE)->lock;
	shared->seed = start_seed != 0 ? start_seed : random_seed();
	if (start_share > 0.0)
		shared->rules[shared->nrules++].share = start_share;
}

/* ---- Deciding ---- */

static bool
concerns_relation(const InjectRule *rule, const Oid *relations, int nrelations)
{
	if (!OidIsValid(rule->relation))
		return true;
	for (int i = 0; i < nrelations; i++)
	{
		if (relations[i] == rule->relation)
			return true;
	}
	return false;
}

static bool
applies(const InjectRule *rule, const Oid *relations, int nrelations)
{
	if (OidIsValid(rule->database) && rule->database != MyDatabaseId)
		return false;
	if (OidIsValid(rule->role) && rule->role != GetSessionUserId())
		return false;
	return concerns_relation(rule, relations, nrelations);
}

/* A table is more specific than a role, and both are more than either. */
static int
rank_of(const InjectRule *rule)
{
	return (OidIsValid(rule->relation) ? 2 : 0) +
		   (OidIsValid(rule->role) ? 1 : 0);
}

static double
find_share(const Oid *relations, int nrelations)
{
	double share = 0.0;
	int	   best = -1;

	for (int i = 0; i < shared->nrules; i++)
	{
		const InjectRule *rule = &shared->rules[i];
		int				  rank = rank_of(rule);

		if (rank < best || !applies(rule, relations, nrelations))
			continue;
		share = rank > best ? rule->share : Max(share, rule->share);
		best = rank;
	}
	return share;
}

/* A pseudo-random number in [0, 1): the finalizer of splitmix64. */
static double
draw(uint64 seed, uint64 n)
{
	uint64 x = seed + (n + 1) * UINT64CONST(0x9E3779B97F4A7C15);

	x = (x ^ (x >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94D049BB133111EB);
	x ^= x >> 31;
	return (double) (x >> 11) / (double) (UINT64CONST(1) << 53);
}

/* Without the lock: a rule that is set right now may as well come later. */
bool
inject_has_rules(void)
{
	return shared->nrules > 0;
}

bool
inject_should_fail(const Oid *relations, int nrelations)
{
	bool fails = false;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	{
		double share = find_share(relations, nrelations);

		if (share > 0.0)
		{
			fails = draw(shared->seed, shared->asked) < share;
			shared->asked++;
		}
	}
	LWLockRelease(shared->lock);
	return fails;
}

/* ---- Setting ---- */

static InjectRule *
find_rule(Oid role, Oid relation)
{
	for (int i = 0; i < shared->nrules; i++)
	{
		InjectRule *rule = &shared->rules[i];

		if (rule->role == role && rule->relation == relation)
			return rule;
	}
	return NULL;
}

static void
drop_rule(InjectRule *rule)
{
	if (rule != NULL)
		*rule = shared->rules[--shared->nrules];
}

/* False: the table of rules is full. */
static bool
set_rule(Oid role, Oid relation, double share)
{
	InjectRule *rule = find_rule(role, relation);

	if (rule == NULL && shared->nrules == INJECT_RULES)
		return false;
	if (rule == NULL)
		rule = &shared->rules[shared->nrules++];
	rule->database = OidIsValid(relation) ? MyDatabaseId : InvalidOid;
	rule->role = role;
	rule->relation = relation;
	rule->share = share;
	return true;
}

static void
check_admin(void)
{
	if (!privileges_is_admin())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied to inject conflicts"),
						errhint("Only the role admin may inject conflicts.")));
}

static void
check_share(double share)
{
	if (!(share >= 0.0 && share <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the fraction of commits must be between 0 and 1")));
}

/*
 * inject_conflicts(share float8, role name, relation regclass, seed bigint)
 *
 * NULL as share removes the rule, as role or relation means all of them, as
 * seed keeps the present one.
 */
Datum
dsql_inject_conflicts(PG_FUNCTION_ARGS)
{
	bool   has_room = true;
	double share = PG_ARGISNULL(0) ? 0.0 : PG_GETARG_FLOAT8(0);
	Oid	   role = InvalidOid;
	Oid	   relation = PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2);

	check_admin();
	check_share(share);
	if (!PG_ARGISNULL(1))
		role = get_role_oid(NameStr(*PG_GETARG_NAME(1)), false);

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	if (PG_ARGISNULL(0))
		drop_rule(find_rule(role, relation));
	else
		has_room = set_rule(role, relation, share);
	if (!PG_ARGISNULL(3))
	{
		shared->seed = (uint64) PG_GETARG_INT64(3);
		shared->asked = 0;
	}
	LWLockRelease(shared->lock);

	if (!has_room)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("more than %d rules for injected conflicts",
							   INJECT_RULES)));
	PG_RETURN_VOID();
}

/* SETOF (role oid, relation oid, share float8) */
Datum
dsql_inject_rules(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	InjectRule	   rules[INJECT_RULES];
	int			   nrules;

	InitMaterializedSRF(fcinfo, 0);
	LWLockAcquire(shared->lock, LW_SHARED);
	nrules = shared->nrules;
	memcpy(rules, shared->rules, sizeof(rules));
	LWLockRelease(shared->lock);
	for (int i = 0; i < nrules; i++)
	{
		Datum values[3];
		bool  nulls[3] = {0};

		values[0] = ObjectIdGetDatum(rules[i].role);
		nulls[0] = !OidIsValid(rules[i].role);
		values[1] = ObjectIdGetDatum(rules[i].relation);
		nulls[1] = !OidIsValid(rules[i].relation);
		values[2] = Float8GetDatum(rules[i].share);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
