/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "gateway/sql_rewriter.h"
#include "unit.h"
#include "wire/backend.h"

#include <string.h>

enum { OUT_MAX = 4096 };

static int server_major;

static void pass(struct sql_rewriter *rewriter, struct text bytes, struct buf *out)
{
    struct text part;
    assert_true(sql_rewriter_rewrite(rewriter, bytes, &part));
    buf_add_text(out, part);
}

static void expect_bytes(struct text sent, struct text wanted, size_t cut, size_t step)
{
    struct sql_rewriter rewriter;
    struct buf out AUTO_BUF;
    buf_init(&out, OUT_MAX);
    sql_rewriter_init(&rewriter, server_major);
    pass(&rewriter, text_slice(sent, 0, cut), &out);
    for (size_t at = cut; at < sent.len; at += step) {
        pass(&rewriter, text_slice(sent, at, step), &out);
    }
    if (!text_equal(buf_text(&out), wanted)) {
        print_error("cut at %zu: %.*s\n", cut, (int)out.len - 5, out.data + 5);
    }
    assert_true(text_equal(buf_text(&out), wanted));
    sql_rewriter_clear(&rewriter);
}

static void write_query(struct buf *out, const char *sql)
{
    buf_init(out, OUT_MAX);
    frame_write(out, FRONTEND_QUERY, text_of_bytes(sql, strlen(sql) + 1));
}

static void write_parse(struct buf *out, const char *sql)
{
    struct buf body AUTO_BUF;
    buf_init(out, OUT_MAX);
    buf_init(&body, OUT_MAX);
    buf_add(&body, "create index async", sizeof "create index async"); /* the name */
    buf_add(&body, sql, strlen(sql) + 1);
    buf_add_u16(&body, 0);
    frame_write(out, FRONTEND_PARSE, buf_text(&body));
    frame_write(out, 'S', text_of(""));
}

/* However the stream is cut, and byte by byte. */
static void expect_frames(const struct buf *sent, const struct buf *wanted)
{
    for (size_t cut = 0; cut <= sent->len; cut++) {
        expect_bytes(buf_text(sent), buf_text(wanted), cut, sent->len);
    }
    expect_bytes(buf_text(sent), buf_text(wanted), 0, 1);
}

static void expect(const char *sql, const char *wanted_sql)
{
    struct buf sent AUTO_BUF;
    struct buf wanted AUTO_BUF;
    assert_int_equal(strlen(sql), strlen(wanted_sql));
    write_query(&sent, sql);
    write_query(&wanted, wanted_sql);
    expect_frames(&sent, &wanted);
    buf_clear(&sent);
    buf_clear(&wanted);
    write_parse(&sent, sql);
    write_parse(&wanted, wanted_sql);
    expect_frames(&sent, &wanted);
}

static void expect_same(const char *sql)
{
    expect(sql, sql);
}

static void async_is_marked(void **state)
{
    (void)state;
    expect("CREATE INDEX ASYNC ON t (a)", "CREATE INDEX /*A*/ ON t (a)");
    expect("create unique index async i on t (a)", "create unique index /*A*/ i on t (a)");
    expect("CREATE INDEX ASYNC", "CREATE INDEX /*A*/");
    expect("ALTER TABLE ASYNC t VALIDATE CONSTRAINT c",
           "ALTER TABLE /*A*/ t VALIDATE CONSTRAINT c");
    expect("BEGIN; CREATE INDEX ASYNC i ON t (a); COMMIT",
           "BEGIN; CREATE INDEX /*A*/ i ON t (a); COMMIT");
    expect("create/* a /* b */ */index--x\nasync\"i\"on t(a)",
           "create/* a /* b */ */index--x\n/*A*/\"i\"on t(a)");
    expect("CREATE SCHEMA s CREATE INDEX ASYNC ON t (a)",
           "CREATE SCHEMA s CREATE INDEX /*A*/ ON t (a)");
    expect("CREATE INDEX ASYNC a ON t(a);CREATE INDEX ASYNC b ON t(b)",
           "CREATE INDEX /*A*/ a ON t(a);CREATE INDEX /*A*/ b ON t(b)");
}

static void catalogs_have_views(void **state)
{
    (void)state;
    expect("SELECT daticurules FROM pg_catalog.pg_database d",
           "SELECT daticurules FROM    pg_temp.pg_database d");
    expect("select pg_catalog.version() from PG_Catalog . PG_Collation, pg_catalog.pg_class",
           "select pg_catalog.version() from    pg_temp . PG_Collation, pg_catalog.pg_class");
    expect("SELECT \"pg_catalog\".\"pg_database\".\"oid\" FROM \"pg_catalog\".\"pg_database\"",
           "SELECT      pg_temp.\"pg_database\".\"oid\" FROM      pg_temp.\"pg_database\"");
    expect("SELECT 1 FROM pg_catalog/*.*/.--\npg_subscription",
           "SELECT 1 FROM    pg_temp/*.*/.--\npg_subscription");
    expect("TABLE pg_catalog.\"pg_statistic_ext\";TABLE\"pg_catalog\".pg_auth_members",
           "TABLE    pg_temp.\"pg_statistic_ext\";TABLE     pg_temp.pg_auth_members");
}

static void other_names_have_none(void **state)
{
    (void)state;
    expect_same("SELECT pg_database, pg_catalog pg_database FROM public.pg_database");
    expect_same("SELECT 'pg_catalog.pg_database'::regclass, \"pg_catalog.pg_database\"");
    expect_same("SELECT E'\\' pg_catalog.pg_database', $a$pg_catalog.pg_database$a$");
    expect_same("SELECT pg_catalog.pg_databases, pg_catalog.pg_databas, xpg_catalog.pg_database");
    expect_same(
        "SELECT pg_catalog - .pg_database, pg_catalog..pg_database, pg_catalog, pg_database");
    expect_same("SELECT \"PG_CATALOG\".pg_database, \"pg_catalog\".\"PG_DATABASE\"");
    expect_same("SELECT \"a\"\"pg_catalog\".pg_database, \"pg_catalog\"\"\".pg_database");
    expect_same("SELECT pg_catalog.\"pg_database\"\"\", pg_catalog.\"a\"\"pg_database\"");
    expect_same("SELECT \"pg_catalog\"\".pg_database\"");
    expect_same("SELECT pg_catalog./* a comment of more bytes than are held back, sixty-four */"
                "pg_database");
}

static void on_15(const char *sql, const char *wanted_sql)
{
    server_major = 15;
    expect(sql, wanted_sql);
    server_major = 17;
    expect_same(sql);
    server_major = 0;
}

static void storage_is_marked_for_15(void **state)
{
    (void)state;
    on_15("CREATE TABLE t (a text STORAGE main, b text storage EXTERNAL NOT NULL)",
          "CREATE TABLE t (a text OPTIONS(m''), b text OPTIONS(t'')     NOT NULL)");
    on_15("CREATE TABLE t (storage text STORAGE/**/PLAIN, b varchar(5) STORAGE default)",
          "CREATE TABLE t (storage text OPTIONS(p'')    , b varchar(5) OPTIONS(d'')   )");
    on_15(
        "ALTER TABLE t ADD COLUMN a text STORAGE\nextended; ALTER TABLE t ADD a text STORAGE main",
        "ALTER TABLE t ADD COLUMN a text OPTIONS(s'')    ; ALTER TABLE t ADD a text OPTIONS(m'')");
    on_15("ALTER TABLE t ALTER COLUMN a SET STORAGE DEFAULT, ALTER b SET STORAGE DEFAULT",
          "ALTER TABLE t ALTER COLUMN a SET STORAGE \"=dflt\", ALTER b SET STORAGE \"=dflt\"");
}

static void other_storages_are_not(void **state)
{
    (void)state;
    server_major = 15;
    expect_same("CREATE TABLE t (storage main, storage plain)");
    expect_same("ALTER TABLE t ADD storage main, ADD COLUMN storage main");
    expect_same("ALTER TABLE t ADD COLUMN IF NOT EXISTS storage main");
    expect_same("ALTER TABLE t ALTER a SET STORAGE main, ALTER a SET DEFAULT 'STORAGE main'");
    expect_same("SELECT storage main FROM t; SELECT a storage, main");
    expect_same("CREATE TABLE t (a text STORAGE \"main\", b text STORAGE mains, c storage)");
    expect_same("CREATE TABLE t (a int); SELECT a storage main");
    server_major = 0;
}

static void numbers_of_16_are_rewritten_for_15(void **state)
{
    (void)state;
    on_15("SELECT 0x1F, 0X_ff, 0o17, 0b1_0, 1_000", "SELECT 0031, 00255, 0015, 00002, 01000");
    on_15("SELECT 1_000.5e1_0, 1_0.2_5, .5_5+1_0.", "SELECT 001000.5e10, 0010.25, 0.55+010.");
    on_15("SELECT a[1_0:0x2],-1_0--1_0\n,1_0/*1_0*/", "SELECT a[010:002],-010--1_0\n,010/*1_0*/");
    on_15("SELECT 0x1e+5, 1_0e-2, 1_0e+2", "SELECT 0030+5, 010e-2, 010e+2");
    on_15("SELECT 1_0", "SELECT 010");
    on_15("SELECT a.  1_0,  .1_0", "SELECT a.  010,  0.10");
    on_15("LIMIT 1_0;SELECT 0xfffffffff", "LIMIT 010;SELECT 68719476735");
    on_15("SELECT 0x7FFF_FFFF_FFFF_FFFF", "SELECT 009223372036854775807");
}

static void other_numbers_are_not(void **state)
{
    (void)state;
    server_major = 15;
    expect_same("SELECT a1_0, _1_0, \"1_0\", '1_0', $1_0, $$1_0$$, E'\\'1_0', 1.5e-3, 10, 0, 1.");
    expect_same("SELECT 1_, 1__0, 0x, 0xG, 0b2, 0o8, 1_000abc, 1_.5, 1._5, 1_0e, 1_0e_1, 1_0..5");
    expect_same("SELECT 0x7FFFFFFFFFFFFFFF, t.a_1, 1e5, 0xffffffffff");
    expect_same("SELECT 1_0000000000000000000000000000000000000000000000000000000000000000000000");
    server_major = 0;
}

static void other_words_are_not(void **state)
{
    (void)state;
    expect_same("CREATE INDEX asyncx ON t (a)");
    expect_same("CREATE INDEX asyn ON t (a)");
    expect_same("CREATE INDEX async$ ON t (a)");
    expect_same("CREATE INDEX async\xc3\xa9 ON t (a)");
    expect_same("CREATE INDEX \"async\" ON t (a)");
    expect_same("CREATE INDEX IF NOT EXISTS async ON t (a)");
    expect_same("DROP INDEX async");
    expect_same("ALTER INDEX async RENAME TO b");
    expect_same("DROP TABLE async");
    expect_same("CREATE TABLE async (async int)");
    expect_same("CREATE UNIQUE async");
    expect_same("CREATE, INDEX ASYNC");
    expect_same("CREATE INDEX - ASYNC");
    expect_same("SELECT 1 AS index, async FROM t");
    expect_same("");
    expect_same("a");
}

static void literals_and_comments_are_not(void **state)
{
    (void)state;
    expect_same("SELECT 'CREATE INDEX ASYNC'");
    expect_same("SELECT 'it''s CREATE INDEX ASYNC'");
    expect_same("SELECT E'\\'; CREATE INDEX ASYNC ON t (a)'");
    expect_same("SELECT e'a''\\'; CREATE INDEX ASYNC ON t (a)'");
    expect_same("SELECT E'a' -- b\n  '\\'; CREATE INDEX ASYNC ON t (a)'");
    expect_same("SELECT \"; CREATE INDEX ASYNC\"\"; CREATE INDEX ASYNC ON\"");
    expect_same("SELECT U&\"; CREATE INDEX ASYNC i\"");
    expect_same("SELECT $$; CREATE INDEX ASYNC i$$");
    expect_same("SELECT $a$; CREATE INDEX ASYNC $$ $b$ $aa$ i$a$");
    expect_same("SELECT $a$$; CREATE INDEX ASYNC $a");
    expect_same("-- CREATE INDEX ASYNC i\n");
    expect_same("/* /* */ CREATE INDEX ASYNC i */");
    expect_same("/*/ CREATE INDEX ASYNC i */");
}

/* The end of a literal is found: what follows is read again. */
static void sql_goes_on_behind_literals(void **state)
{
    (void)state;
    expect("SELECT '\\'; CREATE INDEX ASYNC i", "SELECT '\\'; CREATE INDEX /*A*/ i");
    expect("SELECT E'\\\\'; CREATE INDEX ASYNC i", "SELECT E'\\\\'; CREATE INDEX /*A*/ i");
    expect("SELECT E'a' '\\'; CREATE INDEX ASYNC i", "SELECT E'a' '\\'; CREATE INDEX /*A*/ i");
    expect("SELECT xe'\\'; CREATE INDEX ASYNC i", "SELECT xe'\\'; CREATE INDEX /*A*/ i");
    expect("SELECT $1; CREATE INDEX ASYNC i", "SELECT $1; CREATE INDEX /*A*/ i");
    expect("SELECT a$b$; CREATE INDEX ASYNC i", "SELECT a$b$; CREATE INDEX /*A*/ i");
    expect("SELECT $a$ $b$a$; CREATE INDEX ASYNC i", "SELECT $a$ $b$a$; CREATE INDEX /*A*/ i");
    expect("SELECT 4/2-1; CREATE INDEX ASYNC i", "SELECT 4/2-1; CREATE INDEX /*A*/ i");
    expect("SELECT 1 -- '\n; CREATE INDEX ASYNC i", "SELECT 1 -- '\n; CREATE INDEX /*A*/ i");
    expect("SELECT 1 /* ' /* $$ **/ */; CREATE INDEX ASYNC i",
           "SELECT 1 /* ' /* $$ **/ */; CREATE INDEX /*A*/ i");
}

static void iam_grants_become_settings(void **state)
{
    (void)state;
    expect("AWS IAM GRANT app TO 'arn:aws:iam::1:role/r'",
           "SET IAM ./**/ app TO 'arn:aws:iam::1:role/r'");
    expect("aws /* x */ iam\nrevoke \"My role\" from 'arn'",
           "SET /* x */ iam\n./*R*/ \"My role\" TO\f\f 'arn'");
    expect("AWS IAM REVOKE app FROM 'arn'; AWS IAM GRANT app TO 'a'",
           "SET IAM ./*R*/ app TO\f\f 'arn'; SET IAM ./**/ app TO 'a'");
    expect_same("SET iam.gra.app TO 'arn'");
    expect_same("AWS IAM");
    expect_same("AWS IAM.app TO 'arn'");
    expect_same("AWS IAM = 1");
    expect_same("AWS \"IAM\" GRANT app TO 'arn'");
    expect_same("AWS IAM                                                         GRANT a");
    expect_same("AWS SELECT 1");
    expect_same("AWS");
    expect_same("AWSIAM GRANT app TO 'arn'");
    expect_same("SELECT AWS IAM GRANT app TO 'arn'");
    expect_same("\"AWS\" IAM GRANT app TO 'arn'");
    expect_same("AWS                                                               IAM GRANT a");
    expect_same("AWS IAM x = 1");
}

static void other_messages_pass(void **state)
{
    (void)state;
    struct buf sent AUTO_BUF;
    buf_init(&sent, OUT_MAX);
    frame_write(&sent, 'd', text_of("CREATE INDEX ASYNC "));
    frame_write(&sent, 'B', text_of_bytes("\0\0CREATE INDEX ASYNC ", 21));
    frame_write(&sent, 'X', text_of(""));
    frame_write(&sent, FRONTEND_QUERY, text_of(""));
    frame_write(&sent, FRONTEND_QUERY, text_of("CREATE INDEX asyn")); /* no NUL */
    frame_write(&sent, FRONTEND_QUERY, text_of_bytes("SELECT\0CREATE INDEX ASYNC ", 26));
    expect_frames(&sent, &sent);
}

static void the_same_bytes_come_back_uncopied(void **state)
{
    (void)state;
    struct sql_rewriter rewriter;
    struct buf sent AUTO_BUF;
    struct text out;
    write_query(&sent, "SELECT 1");
    sql_rewriter_init(&rewriter, server_major);
    assert_true(sql_rewriter_rewrite(&rewriter, buf_text(&sent), &out));
    assert_ptr_equal(out.data, sent.data);
    sql_rewriter_clear(&rewriter);
}

static void a_length_that_is_nonsense_is_refused(void **state)
{
    (void)state;
    struct sql_rewriter rewriter;
    struct text out;
    sql_rewriter_init(&rewriter, server_major);
    assert_false(sql_rewriter_rewrite(&rewriter, text_of_bytes("Q\0\xa0\0\1", 5), &out));
    assert_true(text_is_empty(out));
    sql_rewriter_clear(&rewriter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(async_is_marked),
        cmocka_unit_test(catalogs_have_views),
        cmocka_unit_test(other_names_have_none),
        cmocka_unit_test(storage_is_marked_for_15),
        cmocka_unit_test(other_storages_are_not),
        cmocka_unit_test(numbers_of_16_are_rewritten_for_15),
        cmocka_unit_test(other_numbers_are_not),
        cmocka_unit_test(other_words_are_not),
        cmocka_unit_test(literals_and_comments_are_not),
        cmocka_unit_test(sql_goes_on_behind_literals),
        cmocka_unit_test(iam_grants_become_settings),
        cmocka_unit_test(other_messages_pass),
        cmocka_unit_test(the_same_bytes_come_back_uncopied),
        cmocka_unit_test(a_length_that_is_nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
