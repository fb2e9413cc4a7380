/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * refuse.h
 *	  Statements that Aurora DSQL refuses and that would not be safe, or not
 *	  mean the same, here.
 */
#ifndef DSQL_REFUSE_H
#define DSQL_REFUSE_H

#include "nodes/nodes.h"

extern void refuse_init(void);

/* Before a utility statement. */
extern void refuse_statement(Node *statement);

#endif /* DSQL_REFUSE_H */
