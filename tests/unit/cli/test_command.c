/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "unit.h"

#include <string.h>

static struct command_line seen;
static int runs;

static int note(const struct command_line *line)
{
    seen = *line;
    runs++;
    return EXIT_DONE;
}

static const struct command_option user = {"user", 'U', "ROLE", NULL, "log in as this role"};
static const struct command_option quiet = {"quiet", 'q', NULL, NULL, "print less"};
static const struct command_option port = {"port", 'p', "PORT", NULL,
                                           "connect to this port\n(default: 1)"};
static const struct command_option output = {"output", 0, "FORMAT", "text json",
                                             "print text or json"};
static const struct command_option *const options[] = {&user, &quiet, NULL};
static const struct command_option *const shared_options[] = {&port, &output, NULL};
static const struct command inner[] = {
    {.name = "go",
     .summary = "Go",
     .options = options,
     .shared_options = shared_options,
     .max_arguments = 1,
     .takes_rest = true,
     .run = note},
    {0},
};
static const struct command root = {.name = "t", .summary = "Test", .commands = inner};

static int go(char **words)
{
    int count = 0;
    while (words[count] != NULL) {
        count++;
    }
    runs = 0;
    return command_main(&root, "t", count, words);
}

#define GO(...) go((char *[]){(char[]){"t"}, __VA_ARGS__, NULL})
#define W(word) ((char[]){word})

static void values_are_taken_in_every_spelling(void **state)
{
    (void)state;
    assert_int_equal(GO(W("go"), W("--user"), W("a")), EXIT_DONE);
    assert_string_equal(command_value(&seen, "user"), "a");
    assert_int_equal(GO(W("go"), W("--user=b=c")), EXIT_DONE);
    assert_string_equal(command_value(&seen, "user"), "b=c");
    assert_int_equal(GO(W("go"), W("-Ud"), W("-q")), EXIT_DONE);
    assert_string_equal(command_value(&seen, "user"), "d");
    assert_true(command_has(&seen, "quiet"));
    assert_false(command_has(&seen, "port"));
}

static void what_follows_two_dashes_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(GO(W("go"), W("host"), W("--"), W("--help"), W("-x")), EXIT_DONE);
    assert_string_equal(command_argument(&seen, 0), "host");
    assert_null(command_argument(&seen, 1));
    assert_int_equal(seen.rest_count, 2);
    assert_string_equal(seen.rest[0], "--help");
}

static void mistakes_are_usage_errors_and_run_nothing(void **state)
{
    (void)state;
    assert_int_equal(GO(W("nowhere")), EXIT_USAGE);
    assert_int_equal(GO(W("go"), W("--nope")), EXIT_USAGE);
    assert_int_equal(GO(W("go"), W("-x")), EXIT_USAGE);
    assert_int_equal(GO(W("go"), W("--user")), EXIT_USAGE);
    assert_int_equal(GO(W("go"), W("--quiet=yes")), EXIT_USAGE);
    assert_int_equal(GO(W("go"), W("one"), W("two")), EXIT_USAGE);
    assert_int_equal(runs, 0);
}

static void help_is_success_everywhere(void **state)
{
    (void)state;
    assert_int_equal(GO(W("--help")), EXIT_DONE);
    assert_int_equal(GO(W("go"), W("--help")), EXIT_DONE);
    assert_int_equal(runs, 0);
}

static void numbers_and_formats_are_checked(void **state)
{
    (void)state;
    int number = 7;
    bool is_json = true;
    GO(W("go"));
    assert_true(command_number(&seen, "port", 0, 9, &number));
    assert_int_equal(number, 7);
    assert_true(command_wants_json(&seen, &is_json));
    assert_false(is_json);
    char ten[] = "10";
    char xml[] = "xml";
    GO(W("go"), W("--port"), ten, W("--output"), xml);
    assert_false(command_number(&seen, "port", 0, 9, &number));
    assert_true(command_number(&seen, "port", 0, 10, &number));
    assert_int_equal(number, 10);
    assert_false(command_wants_json(&seen, &is_json));
}

static void the_real_table_has_help_for_every_command(void **state)
{
    (void)state;
    assert_non_null(command_find(command_root.commands, "token"));
    assert_non_null(command_find(command_root.commands, "psql"));
    const struct command *local = command_find(command_root.commands, "local");
    assert_non_null(local);
    for (const struct command *c = local->commands; c->name != NULL; c++) {
        assert_non_null(c->summary);
        assert_true(c->run != NULL || c->commands != NULL);
    }
}

/* A group that runs by itself, as `dsql proxy`: what is not a command of it is an argument. */
static void a_group_may_take_arguments(void **state)
{
    (void)state;
    static const struct command members[] = {{.name = "status", .summary = "Status", .run = note},
                                             {0}};
    static const struct command groups[] = {{.name = "group",
                                             .summary = "Group",
                                             .options = options,
                                             .max_arguments = 2,
                                             .run = note,
                                             .commands = members},
                                            {0}};
    static const struct command top = {.name = "t", .summary = "Test", .commands = groups};
    runs = 0;
    assert_int_equal(command_main(&top, "t", 4, (char *[]){W("t"), W("group"), W("a"), W("b")}),
                     EXIT_DONE);
    assert_string_equal(seen.command->name, "group");
    assert_int_equal(seen.argument_count, 2);
    assert_int_equal(command_main(&top, "t", 2, (char *[]){W("t"), W("group")}), EXIT_DONE);
    assert_int_equal(seen.argument_count, 0);
    assert_int_equal(
        command_main(&top, "t", 4, (char *[]){W("t"), W("group"), W("--user"), W("status")}),
        EXIT_DONE);
    assert_string_equal(seen.command->name, "group");
    assert_int_equal(command_main(&top, "t", 3, (char *[]){W("t"), W("group"), W("status")}),
                     EXIT_DONE);
    assert_string_equal(seen.command->name, "status");
    assert_int_equal(runs, 4);
    assert_int_equal(
        command_main(&top, "t", 5, (char *[]){W("t"), W("group"), W("a"), W("b"), W("c")}),
        EXIT_USAGE);
    assert_int_equal(runs, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_may_take_arguments),
        cmocka_unit_test(values_are_taken_in_every_spelling),
        cmocka_unit_test(what_follows_two_dashes_is_left_alone),
        cmocka_unit_test(mistakes_are_usage_errors_and_run_nothing),
        cmocka_unit_test(help_is_success_everywhere),
        cmocka_unit_test(numbers_and_formats_are_checked),
        cmocka_unit_test(the_real_table_has_help_for_every_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
