/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrites the SQL that Aurora DSQL has and the server does not, in the messages of a client.
 * Words are overwritten with as many bytes, so lengths and the positions in errors stay right.
 * The extension dsql_local recognizes the marks:
 *
 *   CREATE [UNIQUE] INDEX ASYNC    ->  CREATE INDEX / *A* /     (without these blanks)
 *   ALTER TABLE ASYNC              ->  ALTER TABLE / *A* /
 *   AWS IAM GRANT r TO 'arn'       ->  SET IAM ./ ** / r TO 'arn'
 *   AWS IAM REVOKE r FROM 'arn'    ->  SET IAM ./ *R* / r TO\f\f 'arn'
 *   pg_catalog.pg_database         ->     pg_temp.pg_database
 *
 * and, if the server is PostgreSQL 15:
 *
 *   a text STORAGE main            ->  a text OPTIONS(m'')
 *   SET STORAGE DEFAULT            ->  SET STORAGE "=dflt"
 *   0x1F, 1_000                    ->  0031, 01000
 *
 * pg_catalog is overwritten before the catalogs that the extension has with the columns of version
 * 16 (extension/dialect/catalog_views.c), whether the names are quoted or not.
 *
 * A table or index called async must be quoted after these words, as in the service.
 * Everything else passes byte for byte.  At most SQL_REWRITER_HELD_MAX bytes are held back
 * until the bytes after them show whether they belong to such a keyword.
 */
#ifndef DSQL_GATEWAY_SQL_REWRITER_H
#define DSQL_GATEWAY_SQL_REWRITER_H

#include "base/buf.h"
#include "base/text.h"
#include "sql/lexer.h"
#include "wire/message.h"

#include <stdbool.h>
#include <stddef.h>

enum { SQL_REWRITER_HELD_MAX = 64 };

/* The words read so far of a statement that may have to be rewritten. */
enum sql_rewriter_step {
    SQL_STEP_NOTHING,
    SQL_STEP_START, /* at the beginning of a statement */
    SQL_STEP_CREATE,
    SQL_STEP_UNIQUE,
    SQL_STEP_INDEX,
    SQL_STEP_ALTER,
    SQL_STEP_TABLE,
    SQL_STEP_AWS,
    SQL_STEP_IAM,
    SQL_STEP_REVOKE,
    SQL_STEP_ROLE,
    SQL_STEP_CATALOG,
    SQL_STEP_CATALOG_DOT,
    SQL_STEP_STORAGE,
    SQL_STEP_SET_STORAGE
};

/**
 * All of it describes one position in the stream of one client.  Between two calls it is at most
 * SQL_REWRITER_HELD_MAX bytes behind what the client has sent.
 */
struct sql_rewriter {
    bool is_server_15; /* or older: its grammar lacks what 16 has */
    struct frame_scan frames;
    bool is_in_sql;  /* in the SQL of a Query or Parse message */
    bool is_in_name; /* in the statement name, before the SQL of a Parse message */
    struct lexer lexer;
    enum sql_rewriter_step step;
    bool is_in_table;    /* in CREATE TABLE or ALTER TABLE */
    bool is_before_name; /* the token before was one that the name of a column follows */
    bool is_after_set;   /* the word before was SET */
    bool is_after_point; /* the byte before was a point */
    bool is_number_open; /* a number is being read that may be overwritten */
    size_t word_start;   /* offsets into the bytes of this call */
    size_t number_start;
    size_t mark_start;                /* of AWS, pg_catalog or STORAGE */
    size_t mark_end;                  /* of pg_catalog */
    char held[SQL_REWRITER_HELD_MAX]; /* held back */
    size_t held_len;
    struct buf copy; /* of the bytes of this call, if any are changed or held back */
};

/** server_major: of PostgreSQL; 0: one whose grammar has all of version 16. */
void sql_rewriter_init(struct sql_rewriter *rewriter, int server_major);
void sql_rewriter_clear(struct sql_rewriter *rewriter);

/**
 * Takes the next bytes of a client's stream, cut anywhere.  *out is what to send instead,
 * valid until the next call; mostly it is the same bytes, not copied.  False: a message
 * length is not valid, or memory ran out.
 */
bool sql_rewriter_rewrite(struct sql_rewriter *rewriter, struct text bytes, struct text *out)
    __attribute__((warn_unused_result));

#endif
