/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * analyze.c
 *	  A statement was parsed and analyzed.
 */
#include "postgres.h"

#include "dialect/query.h"
#include "hooks/install.h"
#include "jobs/call_wrapper.h"
#include "parser/analyze.h"
#include "sys/iam_syntax.h"

static post_parse_analyze_hook_type prev_post_parse_analyze = NULL;

/*
 * The other extensions' hooks see the statement after the dialect has checked
 * and changed it, and before a job's statement is wrapped in a CALL.
 */
static void
post_parse_analyze(ParseState *pstate, Query *query, JumbleState *jstate)
{
	iam_syntax_read(query, pstate->p_sourcetext);
	dialect_query_check(pstate, query);
	if (prev_post_parse_analyze)
		prev_post_parse_analyze(pstate, query, jstate);
	jobs_call_wrap(query, pstate->p_sourcetext);
}

void
hooks_install_analyze(void)
{
	prev_post_parse_analyze = post_parse_analyze_hook;
	post_parse_analyze_hook = post_parse_analyze;
}
