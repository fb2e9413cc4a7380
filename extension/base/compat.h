/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * compat.h
 *	  All that differs between PostgreSQL 15, 16 and 17, and nothing else.
 *
 * No other file tests PG_VERSION_NUM.
 */
#ifndef DSQL_COMPAT_H
#define DSQL_COMPAT_H

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 180000
#error "dsql_local is for PostgreSQL 15, 16 and 17"
#endif

/* 16: DefineIndex() is told how many partitions there are. */
#if PG_VERSION_NUM >= 160000
#define DEFINE_INDEX_UNBUILT_COMPAT(table, index)                             \
	DefineIndex(table, index, InvalidOid, InvalidOid, InvalidOid, -1, false,  \
				true, true, true, false)
#else
#define DEFINE_INDEX_UNBUILT_COMPAT(table, index)                             \
	DefineIndex(table, index, InvalidOid, InvalidOid, InvalidOid, false,      \
				true, true, true, false)
#endif

/* 16: a file's number is no node. */
#if PG_VERSION_NUM >= 160000
#define RelationSetNewFileCompat RelationSetNewRelfilenumber
#else
#define RelationSetNewFileCompat RelationSetNewRelfilenode
#endif

#if PG_VERSION_NUM >= 160000
#define RelFileCompat				 RelFileLocator
#define relation_set_new_file_compat relation_set_new_filelocator
#else
#define RelFileCompat				 RelFileNode
#define relation_set_new_file_compat relation_set_new_filenode
#endif

/* 16: an update says which indexes want the new version, not only whether. */
#if PG_VERSION_NUM >= 160000
typedef enum TU_UpdateIndexes UpdateIndexesCompat;
#define UPDATE_ALL_INDEXES TU_All
#else
typedef bool UpdateIndexesCompat;
#define UPDATE_ALL_INDEXES true
#endif

/* 17: a stronger lock may be asked for too. */
#if PG_VERSION_NUM >= 170000
#define LockHeldByMeCompat(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define LockHeldByMeCompat(tag, mode) LockHeldByMe(tag, mode)
#endif

/* 17: pgprocno became a ProcNumber, known without MyProc. */
#if PG_VERSION_NUM >= 170000
#define MyProcNumberCompat MyProcNumber
#else
#define MyProcNumberCompat MyProc->pgprocno
#endif

/* 16: find_option() is for all; before there was only the whole array. */
#if PG_VERSION_NUM >= 160000
#define GUC_VARIABLES_COMPAT(n) get_guc_variables(n)
#else
#define GUC_VARIABLES_COMPAT(n)                                               \
	(*(n) = GetNumConfigOptions(), get_guc_variables())
#endif

/*
 * What lets a bitmap scan skip the pages of rows that nobody reads: a field of
 * the executor's state, and since 17 a flag of the scan.
 */
#if PG_VERSION_NUM >= 170000
#define BITMAP_SCAN_FETCHES_COMPAT(state) ((void) (state))
#define SCAN_FLAGS_COMPAT(flags)		  ((flags) | SO_NEED_TUPLES)
#else
#define BITMAP_SCAN_FETCHES_COMPAT(state) ((state)->can_skip_fetch = false)
#define SCAN_FLAGS_COMPAT(flags)		  (flags)
#endif

/* 17: a statistics target may be DEFAULT, no number. */
#if PG_VERSION_NUM >= 170000
#define STATISTICS_TARGET_COMPAT(alter)                                       \
	((alter)->stxstattarget == NULL ? -1 : intVal((alter)->stxstattarget))
#else
#define STATISTICS_TARGET_COMPAT(alter) ((alter)->stxstattarget)
#endif

#endif /* DSQL_COMPAT_H */
