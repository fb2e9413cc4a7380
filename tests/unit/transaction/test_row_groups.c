/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Which statements may be sent for several rows at once, and what they become. */
#include "base/memory.h"
#include "transaction/row_groups.h"
#include "unit.h"

static void becomes(const char *sql, size_t params, size_t rows, const char *wanted)
{
    struct row_groups groups;
    assert_true(row_groups_find(&groups, sql, params));
    AUTO_FREE char *statement = row_groups_statement(&groups, rows);
    assert_non_null(statement);
    assert_string_equal(statement, wanted);
}

static void parameters_are_numbered_through(void **state)
{
    (void)state;
    becomes("INSERT INTO t VALUES ($1, $2)", 2, 1, "INSERT INTO t VALUES ($1, $2)");
    becomes("INSERT INTO t VALUES ($1, $2)", 2, 3,
            "INSERT INTO t VALUES ($1, $2), ($3, $4), ($5, $6)");
    becomes("insert into \"my\"\"s\".t(a, \"b\") values($2::int[],$1||'it''s ($1)') ;", 2, 2,
            "insert into \"my\"\"s\".t(a, \"b\") values($2::int[],$1||'it''s ($1)'),"
            " ($4::int[],$3||'it''s ($1)') ;");
    becomes("INSERT INTO t (a) VALUES (($1 + 1) * 2, DEFAULT, 1.5)\nON CONFLICT (a) DO NOTHING", 1,
            2,
            "INSERT INTO t (a) VALUES (($1 + 1) * 2, DEFAULT, 1.5), (($2 + 1) * 2, DEFAULT, 1.5)\n"
            "ON CONFLICT (a) DO NOTHING");
    becomes("INSERT INTO t VALUES ($1, $1) ON CONFLICT DO NOTHING", 1, 2,
            "INSERT INTO t VALUES ($1, $1), ($2, $2) ON CONFLICT DO NOTHING");
}

static void groups_have_a_thousand_parameters_at_most(void **state)
{
    (void)state;
    struct row_groups groups;
    assert_true(row_groups_find(&groups, "INSERT INTO t VALUES ($1)", 1));
    assert_int_equal(groups.most_rows, 128);
    assert_true(row_groups_find(&groups, "INSERT INTO t VALUES ($1)", 100));
    assert_int_equal(groups.most_rows, 10);
    assert_true(row_groups_find(&groups, "INSERT INTO t VALUES ($1)", 512));
    assert_int_equal(groups.most_rows, 2);
    assert_false(row_groups_find(&groups, "INSERT INTO t VALUES ($1)", 513));
    assert_false(row_groups_find(&groups, "INSERT INTO t VALUES (1)", 0));
}

static void statements_that_could_notice_are_left_alone(void **state)
{
    (void)state;
    static const char *const alone[] = {
        "",
        "UPDATE t SET a = $1 WHERE id = $2",
        "WITH x AS (SELECT 1) INSERT INTO t VALUES ($1, $2)",
        "INSERT INTO t SELECT $1, $2",
        "INSERT INTO t DEFAULT VALUES",
        "INSERT INTO t VALUES ($1, $2), ($1, $2)",
        "INSERT INTO t VALUES ($1, $2) RETURNING id",
        "INSERT INTO t VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET a = $2",
        "INSERT INTO t VALUES ($1, $2) ON CONFLICT ON CONSTRAINT c DO NOTHING",
        "INSERT INTO t VALUES ($1, $2) ON CONFLICT (id) WHERE a = $1 DO NOTHING",
        "INSERT INTO t VALUES ($1, (SELECT max(id) FROM t))",
        "INSERT INTO t VALUES ($1, (TABLE u))",
        "INSERT INTO t VALUES ($1, nextval('s'))",
        "INSERT INTO t VALUES ($1, nextval ('s'))",
        "INSERT INTO t VALUES ($1, \"f\"($2))",
        "INSERT INTO t VALUES ($1, $3)",
        "INSERT INTO t VALUES ($1, $0)",
        "INSERT INTO t VALUES ($1, $99999999999999999999)",
        "INSERT INTO t VALUES ($1, $2",
        "INSERT INTO t VALUES ($1, 'x",
        "INSERT INTO t VALUES ($1, 'x\\')",
        "INSERT INTO t VALUES ($1, E'x')",
        "INSERT INTO t VALUES ($1, $$x$$)",
        "INSERT INTO t VALUES ($1, $a$x$a$)",
        "INSERT INTO t VALUES ($1, $2a)",
        "INSERT INTO t VALUES ($1, '\xC3\xA9')",
        "INSERT INTO t VALUES ($1, $2) -- , ($3, $4)",
        "INSERT INTO t /* */ VALUES ($1, $2)",
        "INSERT INTO t VALUES ($1, $2); DELETE FROM t",
        "INSERT INTO t VALUES ($1; $2)",
        "INSERT INTO f(a) VALUES ($1, $2) x",
    };
    struct row_groups groups;
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++) {
        if (row_groups_find(&groups, alone[i], 2)) {
            fail_msg("is grouped: %s", alone[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_numbered_through),
        cmocka_unit_test(groups_have_a_thousand_parameters_at_most),
        cmocka_unit_test(statements_that_could_notice_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
