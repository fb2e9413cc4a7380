/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Plain libpq with a token: for programs that open their connections themselves. */
#include <dsql.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const char *required(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || *value == '\0') {
        fprintf(stderr, "%s environment variable is not set\n", name);
        exit(EXIT_FAILURE);
    }
    return value;
}

static PGconn *connect_with_token(const char *endpoint, const char *region, const char *user)
{
    dsql_error err = {0};
    const char *ca = getenv("PGSSLROOTCERT");
    ca = ca != NULL ? ca : "/etc/ssl/certs/ca-certificates.crt";
    char *token =
        dsql_token(DSQL_OPTIONS(.host = endpoint, .region = region, .user = user), NULL, &err);
    if (token == NULL) {
        fprintf(stderr, "Token generation failed: %s\n", err.message);
        return NULL;
    }
    /* libpq 17 can start TLS without a round trip; earlier versions do not know the keyword. */
    const char *last = PQlibVersion() >= 170000 ? "sslnegotiation" : NULL;
    const char *keys[] = {"host",    "dbname",      "user", "password",
                          "sslmode", "sslrootcert", last,   NULL};
    const char *values[] = {endpoint, "postgres", user, token, "verify-full", ca, "direct", NULL};
    PGconn *conn = PQconnectdbParams(keys, values, 0);
    dsql_token_free(token);
    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "Error while connecting to the database server: %s", PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }
    printf("\nConnection Established: \nPort: %s\nDBName: %s\n", PQport(conn), PQdb(conn));
    return conn;
}

static bool run(PGconn *conn, const char *what, const char *sql)
{
    dsql_error err = {0};
    if (dsql_check_clear(conn, PQexec(conn, sql), &err) == DSQL_OK)
        return true;
    fprintf(stderr, "%s failed - %s\n", what, err.message);
    return false;
}

/* Prints the rows.  True if the only row is the one that was inserted. */
static bool check_rows(PGconn *conn)
{
    dsql_error err = {0};
    PGresult *res = PQexec(conn, "SELECT * FROM owner WHERE name = 'John Doe'");
    bool ok = dsql_check(conn, res, &err) == DSQL_OK;
    if (!ok)
        fprintf(stderr, "Select failed - %s\n", err.message);
    int rows = PQntuples(res), columns = PQnfields(res); /* 0 after a failure */
    printf("Number of rows: %d\nNumber of columns: %d\n", rows, columns);
    for (int row = -1; row < rows; row++) { /* -1: the column names */
        for (int i = 0; i < columns; i++)
            printf("%s%s", row < 0 ? PQfname(res, i) : PQgetvalue(res, row, i),
                   i + 1 < columns ? "\t" : "\n");
    }
    ok = ok && rows == 1 && columns == 4 && strcmp(PQgetvalue(res, 0, 1), "John Doe") == 0 &&
         strcmp(PQgetvalue(res, 0, 2), "Anytown") == 0 &&
         strcmp(PQgetvalue(res, 0, 3), "555-555-1999") == 0;
    PQclear(res);
    return ok;
}

/* All statements.  Deletes the inserted row, also that of an earlier run. */
static bool use_owner(PGconn *conn)
{
    const char *create = "CREATE TABLE IF NOT EXISTS owner(id uuid DEFAULT gen_random_uuid() "
                         "PRIMARY KEY, name varchar(30), city varchar(80), telephone varchar(20))";
    const char *insert = "INSERT INTO owner(name, city, telephone) "
                         "VALUES('John Doe', 'Anytown', '555-555-1999')";
    bool ok = run(conn, "Create Table", create) && run(conn, "Insert", insert) && check_rows(conn);
    return run(conn, "Delete", "DELETE FROM owner WHERE name = 'John Doe'") && ok;
}

int main(void)
{
    const char *endpoint = required("CLUSTER_ENDPOINT");
    const char *region = required("REGION");
    const char *user = required("CLUSTER_USER");
    PGconn *conn = connect_with_token(endpoint, region, user);
    const char *set =
        strcmp(user, "admin") == 0 ? "SET search_path = public" : "SET search_path = myschema";
    bool ok = conn != NULL && run(conn, "Set search_path", set) && use_owner(conn);
    PQfinish(conn);
    printf("Libpq test %s\n", ok ? "passed" : "failed");
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
