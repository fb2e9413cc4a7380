/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a cluster what a table of statements says, and compares the answers with the
 * table's.  Connects as libpq's environment says.  Usage: service_answers FILE
 *
 * The table's lines:
 *   # ...                 says nothing
 *   + SQL                 is accepted; a SELECT by both protocols
 *   ~ SQL                 is accepted, by the extended protocol
 *   - SQL                 is refused: alone by the simple protocol, alone by the extended
 *                         one, and in a transaction block, which is then over
 *   * SQL ; SQL           one simple query, several answers
 *   % OID                 calls a function by a function call message, which is refused
 *   > SQL                 is run, and not judged
 * All but the last begin with a letter after the sign, as in "-G SQL", that says how it is known:
 *   G                     recorded on a cluster in September 2026
 *   L                     observed on a cluster by others, or at another time
 *   M                     measured on a cluster by AWS
 *   D                     AWS's documentation
 *   A                     AWS's published programs
 *   I                     inferred from the others: perhaps the service answers otherwise
 * and below, what is answered, of which the table may leave away what does not matter:
 *   = TAG                 the command tag
 *   : NAME|NAME           the names of the columns
 *   | VALUE|VALUE         a row
 *   ! SQLSTATE MESSAGE    an error; without a message: in whatever words
 *   . DETAIL              and its detail
 */
#include <libpq-fe.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 8192, ANSWER_SIZE = 65536, EXPECTED_MAX = 64, TRIES = 100 };

#define SOURCES "GLMDAI"

struct entry {
    int line;
    char kind;
    char source; /* how it is known */
    char sql[LINE_SIZE];
    int expected_count;
    char expected[EXPECTED_MAX][LINE_SIZE];
};

static int checks;
static int failures;

/* ---- Answers, as lines like the table's ---- */

struct answer {
    char text[ANSWER_SIZE];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct answer *answer, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(answer->text + answer->len, ANSWER_SIZE - answer->len, format, arguments);
    va_end(arguments);
    if (len > 0 && answer->len + (size_t)len < ANSWER_SIZE) {
        answer->len += (size_t)len;
    }
}

static void add_columns(struct answer *answer, const PGresult *result)
{
    for (int i = 0; i < PQnfields(result); i++) {
        add(answer, "%s%s", i == 0 ? ": " : "|", PQfname(result, i));
    }
    add(answer, "\n");
}

/* PostgreSQL 18 prints rows=0.00 where EXPLAIN ANALYZE of 16 prints rows=0. */
static void add_value(struct answer *answer, const char *value)
{
    const char *decimals = strstr(value, ".00 loops=");
    int until = decimals == NULL ? (int)strlen(value) : (int)(decimals - value);
    add(answer, "%.*s%s", until, value, decimals == NULL ? "" : decimals + strlen(".00"));
}

static void add_row(struct answer *answer, const PGresult *result, int row)
{
    for (int i = 0; i < PQnfields(result); i++) {
        add(answer, "%s", i == 0 ? "| " : "|");
        add_value(answer, PQgetvalue(result, row, i));
    }
    add(answer, "\n");
}

static void add_result(struct answer *answer, PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    if (message != NULL) {
        add(answer, "! %s %s\n", sqlstate == NULL ? "?????" : sqlstate, message);
        if (detail != NULL) {
            add(answer, ". %s\n", detail);
        }
        return;
    }
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        add_columns(answer, result);
        for (int row = 0; row < PQntuples(result); row++) {
            add_row(answer, result, row);
        }
    }
    add(answer, "= %s\n", PQcmdStatus(result));
}

static void ask_simple(PGconn *conn, const char *sql, struct answer *answer)
{
    answer->len = 0;
    answer->text[0] = '\0';
    if (PQsendQuery(conn, sql) == 0) {
        add(answer, "! ????? %s\n", PQerrorMessage(conn));
    }
    for (PGresult *result = PQgetResult(conn); result != NULL; result = PQgetResult(conn)) {
        add_result(answer, result);
        PQclear(result);
    }
}

/* A job that ends changes a table's definition: as any client, try again. */
static void ask_until_no_conflict(PGconn *conn, const char *sql, struct answer *answer)
{
    ask_simple(conn, sql, answer);
    for (int i = 1; i < TRIES && strncmp(answer->text, "! 40001", strlen("! 40001")) == 0; i++) {
        ask_simple(conn, sql, answer);
    }
}

static void ask_extended(PGconn *conn, const char *sql, struct answer *answer)
{
    answer->len = 0;
    answer->text[0] = '\0';
    PGresult *result = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);
    add_result(answer, result);
    PQclear(result);
}

static void ask_by_message(PGconn *conn, const char *oid, struct answer *answer)
{
    int len = 0;
    int result = 0;
    answer->len = 0;
    answer->text[0] = '\0';
    PGresult *called = PQfn(conn, (int)strtol(oid, NULL, 10), &result, &len, 1, NULL, 0);
    add_result(answer, called);
    PQclear(called);
}

/* ---- Judging ---- */

static bool has_line(const char *text, const char *line)
{
    size_t len = strlen(line);
    bool is_sqlstate = line[0] == '!' && len == strlen("! 00000");
    for (const char *at = text; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
        at += *at == '\n' ? 1 : 0;
        if (strncmp(at, line, len) == 0 && at[len] == (is_sqlstate ? ' ' : '\n')) {
            return true;
        }
    }
    return false;
}

static void report(const struct entry *entry, const char *how, const char *wanted,
                   const struct answer *answer)
{
    failures++;
    printf("FAILED: line %d (%c), %s: %s\n    wanted  %s\n    answer  %s", entry->line,
           entry->source, how, entry->sql, wanted, answer->text);
}

static void judge(const struct entry *entry, const char *how, const struct answer *answer)
{
    bool wants_error = entry->kind == '-' || entry->kind == '%';
    bool wants_none = entry->kind == '+' || entry->kind == '~';
    checks++;
    if (wants_none && strstr(answer->text, "! ") == answer->text) {
        report(entry, how, "to be accepted", answer);
        return;
    }
    if (wants_error && strstr(answer->text, "! ") == NULL) {
        report(entry, how, "to be refused", answer);
        return;
    }
    for (int i = 0; i < entry->expected_count; i++) {
        if (!has_line(answer->text, entry->expected[i])) {
            report(entry, how, entry->expected[i], answer);
        }
    }
}

static void want(const struct entry *entry, PGconn *conn, const char *sql, const char *line)
{
    struct answer answer;
    checks++;
    ask_simple(conn, sql, &answer);
    if (!has_line(answer.text, line)) {
        report(entry, "in a block", line, &answer);
    }
}

#define ABORTED                                                                                    \
    "! 25P02 current transaction is aborted, commands ignored until end of transaction block"

/* The refusal aborts the block: even what is not supported says so, and COMMIT rolls back. */
static void ask_in_block(const struct entry *entry, PGconn *conn)
{
    struct answer answer;
    want(entry, conn, "BEGIN", "= BEGIN");
    ask_simple(conn, entry->sql, &answer);
    judge(entry, "in a block", &answer);
    want(entry, conn, "SELECT 1", ABORTED);
    want(entry, conn, "TRUNCATE anything", ABORTED);
    want(entry, conn, "SAVEPOINT s", ABORTED);
    want(entry, conn, "COMMIT", "= ROLLBACK");
}

static void expect_idle(const struct entry *entry, PGconn *conn)
{
    if (PQtransactionStatus(conn) != PQTRANS_IDLE) {
        printf("FAILED: line %d leaves a transaction open\n", entry->line);
        failures++;
        PQclear(PQexec(conn, "ROLLBACK"));
    }
}

static void run_extended(const struct entry *entry, PGconn *conn)
{
    struct answer answer;
    expect_idle(entry, conn);
    ask_extended(conn, entry->sql, &answer);
    judge(entry, "extended", &answer);
    expect_idle(entry, conn);
}

static void run_entry(const struct entry *entry, PGconn *conn)
{
    struct answer answer;
    if (entry->kind == 0) {
        return;
    }
    if (entry->kind == '~') {
        run_extended(entry, conn);
        return;
    }
    if (entry->kind == '%') {
        ask_by_message(conn, entry->sql, &answer);
        judge(entry, "by a message", &answer);
        return;
    }
    ask_until_no_conflict(conn, entry->sql, &answer);
    if (entry->kind == '>') {
        return;
    }
    judge(entry, "simple", &answer);
    bool is_select = strncmp(entry->sql, "SELECT ", strlen("SELECT ")) == 0;
    if (entry->kind == '-' || (entry->kind == '+' && is_select)) {
        run_extended(entry, conn);
    }
    if (entry->kind == '-') {
        ask_in_block(entry, conn);
        expect_idle(entry, conn);
    }
}

/* ---- The table ---- */

static void add_expectation(struct entry *entry, const char *line)
{
    if (strchr("=:|!.", line[0]) == NULL) {
        fprintf(stderr, "a statement without a source: %s\n", line);
        exit(2);
    }
    if (entry->kind == 0 || entry->expected_count == EXPECTED_MAX) {
        fprintf(stderr, "an answer without a statement: %s\n", line);
        exit(2);
    }
    snprintf(entry->expected[entry->expected_count++], LINE_SIZE, "%s", line);
}

/* "-G SQL", or "> SQL", which is not judged and needs no source. */
static bool is_statement(const char *line)
{
    bool is_judged = strchr("+-~*%", line[0]) != NULL;
    const char *at = line + 1;
    if (!is_judged) {
        return line[0] == '>' && *at == ' ';
    }
    return *at != '\0' && strchr(SOURCES, *at) != NULL && at[1] == ' ';
}

static void start_entry(struct entry *entry, int number, const char *line)
{
    memset(entry, 0, sizeof *entry);
    entry->line = number;
    entry->kind = line[0];
    entry->source = entry->kind == '>' ? ' ' : line[1];
    snprintf(entry->sql, sizeof entry->sql, "%s", strchr(line, ' ') + 1);
}

static void run_table(FILE *table, PGconn *conn)
{
    static struct entry entry;
    char line[LINE_SIZE];
    int number = 0;
    while (fgets(line, sizeof line, table) != NULL) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0') {
            continue;
        }
        if (is_statement(line)) {
            run_entry(&entry, conn);
            start_entry(&entry, number, line);
        } else {
            add_expectation(&entry, line);
        }
    }
    run_entry(&entry, conn);
}

static void drop_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

int main(int argc, char **argv)
{
    FILE *table = argc == 2 ? fopen(argv[1], "re") : NULL;
    if (table == NULL) {
        fprintf(stderr, "usage: service_answers FILE\n");
        return 2;
    }
    PGconn *conn = PQconnectdb("");
    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
        return 2;
    }
    PQsetNoticeProcessor(conn, drop_notice, NULL);
    run_table(table, conn);
    PQfinish(conn);
    fclose(table);
    printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}
