/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * session_id.c
 *	  The id of a session: a random UUID, made when it is first asked for.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(dsql_session_uuid);

static pg_uuid_t session_id;
static bool		 has_id = false;

/* sys.dsql_session_uuid(): sys.current_session_id() shows it in base32. */
Datum
dsql_session_uuid(PG_FUNCTION_ARGS)
{
	pg_uuid_t *result = palloc(sizeof(*result));

	if (!has_id && !pg_strong_random(&session_id, sizeof(session_id)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate random values")));
	has_id = true;
	*result = session_id;
	PG_RETURN_UUID_P(result);
}
