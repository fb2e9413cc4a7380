/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What pg_dump and pg_restore send and Aurora DSQL refuses, and what to do about it.  Only what
 * makes no difference to a dump or a restore is answered here; everything else is the cluster's.
 * Source: PostgreSQL's src/bin/pg_dump/pg_dump.c (setup_connection(), getTables()) and
 * pg_backup_archiver.c (_doSetFixedOutputState()), versions 15 to 18.
 *
 * Decides about one Query message at a time.  No sockets.
 */
#ifndef DSQL_PROXY_DUMP_STATEMENTS_H
#define DSQL_PROXY_DUMP_STATEMENTS_H

#include "base/buf.h"
#include "proxy/dump_prepared.h"

enum { DUMP_NOTE_SIZE = 96, DUMP_ANSWER_MAX = 512 };

enum dump_action {
    DUMP_PASS,    /* the cluster answers it */
    DUMP_REPLACE, /* the cluster answers the SQL in out instead */
    DUMP_ANSWER   /* out has the answer, up to its CommandComplete */
};

struct dump_statements {
    struct dump_prepared prepared;
    char cursor[STATEMENT_NAME_SIZE]; /* "": none is open */
    char *cursor_sql;
    bool is_fetched; /* all its rows */
};

/** All zero at first. */
void dump_statements_clear(struct dump_statements *statements);

/**
 * sql: of a Query, without its NUL.  out is empty at first.  note gets what the statement is,
 * without its values, for the log.  Nothing may be under way, and the transaction must not have
 * failed.
 */
enum dump_action dump_statements_take(struct dump_statements *statements, struct text sql,
                                      struct buf *out, char note[DUMP_NOTE_SIZE]);

/** Whether a client of this name is one of these programs. */
bool dump_is_program(struct text application_name);

#endif
