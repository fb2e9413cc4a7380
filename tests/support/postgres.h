/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL to throw away: one for each test program, started when first asked
 * for, reached by a Unix socket only, gone at exit.
 */
#ifndef TEST_SUPPORT_POSTGRES_H
#define TEST_SUPPORT_POSTGRES_H

#include <libpq-fe.h>

#include <stdbool.h>

/** Starts it if need be.  "host=... user=postgres dbname=postgres"; ends the program on failure. */
const char *postgres_conninfo(void);

/** A new connection; never NULL, always CONNECTION_OK. */
PGconn *postgres_connect(void);

/** Runs SQL on a connection of its own, which must succeed. */
void postgres_run(const char *sql);

/** The first field of what the query gives, as a number. */
long postgres_number(const char *sql);

/** Ends the server process behind one connection, and waits until it is gone. */
void postgres_kill(int backend_pid);

/** Ends all connections of others, and waits until they are gone. */
void postgres_kill_backends(void);

/** The server is gone at once, and no goodbye said; and there again, ready for connections. */
void postgres_crash(void);
void postgres_start_again(void);

#endif
