/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * query_memory.c
 *	  How much a sort, a hash or another intermediate result may need.
 *
 * Aurora DSQL keeps it in memory.  PostgreSQL writes what exceeds work_mem to
 * temporary files, and can limit their size.  That is nearly the same limit,
 * and takes less of the machine's memory.
 */
#include "postgres.h"

#include "dialect/query_memory.h"
#include "utils/guc.h"

#define LIMIT_KB 131072

void
query_memory_begin_session(void)
{
	SetConfigOption("temp_file_limit", CppAsString2(LIMIT_KB), PGC_SUSET,
					PGC_S_OVERRIDE);
}

/* Of FileWrite(), which PostgreSQL 17 calls FileWriteV(). */
static bool
is_of_limit(const ErrorData *error)
{
	return temp_file_limit == LIMIT_KB &&
		   error->sqlerrcode == ERRCODE_CONFIGURATION_LIMIT_EXCEEDED &&
		   error->funcname != NULL &&
		   strncmp(error->funcname, "FileWrite", strlen("FileWrite")) == 0;
}

void
query_memory_rephrase_sent_error(ErrorData *error)
{
	if (!is_of_limit(error))
		return;
	error->sqlerrcode = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
	error->message = psprintf(
		"query requires more than allowed temp space of %d KB to execute",
		LIMIT_KB);
}
