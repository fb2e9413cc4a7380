/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One client that writes down what it does and sees (history.md): its connection, its
 * file, and the beginning and the end of its transactions.
 */
#ifndef TEST_OCC_SI_RECORDER_H
#define TEST_OCC_SI_RECORDER_H

#include "../client.h"

#include <stdio.h>

struct run {
    const char *dir;
    int epoch; /* distinguishes runs on one set of tables */
    int clients;
    int rows;
    int ddl_clients;    /* with them transactions may meet OC001, anywhere */
    bool is_gateway;    /* through the gateway: without settings that it refuses */
    bool may_be_killed; /* connections may end; clients end with them */
    int64_t until_us;
    uint64_t seed;
};

struct recorder {
    PGconn *conn;
    FILE *out;
    struct random random;
    const struct run *run;
    int client;
    int64_t transactions;
    int64_t versions;
    int64_t longest_us;
    const char *longest; /* statement */
    bool is_broken;      /* the transaction can only be rolled back */
    bool is_stale;       /* because of OC001 */
    bool is_lost;        /* the connection has ended */
    bool needs_xid;
};

void recorder_open(struct recorder *recorder, int client, const struct run *run);
void recorder_close(struct recorder *recorder);

/** Waits for a server that is starting.  Ends the program after two minutes. */
PGconn *recorder_connect(const struct run *run);

/** Writes a line. */
void recorder_note(struct recorder *recorder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Notes an error, unless the run has reasons for it; true if there was one. */
bool recorder_failed(struct recorder *recorder, const PGresult *result);

bool recorder_is_stale(const PGresult *result);
bool recorder_is_lost(PGconn *conn, const PGresult *result);

/** Up to four numbers, NO_VALUE where there is none, NULL_VALUE for NULL. */
enum { PARAMETERS = 6 };
#define NO_VALUE   INT64_MIN
#define NULL_VALUE (INT64_MIN + 1)
PGresult *recorder_execute(struct recorder *recorder, const char *name,
                           const int64_t values[PARAMETERS]);

/** A number that no other write of the run has. */
int64_t recorder_new_version(struct recorder *recorder);

/** From BEGIN to the end; body: what is between. */
void recorder_transaction(struct recorder *recorder, void (*body)(struct recorder *recorder));

#endif
