/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "bank.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH_ROWS = 5, AMOUNT = 7, STATUSES = DSQL_ERR_SYSTEM + 1, READ_ATTEMPTS = 300 };

/*
 * The key of the ledger is random and not the work's number: work that is done twice must show as
 * two rows, and not as an error that hides it.
 */
#define LEDGER_COLUMNS "work bigint NOT NULL, source int, target int, amount bigint"
static const char *const tables[] = {
    "DROP TABLE IF EXISTS ledger",
    "DROP TABLE IF EXISTS account",
    "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)",
    ("CREATE TABLE ledger (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), " LEDGER_COLUMNS ")"),
    "INSERT INTO account SELECT n, 1000 FROM generate_series(1, 50) n",
};

static const char *const insert_sql = "INSERT INTO ledger (work, source, target, amount)"
                                      " VALUES ($1, $2, $3, $4)";

/* The cluster may be about to start again: tries for a minute. */
static PGresult *must_read(dsql_pool *pool, const char *sql)
{
    dsql_error err = {0};
    for (int i = 0; i < READ_ATTEMPTS; i++) {
        PGresult *result = dsql_exec(pool, sql, 0, NULL, &err);
        if (result != NULL) {
            return result;
        }
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
    fprintf(stderr, "%s: %s\n", sql, err.message);
    exit(EXIT_FAILURE);
}

void bank_setup(dsql_pool *pool)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        PQclear(must_read(pool, tables[i]));
    }
}

/* ---- Work ---- */

/* The texts of the four parameters of a row in the ledger. */
struct row {
    char text[4][24];
    const char *values[4];
};

static void fill_row(struct row *row, const struct bank_work *work, int amount)
{
    snprintf(row->text[0], sizeof row->text[0], "%ld", work->number);
    snprintf(row->text[1], sizeof row->text[1], "%d", work->source);
    snprintf(row->text[2], sizeof row->text[2], "%d", work->target);
    snprintf(row->text[3], sizeof row->text[3], "%d", amount);
    for (int i = 0; i < 4; i++) {
        row->values[i] = row->text[i];
    }
}

static void add_to_balance(PGconn *conn, int account, int amount)
{
    char sql[96];
    snprintf(sql, sizeof sql, "UPDATE account SET balance = balance + %d WHERE id = %d", amount,
             account);
    PQclear(PQexec(conn, sql));
}

/* Looks at no result: the library must notice by itself what fails. */
static dsql_status transfer(PGconn *conn, void *arg, dsql_error *err)
{
    (void)err;
    const struct bank_work *work = arg;
    struct row row;
    fill_row(&row, work, AMOUNT);
    add_to_balance(conn, work->source, -AMOUNT);
    add_to_balance(conn, work->target, AMOUNT);
    PQclear(PQexecParams(conn, insert_sql, 4, NULL, row.values, NULL, NULL, 0));
    return DSQL_OK;
}

static dsql_status do_exec(dsql_pool *pool, struct bank_work *work)
{
    struct row row;
    fill_row(&row, work, 0);
    work->err = (dsql_error){0};
    PGresult *result = dsql_exec(pool, insert_sql, 4, row.values, &work->err);
    PQclear(result);
    return result != NULL ? DSQL_OK : work->err.status;
}

static dsql_status do_batch(dsql_pool *pool, struct bank_work *work)
{
    struct row row;
    fill_row(&row, work, 0);
    dsql_batch *batch = dsql_batch_new(pool, insert_sql, 4, NULL, &work->err);
    dsql_status status = batch == NULL ? work->err.status : DSQL_OK;
    for (int i = 0; i < BATCH_ROWS && status == DSQL_OK; i++) {
        status = dsql_batch_add(batch, row.values, &work->err);
    }
    if (status == DSQL_OK) {
        status = dsql_batch_flush(batch, &work->err);
    }
    dsql_batch_free(batch);
    return status;
}

void bank_do(dsql_pool *pool, struct bank_work *work)
{
    work->err = (dsql_error){0};
    switch (work->form) {
    case BANK_EXEC:
        work->outcome = do_exec(pool, work);
        return;
    case BANK_BATCH:
        work->outcome = do_batch(pool, work);
        return;
    case BANK_TRANSACTION:
    case BANK_FORMS:
    default:
        work->outcome = dsql_transaction(pool, transfer, work, &work->err);
        return;
    }
}

/* ---- Verification ---- */

static int rows_of(enum bank_form form)
{
    return form == BANK_BATCH ? BATCH_ROWS : 1;
}

static bool is_true(const struct bank_work *work, int rows)
{
    bool is_whole = rows == rows_of(work->form);
    switch (work->outcome) {
    case DSQL_OK:
        return is_whole;
    case DSQL_ERR_COMMIT_UNKNOWN:
        return is_whole || rows == 0;
    default:
        return rows == 0;
    }
}

static bool check_ledger(dsql_pool *pool, const struct bank_work *works, long count)
{
    int *rows = calloc((size_t)count + 1, sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    PGresult *ledger = must_read(pool, "SELECT work, count(*) FROM ledger GROUP BY work");
    bool is_right = true;
    for (int i = 0; i < PQntuples(ledger); i++) {
        long number = strtol(PQgetvalue(ledger, i, 0), NULL, 10);
        if (number < 0 || number >= count) {
            fprintf(stderr, "work %ld: in the ledger, but nobody asked for it\n", number);
            is_right = false;
            continue;
        }
        rows[number] = (int)strtol(PQgetvalue(ledger, i, 1), NULL, 10);
    }
    PQclear(ledger);
    for (long i = 0; i < count; i++) {
        if (!is_true(&works[i], rows[i])) {
            fprintf(stderr, "work %ld (form %d): reported %s (%s), but the ledger has %d rows\n", i,
                    (int)works[i].form, dsql_status_name(works[i].outcome), works[i].err.message,
                    rows[i]);
            is_right = false;
        }
    }
    free(rows);
    return is_right;
}

static bool check_balances(dsql_pool *pool)
{
    PGresult *wrong = must_read(
        pool, "SELECT id, balance FROM account WHERE balance <> 1000"
              " - coalesce((SELECT sum(amount) FROM ledger WHERE source = account.id), 0)"
              " + coalesce((SELECT sum(amount) FROM ledger WHERE target = account.id), 0)");
    int count = PQntuples(wrong);
    for (int i = 0; i < count; i++) {
        fprintf(stderr, "account %s: the balance %s is not that of the ledger\n",
                PQgetvalue(wrong, i, 0), PQgetvalue(wrong, i, 1));
    }
    PQclear(wrong);
    return count == 0;
}

bool bank_verify(dsql_pool *pool, const struct bank_work *works, long count)
{
    bool is_ledger_right = check_ledger(pool, works, count);
    return check_balances(pool) && is_ledger_right;
}

void bank_print_outcomes(const struct bank_work *works, long count)
{
    long counts[STATUSES] = {0};
    for (long i = 0; i < count; i++) {
        counts[works[i].outcome]++;
    }
    for (int status = 0; status < STATUSES; status++) {
        if (counts[status] > 0) {
            printf("%s %ld\n", dsql_status_name((dsql_status)status), counts[status]);
        }
    }
}
