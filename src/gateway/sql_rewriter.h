/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands over what Aurora DSQL's SQL has and PostgreSQL's grammar lacks, in what a
 * client sends.  A keyword is overwritten with as many bytes, so that lengths and
 * the positions in errors stay right; the extension dsql_local knows the marks:
 *
 *   CREATE [UNIQUE] INDEX ASYNC    ->  CREATE INDEX / *A* /     (without these blanks)
 *   ALTER TABLE ASYNC              ->  ALTER TABLE / *A* /
 *   AWS IAM GRANT r TO 'arn'       ->  SET IAM .gra. r TO 'arn'
 *   AWS IAM REVOKE r FROM 'arn'    ->  SET IAM .revo. r TO   'arn'
 *
 * A table or index called async needs quotes behind these words, as in the service.
 * Everything else passes byte for byte; at most SQL_REWRITER_HELD_MAX bytes wait for
 * those that follow them.
 */
#ifndef DSQL_GATEWAY_SQL_REWRITER_H
#define DSQL_GATEWAY_SQL_REWRITER_H

#include "base/buf.h"
#include "base/text.h"
#include "gateway/lexer.h"
#include "wire/message.h"

#include <stdbool.h>
#include <stddef.h>

enum { SQL_REWRITER_HELD_MAX = 64 };

/* How much of a statement that is ours has been seen. */
enum sql_rewriter_step {
    SQL_STEP_NOTHING,
    SQL_STEP_START, /* of a statement */
    SQL_STEP_CREATE,
    SQL_STEP_UNIQUE,
    SQL_STEP_INDEX,
    SQL_STEP_ALTER,
    SQL_STEP_TABLE,
    SQL_STEP_AWS,
    SQL_STEP_IAM,
    SQL_STEP_REVOKE,
    SQL_STEP_ROLE
};

struct sql_rewriter {
    struct frame_scan frames;
    bool is_in_sql;  /* of a Query or Parse, before its NUL */
    bool is_in_name; /* of the statement, before the SQL of a Parse */
    struct lexer lexer;
    enum sql_rewriter_step step;
    size_t word_start; /* offsets into the bytes in work */
    size_t aws_start;
    char held[SQL_REWRITER_HELD_MAX]; /* not passed on yet */
    size_t held_len;
    struct buf copy; /* of what must be changed or put behind what was held */
};

void sql_rewriter_init(struct sql_rewriter *rewriter);
void sql_rewriter_clear(struct sql_rewriter *rewriter);

/**
 * Bytes of a client's stream, cut anywhere.  *out is what to send for them, good
 * until the next call: mostly the very same bytes.  False: a length that is
 * nonsense, or no memory.
 */
bool sql_rewriter_rewrite(struct sql_rewriter *rewriter, struct text bytes, struct text *out)
    __attribute__((warn_unused_result));

#endif
