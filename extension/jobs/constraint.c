/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * constraint.c
 *	  Validating a constraint in the background.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "jobs/constraint.h"
#include "jobs/worker_transaction.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/syscache.h"

static Oid
owner_of(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid		  owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static void
validate_constraint(const Job *job, const char *table)
{
	Oid	  user;
	int	  context;
	int	  nest_level = NewGUCNestLevel();
	char *sql = psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", table,
						 quote_identifier(job->name));

	/* A check may call functions: they run as the owner, not as us. */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(owner_of(job->object),
						   context | SECURITY_RESTRICTED_OPERATION);
	if (SPI_connect() != SPI_OK_CONNECT || SPI_execute(sql, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", sql);
	SPI_finish();
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(user, context);
}

bool
jobs_constraint_step(const Job *job)
{
	char *name;

	jobs_worker_begin();
	name = jobs_worker_lock_table(job->object);
	if (name == NULL)
	{
		jobs_worker_finish(job, JOB_COMPLETED, JOB_TABLE_IS_GONE);
		jobs_worker_commit();
		return false;
	}
	validate_constraint(job, name);
	jobs_worker_finish(job, JOB_COMPLETED, NULL);
	jobs_worker_commit_schema_change(job->object);
	return false;
}
