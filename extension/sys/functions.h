/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.h
 *	  Finds the functions of schema sys.
 */
#ifndef DSQL_SYS_FUNCTIONS_H
#define DSQL_SYS_FUNCTIONS_H

/* InvalidOid: schema sys is of another build. */
extern Oid functions_find(const char *name, const Oid *types, int ntypes);

#endif /* DSQL_SYS_FUNCTIONS_H */
