/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * id.h
 *	  The id of a job: a UUID, shown as 26 characters of lower-case base32.
 */
#ifndef DSQL_JOBS_ID_H
#define DSQL_JOBS_ID_H

#include "utils/uuid.h"

/* 26 characters of base32 and a NUL. */
#define JOB_ID_SIZE 27

/* A new random id. */
extern void jobs_id_make(pg_uuid_t *id);

/* decode returns false if the text is not a job id. */
extern void jobs_id_encode(const pg_uuid_t *id, char text[JOB_ID_SIZE]);
extern bool jobs_id_decode(const char *text, pg_uuid_t *id);

#endif /* DSQL_JOBS_ID_H */
