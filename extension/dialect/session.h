/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h
 *	  Which sessions the dialect applies to.
 */
#ifndef DSQL_DIALECT_SESSION_H
#define DSQL_DIALECT_SESSION_H

/* The client has logged in as that role. */
extern void dialect_session_begin(const char *role_name);

/*
 * Does the dialect apply to this session?  It does not if the client logged in
 * as a superuser (maintenance, dump and restore; the gateway lets no superuser
 * in), nor while dsql_local.strict is off.  In background processes it applies
 * while they run what belongs to a user, as that user.
 */
extern bool dialect_applies(void);

#endif /* DSQL_DIALECT_SESSION_H */
