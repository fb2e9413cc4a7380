/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c
 *	  An error, or any other message, is sent to the client or logged.
 */
#include "postgres.h"

#include "dialect/grammar_hint.h"
#include "dialect/query_memory.h"
#include "dialect/transaction_limits.h"
#include "hooks/install.h"
#include "schema/conflict.h"
#include "utils/elog.h"

static emit_log_hook_type prev_emit_log = NULL;

static void
emit_log(ErrorData *error)
{
	schema_conflict_rephrase_sent_error(error);
	transaction_limits_rephrase_sent_error(error);
	query_memory_rephrase_sent_error(error);
	grammar_hint_add_to_sent_error(error);
	if (prev_emit_log)
		prev_emit_log(error);
}

void
hooks_install_log(void)
{
	prev_emit_log = emit_log_hook;
	emit_log_hook = emit_log;
}
