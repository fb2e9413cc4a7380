/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * id.c
 *	  The id of a job: a UUID, shown as 26 characters of lower-case base32.
 *
 * This is the base32 of RFC 4648 without padding: 25 characters of five bits,
 * and one with the last three bits and two zeros.
 */
#include "postgres.h"

#include "fmgr.h"
#include "jobs/id.h"
#include "utils/builtins.h"

#define DIGITS (JOB_ID_SIZE - 1)

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

PG_FUNCTION_INFO_V1(dsql_uuid_to_base32_str);
PG_FUNCTION_INFO_V1(dsql_base32_str_to_uuid);

void
jobs_id_make(pg_uuid_t *id)
{
	if (!pg_strong_random(id->data, UUID_LEN))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate random values")));
	id->data[6] = (id->data[6] & 0x0f) | 0x40; /* version 4, random */
	id->data[8] = (id->data[8] & 0x3f) | 0x80;
}

void
jobs_id_encode(const pg_uuid_t *id, char text[JOB_ID_SIZE])
{
	uint32 bits = 0;
	int	   nbits = 0;
	int	   written = 0;

	for (int i = 0; i < UUID_LEN; i++)
	{
		bits = bits << 8 | id->data[i];
		for (nbits += 8; nbits >= 5; nbits -= 5)
			text[written++] = alphabet[bits >> (nbits - 5) & 31];
	}
	text[written++] = alphabet[bits << (5 - nbits) & 31];
	text[written] = '\0';
	Assert(written == DIGITS);
}

bool
jobs_id_decode(const char *text, pg_uuid_t *id)
{
	uint32 bits = 0;
	int	   nbits = 0;
	int	   written = 0;

	if (strlen(text) != DIGITS)
		return false;
	for (int i = 0; i < DIGITS; i++)
	{
		const char *digit = strchr(alphabet, text[i]);

		if (digit == NULL)
			return false;
		bits = bits << 5 | (uint32) (digit - alphabet);
		nbits += 5;
		if (nbits >= 8)
		{
			nbits -= 8;
			id->data[written++] = bits >> nbits & 0xff;
		}
	}
	Assert(written == UUID_LEN);
	return (bits & ((1U << nbits) - 1)) == 0;
}

Datum
dsql_uuid_to_base32_str(PG_FUNCTION_ARGS)
{
	char text[JOB_ID_SIZE];

	jobs_id_encode(PG_GETARG_UUID_P(0), text);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

Datum
dsql_base32_str_to_uuid(PG_FUNCTION_ARGS)
{
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));

	if (!jobs_id_decode(text_to_cstring(PG_GETARG_TEXT_PP(0)), id))
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("Unable to convert text to UUID")));
	PG_RETURN_UUID_P(id);
}
