/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * refuse.c
 *	  The one way to refuse what Aurora DSQL does not support.
 *
 * The texts that callers pass are the service's, byte for byte.  They are
 * recorded, statement by statement, in tests/integration/service_answers; one
 * that is changed makes a program behave differently here and in production.
 */
#include "postgres.h"

#include "dialect/refuse.h"
#include "lib/stringinfo.h"

void
dialect_refuse(const char *format, ...)
{
	StringInfoData text;
	va_list		   arguments;
	int			   needed;

	initStringInfo(&text);
	for (;;)
	{
		va_start(arguments, format);
		needed = appendStringInfoVA(&text, format, arguments);
		va_end(arguments);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg_internal("%s", text.data)));
	pg_unreachable();
}
