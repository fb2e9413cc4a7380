/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The judging half of the random checker.  It reads histories (history.md) and nothing
 * else: no server, and no code of the program that wrote them.  It finds:
 *
 *  read         a statement did not see exactly what its snapshot shows, with its own
 *               transaction's writes on top: in its rows, its count, or its error
 *  duplicate    two rows have one key, or two concurrent transactions wrote it
 *  orphan       a row refers to a row that is gone, or two concurrent transactions
 *               committed of which one deleted what the other one referred to
 *  lost         two concurrent transactions wrote one row, and both committed
 *  lock         the same, where one of them locked it
 *  stale        a transaction does not see what was acknowledged before it began
 *  statement    a statement failed for a conflict, or for anything but a constraint
 *  livelock     a transaction got OC000, and all that conflict with it have lost, too
 *  spurious     a transaction got OC000, and nothing that conflicts has committed; or
 *               OC001, and no definition has changed
 *
 * usage: si_check DIRECTORY; exits with 0 if the history is correct, 1 if not, and 2 if
 * it is not a history.
 */
#include "judge.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_REPORTS = 20 };

void judge_report(struct judge *judge, const char *kind, const struct transaction *transaction,
                  const char *format, ...)
{
    if (judge->is_silent || judge->violations++ >= MAX_REPORTS) {
        return;
    }
    printf("%s: transaction %d/%lld (xid %lld): ", kind, transaction->client,
           (long long)transaction->number, (long long)transaction->xid);
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static long long count(const struct history *history, enum outcome outcome)
{
    long long found = 0;
    for (size_t i = 0; i < history->count; i++) {
        found += history->transactions[i].outcome == outcome;
    }
    return found;
}

int main(int argc, char **argv)
{
    static struct history history;
    static struct judge judge;
    if (argc != 2) {
        fputs("usage: si_check DIRECTORY\n", stderr);
        return 2;
    }
    history_read(&history, argv[1]);
    rules_judge(&judge, &history);
    printf("%zu transactions: %lld committed, %lld conflicts, %lld forgotten, %lld stale, "
           "%lld vanished; %lld rows compared, %lld violations\n",
           history.count, count(&history, COMMITTED), count(&history, CONFLICT),
           count(&history, FORGOTTEN), count(&history, STALE), count(&history, VANISHED),
           (long long)judge.reads, (long long)judge.violations);
    return judge.violations > 0 ? 1 : 0;
}
