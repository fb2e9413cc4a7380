/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* libpq reads what is written. */
#include "cli/proxy_dsn.h"
#include "unit.h"

#include <libpq-fe.h>

#include <string.h>

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, keyword) == 0) {
            return options->val == NULL ? "" : options->val;
        }
    }
    return "";
}

static void expect(const struct proxy_dsn *dsn, const char *url, const char *host)
{
    struct buf out AUTO_BUF;
    buf_init(&out, 4096);
    proxy_dsn_write(&out, dsn);
    assert_string_equal(out.data, url);
    PQconninfoOption *options = PQconninfoParse(out.data, NULL);
    assert_non_null(options);
    assert_string_equal(value_of(options, "host"), host);
    assert_string_equal(value_of(options, "user"), dsn->user == NULL ? "admin" : dsn->user);
    assert_string_equal(value_of(options, "dbname"),
                        dsn->dbname == NULL ? "postgres" : dsn->dbname);
    assert_string_equal(value_of(options, "password"), dsn->password == NULL ? "" : dsn->password);
    PQconninfoFree(options);
}

static void urls_are_those_that_libpq_reads(void **state)
{
    (void)state;
    const struct proxy_dsn plain = {.directory = "/run/user/1000/dsql", .port = 5433};
    expect(&plain, "postgresql://admin@/postgres?host=/run/user/1000/dsql&port=5433",
           "/run/user/1000/dsql");
    const struct proxy_dsn odd = {
        .user = "a@b/c", .dbname = "my db", .directory = "/tmp/a b&c", .port = 1};
    expect(&odd, "postgresql://a%40b%2Fc@/my%20db?host=/tmp/a%20b%26c&port=1", "/tmp/a b&c");
    const struct proxy_dsn tcp = {.password = "p:@/%", .address = "127.0.0.1", .port = 5432};
    expect(&tcp, "postgresql://admin:p%3A%40%2F%25@127.0.0.1:5432/postgres", "127.0.0.1");
    const struct proxy_dsn v6 = {.address = "::", .port = 5432};
    expect(&v6, "postgresql://admin@[::1]:5432/postgres", "::1");
    const struct proxy_dsn any = {.address = "0.0.0.0", .port = 5432};
    expect(&any, "postgresql://admin@127.0.0.1:5432/postgres", "127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(urls_are_those_that_libpq_reads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
