/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * job_id.h
 *	  How a job is called: a UUID as 26 characters of lower-case base32.
 */
#ifndef DSQL_JOB_ID_H
#define DSQL_JOB_ID_H

#include "jobs/statements.h"
#include "utils/uuid.h"

extern void job_id_make(pg_uuid_t *id);
extern void job_id_encode(const pg_uuid_t *id, char text[JOB_ID_SIZE]);
/* False: that is no job's name. */
extern bool job_id_decode(const char *text, pg_uuid_t *id);

#endif /* DSQL_JOB_ID_H */
