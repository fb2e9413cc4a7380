/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs of this folder share: a connection on which a wait for a lock is an
 * error, a random source with a seed, a clock, and processes that all have to succeed.
 * A program that meets anything unexpected reports it and exits with 1.
 */
#ifndef TEST_OCC_CLIENT_H
#define TEST_OCC_CLIENT_H

#include <libpq-fe.h>

#include <stdbool.h>
#include <stdint.h>

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Connects as PGHOST etc. say.  A statement that waits for a lock fails after 5 seconds.  A
 * second was too short where many processes want to run: a table is locked while it grows, too.
 */
PGconn *client_connect(void);

/** Runs one statement that must succeed; the caller frees the result. */
PGresult *client_query(PGconn *conn, const char *sql);
void client_run(PGconn *conn, const char *sql);
/** The first field that the query returns, as a number. */
int64_t client_number(PGconn *conn, const char *sql);

/** The SQLSTATE of a result that failed, "" of one that did not. */
#define CLIENT_LOST "lost" /* the error is libpq's, not the server's */
const char *client_sqlstate(const PGresult *result);
/** Is it the conflict, 40001 with OC000 in its text? */
bool client_is_conflict(const PGresult *result);

/** Microseconds of a clock that all processes of the machine share. */
int64_t client_now_us(void);

/* xorshift64*: small, and the same everywhere for one seed. */
struct random {
    uint64_t state;
};
struct random random_start(uint64_t seed, int client);
/** A number from 0 to below - 1. */
int random_below(struct random *random, int below);

/** The value of an option --NAME N among the arguments, or what it is without one. */
int64_t option_number(int argc, char **argv, const char *name, int64_t without);
const char *option_text(int argc, char **argv, const char *name, const char *without);

/** Runs body(client, arg) in as many processes, and ends the program if one fails. */
void in_processes(int count, void (*body)(int client, void *arg), void *arg);

#endif
