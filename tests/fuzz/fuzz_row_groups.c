/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The statement for one row is the statement; the one for two rows is longer and not grouped again.
 */
#include "base/memory.h"
#include "base/text.h"
#include "transaction/row_groups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *sql = text_dup(text_of_bytes(data, size));
    struct row_groups groups;
    struct row_groups again;
    if (sql == NULL || !row_groups_find(&groups, sql, 3)) {
        return 0;
    }
    AUTO_FREE char *one = row_groups_statement(&groups, 1);
    AUTO_FREE char *two = row_groups_statement(&groups, 2);
    if (one == NULL || two == NULL || strlen(two) <= strlen(sql) ||
        row_groups_find(&again, two, 6)) {
        __builtin_trap();
    }
    if (!row_groups_find(&again, one, 3) || again.group_start != groups.group_start) {
        __builtin_trap();
    }
    return 0;
}
