/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "local/archive_list.h"
#include "unit.h"

static void expect(const char *list, const char *ids)
{
    struct buf out AUTO_BUF;
    buf_init(&out, 1024);
    assert_true(archive_list_select(text_of(list), &out));
    assert_string_equal(out.len == 0 ? "" : out.data, ids);
}

static void the_access_method_is_left_out(void **state)
{
    (void)state;
    expect(";\n; Archive created at ...\n;\n"
           "2; 2601 16386 ACCESS METHOD - dsql dsql_owner\n"
           "3390; 0 0 COMMENT - ACCESS METHOD dsql dsql_owner\n"
           "215; 1259 16439 TABLE public t admin\n",
           "215;\n");
}

static void names_do_not_matter(void **state)
{
    (void)state;
    expect("1; 1259 16439 TABLE public ACCESS METHOD - dsql admin\n"
           "2; 1259 4294967295 TABLE ACCESS METHOD - admin\n"
           "3; 0 0 COMMENT public TABLE ; 4; 0 0 ACCESS METHOD - admin\n"
           "5; 2615 1 SCHEMA - ACCESS METHOD x\n",
           "1;\n2;\n3;\n5;\n");
    expect("", "");
}

static void other_lines_are_not_accepted(void **state)
{
    (void)state;
    static const char *const lists[] = {"x",
                                        "1",
                                        "1;",
                                        "0; 1 2 TABLE",
                                        "-1; 1 2 ",
                                        "1; 1",
                                        "1; 1 ",
                                        "1; x 2 TABLE",
                                        "1;1 2 T",
                                        "1; 1 2TAB",
                                        "2147483648; 1 2 TABLE - x y"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct buf out AUTO_BUF;
        buf_init(&out, 1024);
        assert_false(archive_list_select(text_of(lists[i]), &out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_access_method_is_left_out),
        cmocka_unit_test(names_do_not_matter),
        cmocka_unit_test(other_lines_are_not_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
