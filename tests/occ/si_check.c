/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The judging half of the snapshot-isolation test.  It reads histories (si_history.md)
 * and nothing else: no server, and no code of the program that wrote them.  It demands:
 *
 *  snapshot     every read, also of a transaction that later failed, gave exactly the
 *               rows of the transactions that its snapshot says are visible, with its
 *               own writes on top; so did every count, and every duplicate key
 *  committer    of two concurrent transactions that conflict by the service's matrix
 *               (strong with all, weak with weak, key share with strong; one key of
 *               `u` written by both) at most one committed
 *  stale        a transaction sees everything that was acknowledged before it began
 *  statement    no statement fails for a conflict, or for anything but a duplicate
 *  spurious     a transaction that got OC000 has a concurrent, conflicting one that
 *               committed
 *
 * Two transactions are concurrent if neither sees the other.  Writers of one row that
 * are not concurrent are ordered by their xids: one that sees another took its xid
 * after that, since a transaction has a snapshot before it has an xid.
 * usage: si_check DIRECTORY; exits with 0 if the history is correct, 1 if not, and 2 if
 * it is not a history.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ID = 200, MAX_U = 400, MAX_REPORTS = 20 };

enum outcome { UNFINISHED, COMMITTED, CONFLICT, ROLLED_BACK };

/* In the order of the matrix: a stronger one conflicts with all that a weaker one does. */
enum strength { NOTHING, KEY_SHARE, WEAK, STRONG };

enum kind { READ, POINT, LOCK, INSERT, UPSERT, IGNORE, UPDATE, REKEY, MOVE, DELETE, BAD_STATEMENT };

struct row {
    bool is_there;
    int id;
    int u;
    int64_t v;
};

struct operation {
    enum kind kind;
    int id;
    int key; /* u, or the new id of a move; strength of a lock */
    int64_t v;
    int count;
    bool is_duplicate;
    struct row answer;
    char *text; /* of READ: the rows; of BAD_STATEMENT: the error */
};

struct transaction {
    int client;
    int64_t number;
    int64_t begin_us;
    int64_t start_us; /* of COMMIT */
    int64_t end_us;
    int64_t xmin;
    int64_t xmax;
    int64_t *in_progress;
    size_t in_progress_count;
    int64_t xid; /* 0: it neither wrote nor locked */
    enum outcome outcome;
    struct operation *operations;
    size_t operation_count;
};

struct history {
    struct transaction *transactions;
    size_t count;
    size_t capacity;
};

/* What a transaction did to a row or to a key of u. */
struct touch {
    const struct transaction *by;
    enum strength strength; /* that must conflict */
    enum strength allowed;  /* that may: with what it undid itself */
    bool has_written;
    struct row row; /* what it left */
};

struct touches {
    struct touch *list; /* by committed transactions, in order of xid */
    size_t count;
    size_t capacity;
};

struct judge {
    struct touches rows[MAX_ID + 1];
    struct touches keys[MAX_U + 1];
    int64_t violations;
    int64_t spurious;
    int64_t reads;
};

/* One transaction played again. */
struct replay {
    const struct transaction *by;
    struct row now[MAX_ID + 1]; /* what it must see */
    struct touch rows[MAX_ID + 1];
    struct touch keys[MAX_U + 1];
};

static _Noreturn void no_history(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void no_history(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

static void *grown(void *memory, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return memory;
    }
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    void *more = realloc(memory, *capacity * size);
    if (more == NULL) {
        no_history("out of memory");
    }
    return more;
}

/* ---- reading ---- */

static char *word(char **rest)
{
    char *found = strtok_r(NULL, " \n", rest);
    if (found == NULL) {
        no_history("a line ends too early");
    }
    return found;
}

static int64_t number(char **rest)
{
    char *text = word(rest);
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0') {
        no_history("'%s' is no number", text);
    }
    return value;
}

static int bounded(char **rest, int max)
{
    int64_t value = number(rest);
    if (value < 1 || value > max) {
        no_history("%lld is not from 1 to %d", (long long)value, max);
    }
    return (int)value;
}

static struct row parse_row(const char *text)
{
    struct row row = {false, 0, 0, 0};
    long long v = 0;
    if (strcmp(text, "-") == 0) {
        return row;
    }
    if (sscanf(text, "%d:%d:%lld", &row.id, &row.u, &v) != 3) {
        no_history("'%s' is no row", text);
    }
    row.v = v;
    row.is_there = true;
    return row;
}

static void parse_snapshot(struct transaction *transaction, char **rest)
{
    transaction->xmin = number(rest);
    transaction->xmax = number(rest);
    size_t capacity = 0;
    char *comma = NULL;
    for (char *xid = strtok_r(word(rest), ",", &comma); xid != NULL && strcmp(xid, "-") != 0;
         xid = strtok_r(NULL, ",", &comma)) {
        transaction->in_progress = grown(transaction->in_progress, transaction->in_progress_count,
                                         &capacity, sizeof(int64_t));
        transaction->in_progress[transaction->in_progress_count++] = strtoll(xid, NULL, 10);
    }
}

/* The answer of a statement that can be refused as a duplicate. */
static bool parse_duplicate(struct operation *operation, const char *text)
{
    operation->is_duplicate = strcmp(text, "duplicate") == 0;
    return operation->is_duplicate;
}

static void parse_insert(struct operation *operation, char **rest)
{
    operation->id = bounded(rest, MAX_ID);
    operation->key = bounded(rest, MAX_U);
    operation->v = number(rest);
    char *answer = word(rest);
    if (!parse_duplicate(operation, answer) && operation->kind != INSERT) {
        operation->answer = parse_row(answer);
    }
}

static void parse_change_of_key(struct operation *operation, char **rest)
{
    operation->id = bounded(rest, MAX_ID);
    operation->key = bounded(rest, operation->kind == REKEY ? MAX_U : MAX_ID);
    operation->v = number(rest);
    char *answer = word(rest);
    if (!parse_duplicate(operation, answer)) {
        operation->count = (int)strtol(answer, NULL, 10);
    }
}

static const struct {
    const char *name;
    enum kind kind;
} kinds[] = {
    {"read", READ},     {"point", POINT},   {"lock", LOCK},           {"insert", INSERT},
    {"upsert", UPSERT}, {"ignore", IGNORE}, {"update", UPDATE},       {"rekey", REKEY},
    {"move", MOVE},     {"delete", DELETE}, {"error", BAD_STATEMENT},
};

static bool find_kind(const char *name, enum kind *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static struct operation parse_operation(enum kind kind, char **rest)
{
    struct operation operation = {.kind = kind};
    switch (kind) {
    case READ:
    case BAD_STATEMENT:
        operation.text = strdup(*rest == NULL ? "" : *rest);
        break;
    case LOCK:
        operation.key = strcmp(word(rest), "update") == 0 ? STRONG : KEY_SHARE;
        operation.id = bounded(rest, MAX_ID);
        operation.answer = parse_row(word(rest));
        break;
    case POINT:
        operation.id = bounded(rest, MAX_ID);
        operation.answer = parse_row(word(rest));
        break;
    case INSERT:
    case UPSERT:
    case IGNORE:
        parse_insert(&operation, rest);
        break;
    case REKEY:
    case MOVE:
        parse_change_of_key(&operation, rest);
        break;
    case UPDATE:
        operation.id = bounded(rest, MAX_ID);
        operation.v = number(rest);
        operation.count = (int)number(rest);
        break;
    case DELETE:
        operation.id = bounded(rest, MAX_ID);
        operation.count = (int)number(rest);
        break;
    }
    return operation;
}

static struct transaction *begin(struct history *history, char **rest)
{
    history->transactions = grown(history->transactions, history->count, &history->capacity,
                                  sizeof *history->transactions);
    struct transaction *transaction = &history->transactions[history->count++];
    *transaction = (struct transaction){.client = (int)number(rest)};
    transaction->number = number(rest);
    transaction->begin_us = number(rest);
    return transaction;
}

static void end(struct transaction *transaction, enum outcome outcome, char **rest)
{
    transaction->outcome = outcome;
    transaction->start_us = number(rest);
    transaction->end_us = number(rest);
}

static void add_operation(struct transaction *transaction, size_t *capacity, enum kind kind,
                          char **rest)
{
    transaction->operations = grown(transaction->operations, transaction->operation_count, capacity,
                                    sizeof(struct operation));
    transaction->operations[transaction->operation_count++] = parse_operation(kind, rest);
}

static void read_line(struct history *history, struct transaction **current, size_t *capacity,
                      char *line)
{
    char *rest = NULL;
    char *name = strtok_r(line, " \n", &rest);
    enum kind kind;
    if (name == NULL) {
        return;
    }
    if (strcmp(name, "begin") == 0) {
        *current = begin(history, &rest);
        *capacity = 0;
    } else if (*current == NULL) {
        no_history("'%s' before begin", name);
    } else if (strcmp(name, "snapshot") == 0) {
        parse_snapshot(*current, &rest);
    } else if (strcmp(name, "xid") == 0) {
        (*current)->xid = number(&rest);
    } else if (strcmp(name, "commit") == 0) {
        end(*current, COMMITTED, &rest);
    } else if (strcmp(name, "conflict") == 0) {
        end(*current, CONFLICT, &rest);
    } else if (strcmp(name, "rollback") == 0) {
        end(*current, ROLLED_BACK, &rest);
    } else if (find_kind(name, &kind)) {
        add_operation(*current, capacity, kind, &rest);
    } else {
        no_history("'%s' is no event", name);
    }
}

static void read_file(struct history *history, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        no_history("could not open %s", path);
    }
    struct transaction *current = NULL;
    size_t operations_capacity = 0;
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, file) > 0) {
        read_line(history, &current, &operations_capacity, line);
    }
    free(line);
    fclose(file);
}

static void read_directory(struct history *history, const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        no_history("could not open %s", path);
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *suffix = strrchr(entry->d_name, '.');
        if (suffix != NULL && strcmp(suffix, ".history") == 0) {
            char file[1024];
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            read_file(history, file);
        }
    }
    closedir(directory);
    for (size_t i = 0; i < history->count; i++) {
        if (history->transactions[i].outcome == UNFINISHED) {
            no_history("transaction %d/%lld has not terminated", history->transactions[i].client,
                       (long long)history->transactions[i].number);
        }
    }
}

/* ---- judging ---- */

static void report(int64_t *counter, const char *what, const struct transaction *transaction,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
static void report(int64_t *counter, const char *what, const struct transaction *transaction,
                   const char *format, ...)
{
    if ((*counter)++ >= MAX_REPORTS) {
        return;
    }
    printf("%s: transaction %d/%lld (xid %lld): ", what, transaction->client,
           (long long)transaction->number, (long long)transaction->xid);
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static bool sees(const struct transaction *transaction, int64_t xid)
{
    if (xid < transaction->xmin) {
        return true;
    }
    if (xid >= transaction->xmax) {
        return false;
    }
    for (size_t i = 0; i < transaction->in_progress_count; i++) {
        if (transaction->in_progress[i] == xid) {
            return false;
        }
    }
    return true;
}

static bool conflicts(enum strength a, enum strength b)
{
    if (a == NOTHING || b == NOTHING) {
        return false;
    }
    return a == STRONG || b == STRONG || (a == WEAK && b == WEAK);
}

static void strengthen(enum strength *strength, enum strength by)
{
    if (*strength < by) {
        *strength = by;
    }
}

static struct row row_in_snapshot(const struct judge *judge, const struct transaction *transaction,
                                  int id)
{
    const struct touches *touches = &judge->rows[id];
    for (size_t i = touches->count; i > 0; i--) {
        const struct touch *touch = &touches->list[i - 1];
        if (touch->has_written && sees(transaction, touch->by->xid)) {
            return touch->row;
        }
    }
    return (struct row){false, 0, 0, 0};
}

static int holder_of(const struct replay *replay, int u)
{
    for (int id = 1; id <= MAX_ID; id++) {
        if (replay->now[id].is_there && replay->now[id].u == u) {
            return id;
        }
    }
    return 0;
}

static bool is_same(struct row a, struct row b)
{
    return a.is_there == b.is_there && (!a.is_there || (a.id == b.id && a.u == b.u && a.v == b.v));
}

static void touch_row(struct replay *replay, int id, enum strength strength)
{
    strengthen(&replay->rows[id].strength, strength);
    strengthen(&replay->rows[id].allowed, strength);
}

static void put_row(struct replay *replay, struct row row, enum strength strength)
{
    touch_row(replay, row.id, strength);
    replay->now[row.id] = row;
    replay->rows[row.id].has_written = true;
    strengthen(&replay->keys[row.u].allowed, STRONG);
}

static void remove_row(struct replay *replay, int id)
{
    touch_row(replay, id, STRONG);
    replay->now[id].is_there = false;
    replay->rows[id].has_written = true;
}

static void expect_row(struct judge *judge, const struct replay *replay, const char *what, int id,
                       struct row seen)
{
    struct row must = replay->now[id];
    judge->reads++;
    if (!is_same(must, seen)) {
        report(&judge->violations, "snapshot", replay->by,
               "%s of row %d gave %s u %d v %lld, and there is %s u %d v %lld", what, id,
               seen.is_there ? "a row" : "no row", seen.u, (long long)seen.v,
               must.is_there ? "a row" : "no row", must.u, (long long)must.v);
    }
}

static void expect_count(struct judge *judge, const struct replay *replay, int id, int count)
{
    if (count != (replay->now[id].is_there ? 1 : 0)) {
        report(&judge->violations, "snapshot", replay->by, "%d rows changed where id is %d", count,
               id);
    }
}

/* True if the statement goes on. */
static bool expect_duplicate(struct judge *judge, const struct replay *replay,
                             const struct operation *operation, bool is_duplicate)
{
    if (operation->is_duplicate != is_duplicate) {
        report(&judge->violations, "snapshot", replay->by,
               operation->is_duplicate ? "a duplicate of nothing, row %d key %d"
                                       : "a duplicate was let in, row %d key %d",
               operation->id, operation->key);
    }
    return !operation->is_duplicate;
}

static void play_read(struct judge *judge, struct replay *replay, const struct operation *operation)
{
    struct row seen[MAX_ID + 1] = {{false, 0, 0, 0}};
    char *copy = strdup(operation->text);
    char *rest = NULL;
    for (char *text = strtok_r(copy, " \n", &rest); text != NULL;
         text = strtok_r(NULL, " \n", &rest)) {
        struct row row = parse_row(text);
        if (row.id < 1 || row.id > MAX_ID) {
            no_history("a row with id %d", row.id);
        }
        if (seen[row.id].is_there) {
            report(&judge->violations, "snapshot", replay->by, "row %d was there twice", row.id);
        }
        seen[row.id] = row;
    }
    free(copy);
    for (int id = 1; id <= MAX_ID; id++) {
        expect_row(judge, replay, "a read", id, seen[id]);
    }
}

static void play_insert(struct judge *judge, struct replay *replay,
                        const struct operation *operation)
{
    struct row row = {true, operation->id, operation->key, operation->v};
    bool has_key = holder_of(replay, row.u) != 0;
    bool has_row = replay->now[row.id].is_there;
    if (operation->kind == IGNORE) {
        bool is_blocked = has_row || has_key;
        if (is_blocked == operation->answer.is_there) {
            report(&judge->violations, "snapshot", replay->by,
                   "ON CONFLICT DO NOTHING of row %d %s", row.id,
                   is_blocked ? "inserted a duplicate" : "did nothing");
        }
        if (operation->answer.is_there) {
            put_row(replay, row, STRONG);
        }
        return;
    }
    if (operation->kind == UPSERT && has_row && !operation->is_duplicate) {
        row.u = replay->now[row.id].u;
        put_row(replay, row, WEAK);
        expect_row(judge, replay, "an upsert", row.id, operation->answer);
        return;
    }
    bool is_duplicate = has_key || (has_row && operation->kind == INSERT);
    if (expect_duplicate(judge, replay, operation, is_duplicate)) {
        put_row(replay, row, STRONG);
    }
}

static void play_change_of_key(struct judge *judge, struct replay *replay,
                               const struct operation *operation)
{
    struct row row = replay->now[operation->id];
    bool is_move = operation->kind == MOVE;
    bool is_change = row.is_there && operation->key != (is_move ? row.id : row.u);
    bool is_taken =
        is_move ? replay->now[operation->key].is_there : holder_of(replay, operation->key) != 0;
    if (!expect_duplicate(judge, replay, operation, is_change && is_taken)) {
        return;
    }
    expect_count(judge, replay, operation->id, operation->count);
    if (operation->count == 0) {
        return;
    }
    row.v = operation->v;
    if (is_move && is_change) {
        remove_row(replay, row.id);
        row.id = operation->key;
    } else if (!is_move) {
        row.u = operation->key;
    }
    put_row(replay, row, is_change ? STRONG : WEAK);
}

static void play_operation(struct judge *judge, struct replay *replay,
                           const struct operation *operation)
{
    int id = operation->id;
    switch (operation->kind) {
    case READ:
        play_read(judge, replay, operation);
        break;
    case POINT:
        expect_row(judge, replay, "a read", id, operation->answer);
        break;
    case LOCK:
        expect_row(judge, replay, "a lock", id, operation->answer);
        if (operation->answer.is_there) {
            touch_row(replay, id, (enum strength)operation->key);
        }
        break;
    case INSERT:
    case UPSERT:
    case IGNORE:
        play_insert(judge, replay, operation);
        break;
    case UPDATE:
        expect_count(judge, replay, id, operation->count);
        if (operation->count > 0) {
            put_row(replay, (struct row){true, id, replay->now[id].u, operation->v}, WEAK);
        }
        break;
    case REKEY:
    case MOVE:
        play_change_of_key(judge, replay, operation);
        break;
    case DELETE:
        expect_count(judge, replay, id, operation->count);
        if (operation->count > 0) {
            remove_row(replay, id);
        }
        break;
    case BAD_STATEMENT:
        report(&judge->violations, "statement", replay->by, "failed with %s", operation->text);
        break;
    }
}

/* What it undid itself need not conflict: a row that was not there and is not. */
static void finish_touches(const struct judge *judge, struct replay *replay)
{
    for (int id = 1; id <= MAX_ID; id++) {
        struct touch *touch = &replay->rows[id];
        if (touch->has_written) {
            touch->row = replay->now[id];
            bool was_there = row_in_snapshot(judge, replay->by, id).is_there;
            if (!touch->row.is_there && !was_there) {
                touch->strength = NOTHING;
            } else if (touch->row.is_there) {
                strengthen(&replay->keys[touch->row.u].strength, STRONG);
            }
        }
    }
}

static void play(struct judge *judge, struct replay *replay, const struct transaction *transaction)
{
    *replay = (struct replay){.by = transaction};
    for (int id = 1; id <= MAX_ID; id++) {
        replay->now[id] = row_in_snapshot(judge, transaction, id);
    }
    for (size_t i = 0; i < transaction->operation_count; i++) {
        play_operation(judge, replay, &transaction->operations[i]);
    }
    finish_touches(judge, replay);
}

static void keep(struct touches *touches, const struct touch *touch,
                 const struct transaction *transaction)
{
    touches->list = grown(touches->list, touches->count, &touches->capacity, sizeof(struct touch));
    touches->list[touches->count] = *touch;
    touches->list[touches->count++].by = transaction;
}

/* Of those before it in order of xid, one that is not seen is concurrent. */
static void judge_committer(struct judge *judge, const struct touches *earlier,
                            const struct touch *touch, const struct transaction *transaction,
                            const char *what, int key)
{
    for (size_t i = earlier->count; i > 0; i--) {
        const struct touch *other = &earlier->list[i - 1];
        if (other->by->xid < transaction->xmin) {
            return;
        }
        if (conflicts(touch->strength, other->strength) && !sees(transaction, other->by->xid)) {
            report(&judge->violations, "committer", transaction,
                   "committed, and so did xid %lld, concurrently, on %s %d",
                   (long long)other->by->xid, what, key);
        }
    }
}

static void play_committed(struct judge *judge, struct replay *replay,
                           const struct transaction *transaction)
{
    play(judge, replay, transaction);
    for (int id = 1; id <= MAX_ID; id++) {
        if (replay->rows[id].allowed != NOTHING) {
            judge_committer(judge, &judge->rows[id], &replay->rows[id], transaction, "row", id);
            keep(&judge->rows[id], &replay->rows[id], transaction);
        }
    }
    for (int u = 1; u <= MAX_U; u++) {
        if (replay->keys[u].allowed != NOTHING) {
            judge_committer(judge, &judge->keys[u], &replay->keys[u], transaction, "key", u);
            keep(&judge->keys[u], &replay->keys[u], transaction);
        }
    }
}

static bool has_reason(const struct touches *touches, const struct touch *touch,
                       const struct transaction *transaction)
{
    for (size_t i = touches->count; i > 0; i--) {
        const struct touch *other = &touches->list[i - 1];
        if (other->by->xid < transaction->xmin) {
            return false;
        }
        if (conflicts(touch->allowed, other->allowed) && !sees(transaction, other->by->xid) &&
            other->by->start_us <= transaction->end_us) {
            return true;
        }
    }
    return false;
}

static void judge_conflict(struct judge *judge, const struct replay *replay,
                           const struct transaction *transaction)
{
    for (int id = 1; id <= MAX_ID; id++) {
        if (replay->rows[id].allowed != NOTHING &&
            has_reason(&judge->rows[id], &replay->rows[id], transaction)) {
            return;
        }
    }
    for (int u = 1; u <= MAX_U; u++) {
        if (replay->keys[u].allowed != NOTHING &&
            has_reason(&judge->keys[u], &replay->keys[u], transaction)) {
            return;
        }
    }
    report(&judge->spurious, "spurious", transaction,
           "OC000, and nobody who conflicts has committed");
}

static int by_xid(const void *a, const void *b)
{
    int64_t left = ((const struct transaction *)a)->xid;
    int64_t right = ((const struct transaction *)b)->xid;
    return left < right ? -1 : left > right;
}

static int by_end(const void *a, const void *b)
{
    int64_t left = (*(const struct transaction *const *)a)->end_us;
    int64_t right = (*(const struct transaction *const *)b)->end_us;
    return left < right ? -1 : left > right;
}

static const struct transaction *find_xid(const struct history *history, int64_t xid)
{
    struct transaction key = {.xid = xid};
    return bsearch(&key, history->transactions, history->count, sizeof key, by_xid);
}

/* The largest xid among those acknowledged before a time; list is in order of end. */
static int64_t largest_before(const struct transaction **list, const int64_t *largest, size_t count,
                              int64_t time_us)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list[middle]->end_us < time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? 0 : largest[low - 1];
}

static void judge_staleness(struct judge *judge, const struct history *history)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    const struct transaction **list = calloc(history->count + 1, sizeof *list);
    int64_t *largest = calloc(history->count + 1, sizeof *largest);
    if (list == NULL || largest == NULL) {
        no_history("out of memory");
    }
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        if (history->transactions[i].outcome == COMMITTED && history->transactions[i].xid != 0) {
            list[count++] = &history->transactions[i];
        }
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): as above */
    qsort(list, count, sizeof(*list), by_end);
    for (size_t i = 0; i < count; i++) {
        int64_t before = i == 0 ? 0 : largest[i - 1];
        largest[i] = list[i]->xid > before ? list[i]->xid : before;
    }
    for (size_t i = 0; i < history->count; i++) {
        const struct transaction *transaction = &history->transactions[i];
        int64_t must_see = largest_before(list, largest, count, transaction->begin_us);
        if (transaction->xmax != 0 && must_see >= transaction->xmax) {
            report(&judge->violations, "stale", transaction, "does not see xid %lld",
                   (long long)must_see);
        }
        for (size_t j = 0; j < transaction->in_progress_count; j++) {
            const struct transaction *other = find_xid(history, transaction->in_progress[j]);
            if (other != NULL && other->outcome == COMMITTED &&
                other->end_us < transaction->begin_us) {
                report(&judge->violations, "stale", transaction, "does not see xid %lld",
                       (long long)other->xid);
            }
        }
    }
    free(list);
    free(largest);
}

static void judge_history(struct judge *judge, struct history *history)
{
    struct replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        no_history("out of memory");
    }
    qsort(history->transactions, history->count, sizeof *history->transactions, by_xid);
    for (size_t i = 0; i < history->count; i++) {
        const struct transaction *transaction = &history->transactions[i];
        if (transaction->outcome == COMMITTED && transaction->xid != 0) {
            play_committed(judge, replay, transaction);
        }
    }
    for (size_t i = 0; i < history->count; i++) {
        const struct transaction *transaction = &history->transactions[i];
        if (transaction->outcome != COMMITTED || transaction->xid == 0) {
            play(judge, replay, transaction);
        }
        if (transaction->outcome == CONFLICT) {
            judge_conflict(judge, replay, transaction);
        }
    }
    judge_staleness(judge, history);
    free(replay);
}

static int64_t count_outcome(const struct history *history, enum outcome outcome)
{
    int64_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        count += history->transactions[i].outcome == outcome;
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: si_check DIRECTORY\n", stderr);
        return 2;
    }
    static struct history history;
    read_directory(&history, argv[1]);
    if (history.count == 0) {
        no_history("no history in %s", argv[1]);
    }
    static struct judge judge;
    judge_history(&judge, &history);
    printf("%zu transactions: %lld committed, %lld conflicts; %lld violations, %lld spurious "
           "failures\n",
           history.count, (long long)count_outcome(&history, COMMITTED),
           (long long)count_outcome(&history, CONFLICT), (long long)judge.violations,
           (long long)judge.spurious);
    return judge.violations + judge.spurious > 0 ? 1 : 0;
}
