/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the histories (history.md), as the checker knows them: their columns, what
 * identifies a row, and their constraints.
 */
#ifndef TEST_OCC_SI_TABLES_H
#define TEST_OCC_SI_TABLES_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_COLUMNS = 6, MAX_UNIQUE = 4, MAX_FOREIGN = 2, NO_COLUMN = -1 };

#define NULL_VALUE INT64_MIN

struct row {
    bool is_there;
    int64_t value[MAX_COLUMNS];
};

/* Which rows an index has, and by what. */
enum rule { EACH, EVEN_ONLY, HALF };

struct unique_key {
    int column;
    enum rule rule;
};

enum table_id { ITEM, LOOSE, BAG, PARENT, CHILD, LEAF, RANGE, TABLES };

struct foreign_key {
    int column;
    enum table_id parent; /* its only key that is referenced is referenced_column */
    int referenced_column;
    bool is_cascade; /* else ON DELETE SET NULL, ON UPDATE NO ACTION */
};

struct table {
    enum table_id id;
    const char *name;
    int column_count;
    const char *columns[MAX_COLUMNS];
    int identity;         /* this column never changes while a row is the same */
    bool has_primary_key; /* on the identity column */
    int unique_count;     /* besides the primary key */
    struct unique_key unique[MAX_UNIQUE];
    int foreign_count;
    struct foreign_key foreign[MAX_FOREIGN];
};

extern const struct table tables[TABLES];

/** NULL if there is no such table. */
const struct table *table_find(const char *name);

/** NO_COLUMN if there is no such column. */
int table_column(const struct table *table, const char *name);

/** What the index on the key has for a row; NULL_VALUE: nothing. */
int64_t table_key_value(const struct unique_key *key, const struct row *row);

/** Do the versions differ in a column of a key that counts for row locks? */
bool table_key_changes(const struct table *table, const struct row *old, const struct row *new);

bool row_is_same(const struct table *table, const struct row *a, const struct row *b);

/** False if the text is not a row of the table. */
bool row_parse(const struct table *table, const char *text, struct row *row);

/** A number, or ~ for NULL. */
bool value_parse(const char *text, int64_t *value);

/** Returns text, for printing. */
const char *row_print(const struct table *table, const struct row *row, char *text, int size);

#endif
