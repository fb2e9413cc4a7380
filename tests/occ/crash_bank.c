/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A bank whose server is killed.  `run` makes transfers and writes down, before and
 * after each COMMIT, what it asks for and what it was told; it ends when the server
 * goes away.  `verify` compares the recovered tables with all that was written down:
 *   acknowledged: there, exactly once; refused: not there; neither: either way;
 *   and every balance is the sum of the transfers that are there.
 * usage: crash_bank setup | run --dir DIRECTORY --round N [--clients N] | verify <LOGS
 */
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS = 10, BALANCE = 1000 };

enum fate { ASKED, ACKNOWLEDGED, REFUSED };

struct transfer {
    int64_t id;
    int from;
    int to;
    int amount;
    enum fate fate;
    bool is_there;
};

struct bank {
    const char *dir;
    int64_t round;
    int clients;
    struct transfer *transfers;
    size_t count;
};

static void setup(void)
{
    PGconn *conn = client_connect();
    client_run(conn, "DROP TABLE IF EXISTS account, transfer");
    client_run(conn, "CREATE TABLE account (id int PRIMARY KEY, balance bigint)");
    client_run(conn, "CREATE TABLE transfer (id bigint PRIMARY KEY, source int, target int, "
                     "amount int)");
    client_run(conn, "INSERT INTO account SELECT g, 1000 FROM generate_series(1, 10) g");
    PQfinish(conn);
}

/* False when the server is gone.  PQstatus() does not know it yet where only sending failed. */
static bool do_statement(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    const char *sqlstate = client_sqlstate(result);
    bool is_ok = *sqlstate == '\0';
    bool is_gone = strcmp(sqlstate, CLIENT_LOST) == 0 || strncmp(sqlstate, "57P", 3) == 0;
    if (!is_ok && !is_gone) {
        die("%s: %s", sql, PQerrorMessage(conn));
    }
    PQclear(result);
    return is_ok;
}

static bool try_transfer(PGconn *conn, const struct transfer *transfer)
{
    char update[2][128];
    char insert[128];
    snprintf(update[0], sizeof update[0], "UPDATE account SET balance = balance - %d WHERE id = %d",
             transfer->amount, transfer->from);
    snprintf(update[1], sizeof update[1], "UPDATE account SET balance = balance + %d WHERE id = %d",
             transfer->amount, transfer->to);
    snprintf(insert, sizeof insert, "INSERT INTO transfer VALUES (%" PRId64 ", %d, %d, %d)",
             transfer->id, transfer->from, transfer->to, transfer->amount);
    return do_statement(conn, "BEGIN") && do_statement(conn, update[0]) &&
           do_statement(conn, update[1]) && do_statement(conn, insert);
}

/* False when nobody knows. */
static bool commit(PGconn *conn, FILE *log, int64_t id)
{
    PGresult *result = PQexec(conn, "COMMIT");
    bool is_conflict = client_is_conflict(result);
    bool is_known = is_conflict || *client_sqlstate(result) == '\0';
    if (is_known) {
        fprintf(log, "%s %" PRId64 "\n", is_conflict ? "no" : "yes", id);
        fflush(log);
    }
    PQclear(result);
    return is_known;
}

static void run_client(int client, void *arg)
{
    const struct bank *bank = arg;
    char path[1024];
    snprintf(path, sizeof path, "%s/%" PRId64 ".%d.transfers", bank->dir, bank->round, client);
    FILE *log = fopen(path, "w");
    if (log == NULL) {
        die("could not write %s", path);
    }
    PGconn *conn = client_connect();
    struct random random = random_start((uint64_t)bank->round, client);
    struct transfer transfer = {.id = bank->round * 1000000000 + client * 10000000};
    bool is_up = true;
    while (is_up) {
        transfer.id++;
        transfer.from = 1 + random_below(&random, ACCOUNTS);
        transfer.to = 1 + random_below(&random, ACCOUNTS);
        transfer.amount = 1 + random_below(&random, 100);
        fprintf(log, "ask %" PRId64 " %d %d %d\n", transfer.id, transfer.from, transfer.to,
                transfer.amount);
        fflush(log);
        is_up = try_transfer(conn, &transfer) && commit(conn, log, transfer.id);
    }
    fclose(log);
    PQfinish(conn);
}

static struct transfer *find(const struct bank *bank, int64_t id)
{
    for (size_t i = bank->count; i > 0; i--) {
        if (bank->transfers[i - 1].id == id) {
            return &bank->transfers[i - 1];
        }
    }
    die("nobody asked for transfer %" PRId64, id);
}

static int by_id(const void *a, const void *b)
{
    int64_t left = ((const struct transfer *)a)->id;
    int64_t right = ((const struct transfer *)b)->id;
    return left < right ? -1 : left > right;
}

static struct transfer *search(const struct bank *bank, int64_t id)
{
    struct transfer key = {.id = id};
    struct transfer *found = bsearch(&key, bank->transfers, bank->count, sizeof key, by_id);
    if (found == NULL) {
        die("nobody asked for transfer %" PRId64, id);
    }
    return found;
}

static void read_log_line(struct bank *bank, const char *line)
{
    struct transfer transfer = {.fate = ASKED};
    int64_t id = 0;
    char answer[4] = "";
    if (sscanf(line, "ask %" SCNd64 " %d %d %d", &transfer.id, &transfer.from, &transfer.to,
               &transfer.amount) == 4) {
        bank->transfers = realloc(bank->transfers, (bank->count + 1) * sizeof transfer);
        if (bank->transfers == NULL) {
            die("out of memory");
        }
        bank->transfers[bank->count++] = transfer;
    } else if (sscanf(line, "%3s %" SCNd64, answer, &id) == 2) {
        find(bank, id)->fate = strcmp(answer, "yes") == 0 ? ACKNOWLEDGED : REFUSED;
    }
}

/* All logs, on standard input. */
static void read_logs(struct bank *bank)
{
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        read_log_line(bank, line);
    }
    qsort(bank->transfers, bank->count, sizeof *bank->transfers, by_id);
}

static void read_tables(PGconn *conn, const struct bank *bank, int64_t *balances)
{
    PGresult *result = client_query(conn, "SELECT id, source, target, amount FROM transfer");
    for (int i = 0; i < PQntuples(result); i++) {
        struct transfer *transfer = search(bank, strtoll(PQgetvalue(result, i, 0), NULL, 10));
        if (transfer->is_there) {
            die("transfer %" PRId64 " is there twice", transfer->id);
        }
        if (transfer->fate == REFUSED) {
            die("transfer %" PRId64 " is there, and was refused", transfer->id);
        }
        if (transfer->from != strtol(PQgetvalue(result, i, 1), NULL, 10) ||
            transfer->to != strtol(PQgetvalue(result, i, 2), NULL, 10) ||
            transfer->amount != strtol(PQgetvalue(result, i, 3), NULL, 10)) {
            die("transfer %" PRId64 " is another", transfer->id);
        }
        transfer->is_there = true;
        balances[transfer->from] -= transfer->amount;
        balances[transfer->to] += transfer->amount;
    }
    PQclear(result);
}

static void check_balances(PGconn *conn, const int64_t *balances)
{
    PGresult *result = client_query(conn, "SELECT id, balance FROM account ORDER BY id");
    if (PQntuples(result) != ACCOUNTS) {
        die("%d accounts", PQntuples(result));
    }
    for (int i = 0; i < ACCOUNTS; i++) {
        int64_t balance = strtoll(PQgetvalue(result, i, 1), NULL, 10);
        if (balance != balances[i + 1]) {
            die("account %d has %" PRId64 ", its transfers make %" PRId64, i + 1, balance,
                balances[i + 1]);
        }
    }
    PQclear(result);
}

static void verify(struct bank *bank)
{
    int64_t balances[ACCOUNTS + 1];
    for (int i = 0; i <= ACCOUNTS; i++) {
        balances[i] = BALANCE;
    }
    read_logs(bank);
    PGconn *conn = client_connect();
    read_tables(conn, bank, balances);
    check_balances(conn, balances);
    PQfinish(conn);
    size_t fates[3] = {0, 0, 0};
    for (size_t i = 0; i < bank->count; i++) {
        const struct transfer *transfer = &bank->transfers[i];
        if (transfer->fate == ACKNOWLEDGED && !transfer->is_there) {
            die("transfer %" PRId64 " was acknowledged, and is lost", transfer->id);
        }
        fates[transfer->fate]++;
    }
    printf("%zu acknowledged, %zu refused, %zu unknown: all accounts right\n", fates[ACKNOWLEDGED],
           fates[REFUSED], fates[ASKED]);
    if (fates[ACKNOWLEDGED] == 0) {
        die("nothing was acknowledged, so nothing was tested");
    }
}

int main(int argc, char **argv)
{
    struct bank bank = {
        .dir = option_text(argc, argv, "dir", "."),
        .round = option_number(argc, argv, "round", 1),
        .clients = (int)option_number(argc, argv, "clients", 6),
    };
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "setup") == 0) {
        setup();
    } else if (strcmp(what, "run") == 0) {
        in_processes(bank.clients, run_client, &bank);
    } else if (strcmp(what, "verify") == 0) {
        verify(&bank);
        free(bank.transfers);
    } else {
        die("usage: crash_bank setup | run --dir D --round N | verify <LOGS");
    }
    return 0;
}
