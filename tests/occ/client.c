/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("FAILED: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    _exit(1);
}

static void drop_notice(void *arg, const PGresult *notice)
{
    (void)arg;
    (void)notice;
}

PGconn *client_connect(void)
{
    /* jit: plans that are switched off look expensive. */
    PGconn *conn = PQconnectdb("options='-c lock_timeout=5s -c jit=off'");
    if (PQstatus(conn) != CONNECTION_OK) {
        die("could not connect: %s", PQerrorMessage(conn));
    }
    PQsetNoticeReceiver(conn, drop_notice, NULL);
    return conn;
}

PGresult *client_query(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    if (*client_sqlstate(result) != '\0' || PQstatus(conn) != CONNECTION_OK) {
        die("%s: %s", sql, PQerrorMessage(conn));
    }
    return result;
}

void client_run(PGconn *conn, const char *sql)
{
    PQclear(client_query(conn, sql));
}

int64_t client_number(PGconn *conn, const char *sql)
{
    PGresult *result = client_query(conn, sql);
    if (PQntuples(result) != 1) {
        die("%s: %d rows", sql, PQntuples(result));
    }
    int64_t number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return number;
}

const char *client_sqlstate(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        return "";
    }
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return sqlstate == NULL ? CLIENT_LOST : sqlstate;
}

bool client_is_conflict(const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return strcmp(client_sqlstate(result), "40001") == 0 && text != NULL &&
           strcmp(text, "change conflicts with another transaction (OC000)") == 0;
}

int64_t client_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct random random_start(uint64_t seed, int client)
{
    /* Spread by a splitmix64 step, so that neighbouring seeds share nothing. */
    uint64_t state = seed * 1000003U + (uint64_t)client + 0x9e3779b97f4a7c15U;
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9U;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebU;
    return (struct random){state == 0 ? 1 : state};
}

int random_below(struct random *random, int below)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (int)(((random->state * 0x2545f4914f6cdd1dU) >> 33) % (uint64_t)below);
}

const char *option_text(int argc, char **argv, const char *name, const char *without)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, name) == 0) {
            return argv[i + 1];
        }
    }
    return without;
}

int64_t option_number(int argc, char **argv, const char *name, int64_t without)
{
    const char *text = option_text(argc, argv, name, NULL);
    return text == NULL ? without : strtoll(text, NULL, 10);
}

void in_processes(int count, void (*body)(int client, void *arg), void *arg)
{
    fflush(NULL);
    for (int client = 1; client <= count; client++) {
        pid_t pid = fork();
        if (pid < 0) {
            die("could not fork");
        }
        if (pid == 0) {
            body(client, arg);
            fflush(NULL);
            _exit(0);
        }
    }
    int failed = 0;
    for (int i = 0; i < count; i++) {
        int status = 0;
        wait(&status);
        failed += status != 0;
    }
    if (failed > 0) {
        die("%d of %d processes failed", failed, count);
    }
}
