/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq's functions, as far as the command uses them; one that is missing here does not link.
 * They have no way to report that there is no libpq, so the process ends then.  A command that
 * must not stop halfway calls PQlibVersion() before it begins.
 */
#include "cli/delayed/library.h"

#include <libpq-events.h>
#include <libpq-fe.h>

#include <pthread.h>

/* The functions that return something, and those that do not: result, name, parameters, arguments.
 */
#define FUNCTIONS(F)                                                                               \
    F(int, PQcancel, (PGcancel * cancel, char *errbuf, int errbufsize),                            \
      (cancel, errbuf, errbufsize))                                                                \
    F(char *, PQcmdStatus, (PGresult * res), (res))                                                \
    F(PQconninfoOption *, PQconndefaults, (void), ())                                              \
    F(PostgresPollingStatusType, PQconnectPoll, (PGconn * conn), (conn))                           \
    F(PGconn *, PQconnectStartParams,                                                              \
      (const char *const *keywords, const char *const *values, int expand_dbname),                 \
      (keywords, values, expand_dbname))                                                           \
    F(PGconn *, PQconnectdbParams,                                                                 \
      (const char *const *keywords, const char *const *values, int expand_dbname),                 \
      (keywords, values, expand_dbname))                                                           \
    F(int, PQconsumeInput, (PGconn * conn), (conn))                                                \
    F(char *, PQerrorMessage, (const PGconn *conn), (conn))                                        \
    F(char *, PQescapeIdentifier, (PGconn * conn, const char *str, size_t len), (conn, str, len))  \
    F(char *, PQescapeLiteral, (PGconn * conn, const char *str, size_t len), (conn, str, len))     \
    F(PGresult *, PQexec, (PGconn * conn, const char *query), (conn, query))                       \
    F(PGresult *, PQexecParams,                                                                    \
      (PGconn * conn, const char *command, int nParams, const Oid *paramTypes,                     \
       const char *const *paramValues, const int *paramLengths, const int *paramFormats,           \
       int resultFormat),                                                                          \
      (conn, command, nParams, paramTypes, paramValues, paramLengths, paramFormats, resultFormat)) \
    F(int, PQflush, (PGconn * conn), (conn))                                                       \
    F(PGcancel *, PQgetCancel, (PGconn * conn), (conn))                                            \
    F(int, PQgetCopyData, (PGconn * conn, char **buffer, int async), (conn, buffer, async))        \
    F(PGresult *, PQgetResult, (PGconn * conn), (conn))                                            \
    F(char *, PQgetvalue, (const PGresult *res, int tup_num, int field_num),                       \
      (res, tup_num, field_num))                                                                   \
    F(void *, PQinstanceData, (const PGconn *conn, PGEventProc proc), (conn, proc))                \
    F(int, PQisBusy, (PGconn * conn), (conn))                                                      \
    F(int, PQisnonblocking, (const PGconn *conn), (conn))                                          \
    F(int, PQlibVersion, (void), ())                                                               \
    F(int, PQntuples, (const PGresult *res), (res))                                                \
    F(const char *, PQparameterStatus, (const PGconn *conn, const char *paramName),                \
      (conn, paramName))                                                                           \
    F(char *, PQpass, (const PGconn *conn), (conn))                                                \
    F(PGPing, PQpingParams,                                                                        \
      (const char *const *keywords, const char *const *values, int expand_dbname),                 \
      (keywords, values, expand_dbname))                                                           \
    F(PGpipelineStatus, PQpipelineStatus, (const PGconn *conn), (conn))                            \
    F(int, PQputCopyEnd, (PGconn * conn, const char *errormsg), (conn, errormsg))                  \
    F(int, PQregisterEventProc,                                                                    \
      (PGconn * conn, PGEventProc proc, const char *name, void *passThrough),                      \
      (conn, proc, name, passThrough))                                                             \
    F(char *, PQresultErrorField, (const PGresult *res, int fieldcode), (res, fieldcode))          \
    F(char *, PQresultErrorMessage, (const PGresult *res), (res))                                  \
    F(ExecStatusType, PQresultStatus, (const PGresult *res), (res))                                \
    F(int, PQsendQuery, (PGconn * conn, const char *query), (conn, query))                         \
    F(int, PQsendQueryParams,                                                                      \
      (PGconn * conn, const char *command, int nParams, const Oid *paramTypes,                     \
       const char *const *paramValues, const int *paramLengths, const int *paramFormats,           \
       int resultFormat),                                                                          \
      (conn, command, nParams, paramTypes, paramValues, paramLengths, paramFormats, resultFormat)) \
    F(int, PQserverVersion, (const PGconn *conn), (conn))                                          \
    F(PGVerbosity, PQsetErrorVerbosity, (PGconn * conn, PGVerbosity verbosity), (conn, verbosity)) \
    F(int, PQsetInstanceData, (PGconn * conn, PGEventProc proc, void *data), (conn, proc, data))   \
    F(int, PQsetnonblocking, (PGconn * conn, int arg), (conn, arg))                                \
    F(int, PQsocket, (const PGconn *conn), (conn))                                                 \
    F(ConnStatusType, PQstatus, (const PGconn *conn), (conn))                                      \
    F(PGTransactionStatusType, PQtransactionStatus, (const PGconn *conn), (conn))                  \
    F(char *, PQuser, (const PGconn *conn), (conn))

#define PROCEDURES(F)                                                                              \
    F(void, PQclear, (PGresult * res), (res))                                                      \
    F(void, PQconninfoFree, (PQconninfoOption * connOptions), (connOptions))                       \
    F(void, PQfinish, (PGconn * conn), (conn))                                                     \
    F(void, PQfreeCancel, (PGcancel * cancel), (cancel))                                           \
    F(void, PQfreemem, (void *ptr), (ptr))

/* With libpq 17 or later a request to cancel does not block (connect/cancel.c). */
#ifdef LIBPQ_HAS_ASYNC_CANCEL
#define CANCEL_FUNCTIONS(F)                                                                        \
    F(PGcancelConn *, PQcancelCreate, (PGconn * conn), (conn))                                     \
    F(PostgresPollingStatusType, PQcancelPoll, (PGcancelConn * cancelConn), (cancelConn))          \
    F(int, PQcancelSocket, (const PGcancelConn *cancelConn), (cancelConn))                         \
    F(int, PQcancelStart, (PGcancelConn * cancelConn), (cancelConn))
#define CANCEL_PROCEDURES(F) F(void, PQcancelFinish, (PGcancelConn * cancelConn), (cancelConn))
#else
#define CANCEL_FUNCTIONS(F)
#define CANCEL_PROCEDURES(F)
#endif

/* Types and parameters cannot be in parentheses. */
/* NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define FIELD(result, name, parameters, arguments) result(*name) parameters;
#define ROW(result, name, parameters, arguments)   {#name, offsetof(struct libpq, name)},

struct libpq {
    FUNCTIONS(FIELD)
    CANCEL_FUNCTIONS(FIELD)
    PROCEDURES(FIELD)
    CANCEL_PROCEDURES(FIELD)
};

static const struct delayed_function functions[] = {FUNCTIONS(ROW) CANCEL_FUNCTIONS(ROW)
                                                        PROCEDURES(ROW) CANCEL_PROCEDURES(ROW)};
static struct libpq loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

DELAYED_NOTE("[{\"soname\":[\"" DSQL_LIBPQ "\"],\"feature\":\"connect\","
             "\"description\":\"Connections to PostgreSQL\",\"priority\":\"required\"}]");

static void load(void)
{
    char reason[DELAYED_REASON_SIZE];
    if (!delayed_load(DSQL_LIBPQ, functions, sizeof functions / sizeof functions[0], &loaded,
                      reason)) {
        delayed_end("libpq", reason, "install version 15 or later (Debian: libpq5)");
    }
}

static const struct libpq *libpq(void)
{
    pthread_once(&once, load);
    return &loaded;
}

#define FUNCTION(result, name, parameters, arguments)                                              \
    result name parameters                                                                         \
    {                                                                                              \
        return libpq()->name arguments;                                                            \
    }
#define PROCEDURE(result, name, parameters, arguments)                                             \
    result name parameters                                                                         \
    {                                                                                              \
        libpq()->name arguments;                                                                   \
    }

FUNCTIONS(FUNCTION)
CANCEL_FUNCTIONS(FUNCTION)
PROCEDURES(PROCEDURE)
CANCEL_PROCEDURES(PROCEDURE)
