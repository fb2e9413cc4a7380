/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A temporary PostgreSQL server: one for each test program, started when it is first needed,
 * reachable by a Unix socket only, and removed at exit.
 */
#ifndef TEST_SUPPORT_POSTGRES_H
#define TEST_SUPPORT_POSTGRES_H

#include <libpq-fe.h>

#include <stdbool.h>

/** "host=... user=postgres dbname=postgres".  Starts the server; ends the program on failure. */
const char *postgres_conninfo(void);

/** A new connection; never NULL, always CONNECTION_OK. */
PGconn *postgres_connect(void);

/** Runs SQL on a new connection.  Ends the program on failure. */
void postgres_run(const char *sql);

/** The first field of the result, as a number. */
long postgres_number(const char *sql);

/** Terminates the backend of one connection, and waits until it has exited. */
void postgres_kill(int backend_pid);

/** Terminates all other backends, and waits until they have exited. */
void postgres_kill_backends(void);

/** Kills the server without a shutdown; starts it again and waits until it is ready. */
void postgres_crash(void);
void postgres_start_again(void);

#endif
