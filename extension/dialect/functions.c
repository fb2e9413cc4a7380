/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.c
 *	  Functions of PostgreSQL that Aurora DSQL does not have.
 *
 * They do what a refused statement does (pg_notify()), or are about something
 * that the service does not have: large objects, advisory locks, WAL,
 * replication, indexes of other kinds, files of the server.
 *
 * A call is refused when a query that contains it is analyzed, so that it is
 * refused in a view, too, and whatever the privileges; and once more when it
 * is executed, because not every call has been in a query that was analyzed
 * here.
 *
 * The function call message of the protocol is refused as a whole.  libpq
 * sends it for large objects only, and the function that it names is given its
 * arguments by nobody who checks them.
 */
#include "postgres.h"

#include "access/transam.h"
#include "dialect/functions.h"
#include "dialect/newer.h"
#include "dialect/refuse.h"
#include "dialect/session.h"
#include "utils/backend_status.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

/* A name that ends with * stands for all that begin so. */
static const char *const refused[] = {
	"binary_upgrade_*",
	"brin_*",
	"currtid*",
	"gin_clean_pending_list",
	"lo_*",
	"loread",
	"lowrite",
	"pg_advisory_*",
	"pg_available_extension_versions",
	"pg_backup_*",
	"pg_control_*",
	"pg_copy_logical_replication_slot",
	"pg_copy_physical_replication_slot",
	"pg_create_logical_replication_slot",
	"pg_create_physical_replication_slot",
	"pg_create_restore_point",
	"pg_current_logfile",
	"pg_current_wal_*",
	"pg_drop_replication_slot",
	"pg_export_snapshot",
	"pg_extension_update_paths",
	"pg_filenode_relation",
	"pg_get_multixact_members",
	"pg_get_wal_*",
	"pg_hba_file_rules",
	"pg_ident_file_mappings",
	"pg_is_wal_replay_paused",
	"pg_last_committed_xact",
	"pg_last_wal_*",
	"pg_listening_channels",
	"pg_log_backend_memory_contexts",
	"pg_log_standby_snapshot",
	"pg_logical_*",
	"pg_ls_*",
	"pg_notification_queue_usage",
	"pg_notify",
	"pg_promote",
	"pg_read_binary_file",
	"pg_read_file",
	"pg_relation_filenode",
	"pg_relation_filepath",
	"pg_reload_conf",
	"pg_replication_origin_*",
	"pg_replication_slot_advance",
	"pg_rotate_logfile*",
	"pg_show_all_file_settings",
	"pg_split_walfile_name",
	"pg_stat_file",
	"pg_switch_wal",
	"pg_try_advisory_*",
	"pg_wal_lsn_diff",
	"pg_wal_replay_*",
	"pg_walfile_*",
	"pg_xact_commit_timestamp*",
};

/* What is known of each built-in function: looking up a name takes a while. */
typedef enum Verdict
{
	UNKNOWN = 0,
	ACCEPTED,
	REFUSED,
	NEWER
} Verdict;

static uint8 verdicts[FirstGenbkiObjectId];

static bool
matches(const char *name, const char *pattern)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return strncmp(name, pattern, len - 1) == 0;
	return strcmp(name, pattern) == 0;
}

/*
 * lo_unlink() remains, for the large objects of clusters that are older than
 * this check.
 */
static Verdict
judge(Oid function)
{
	char *name = get_func_name(function);

	if (name == NULL || function == F_LO_UNLINK)
		return ACCEPTED;
	for (int i = 0; i < lengthof(refused); i++)
		if (matches(name, refused[i]))
			return REFUSED;
	return newer_is_function(function) ? NEWER : ACCEPTED;
}

/* A user's own function may have any name. */
void
dialect_functions_check(Oid function)
{
	if (function >= FirstGenbkiObjectId)
		return;
	if (verdicts[function] == UNKNOWN)
		verdicts[function] = judge(function);
	if (verdicts[function] == REFUSED)
		dialect_refuse("function %s not supported", get_func_name(function));
	if (verdicts[function] == NEWER)
		newer_refuse_function(function);
}

static bool
is_function_call_message(void)
{
	return MyBEEntry != NULL && MyBEEntry->st_state == STATE_FASTPATH;
}

/*
 * Neither is ever executed itself.  In the place of set_config() there is
 * another function (replaced_functions.c), and in that of
 * pg_available_extensions() the query that cluster.sql has given it.  Where
 * the planner could not do that, the call is refused.
 */
static bool
is_replaced(Oid function)
{
	return function == F_SET_CONFIG || function == F_PG_AVAILABLE_EXTENSIONS;
}

void
dialect_functions_check_execution(Oid function)
{
	if (!dialect_applies())
		return;
	dialect_functions_check(function);
	if (is_function_call_message())
		dialect_refuse("unsupported message: FunctionCall");
	if (is_replaced(function))
		dialect_refuse("function %s not supported", get_func_name(function));
}
