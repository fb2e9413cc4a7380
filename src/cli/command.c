/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A small parser of its own instead of getopt_long(): its options come from the same table as
 * --help, values are never printed back (they may be passwords), and a mistake names the command
 * as the user typed it.  Knows nothing of databases.
 */
#include "cli/command.h"

#include "base/text.h"
#include "cli/commands.h"
#include "cli/help.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * The command as typed so far, "dsql local start", for the advice at the end of a usage error.
 * One process runs one command, so a global does no harm here; the library has none.
 */
static char path_so_far[128] = "dsql";

static const struct command *root; /* of the table; set by the first command_main() */

int command_usage(const struct command *command, const char *format, ...)
{
    va_list args;
    (void)command;
    va_start(args, format);
    fprintf(stderr, "dsql: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "; see '%s --help'\n", path_so_far);
    va_end(args);
    return EXIT_USAGE;
}

const struct command *command_find(const struct command *list, const char *name)
{
    for (const struct command *c = list; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

/*
 * The option at this place in both lists, its own first; NULL after the last.  The place is also
 * the index in command_line.values, so the order must not depend on the line.
 */
static const struct command_option *option_at(const struct command *command, int place)
{
    enum { LISTS = 2 };
    const struct command_option *const *const lists[LISTS] = {command->options,
                                                              command->shared_options};
    for (size_t i = 0; i < LISTS; i++) {
        for (size_t j = 0; lists[i] != NULL && lists[i][j] != NULL; j++) {
            if (place-- == 0) {
                return lists[i][j];
            }
        }
    }
    return NULL;
}

/* ---- Parsing ---- */

static int find_long(const struct command *command, struct text name)
{
    const struct command_option *option;
    for (int i = 0; (option = option_at(command, i)) != NULL; i++) {
        if (text_equal_string(name, option->name)) {
            return i;
        }
    }
    return -1;
}

/* Letters are case-sensitive: -U and -u are different, as in psql. */
static int find_letter(const struct command *command, char letter)
{
    const struct command_option *option;
    for (int i = 0; (option = option_at(command, i)) != NULL; i++) {
        if (option->letter != 0 && option->letter == letter) {
            return i;
        }
    }
    return -1;
}

/*
 * Reads --name, --name=value, -L or -Lvalue.  Returns the place of the option, or -1; value is
 * NULL if the value is not in this word.  Letters cannot be combined: the rest of the word is the
 * value, as in psql -hHOST.
 */
static int find_option(const struct command *command, const char *word, const char **value)
{
    *value = NULL;
    if (word[1] != '-') {
        *value = word[2] == '\0' ? NULL : word + 2;
        return find_letter(command, word[1]);
    }
    struct text name = text_of(word + 2);
    size_t equals = 0;
    if (text_find(name, '=', &equals)) {
        *value = word + 2 + equals + 1;
        name = text_slice(name, 0, equals);
    }
    return find_long(command, name);
}

/*
 * For messages: without the value, which may be a password.  An unknown word may be a misspelt
 * option with a token after the sign.
 */
static struct text name_of_option(const char *word)
{
    struct text name;
    struct text value;
    text_cut(text_of(word), '=', &name, &value);
    return word[1] == '-' ? name : text_slice(name, 0, 2);
}

/*
 * argv[*i] is an option; its value may be the next word, and then *i moves to that.  The next
 * word is taken as the value even if it begins with a dash, as in getopt.  The last of several
 * equal options wins.
 */
static int take_option(struct command_line *line, int argc, char **argv, int *i)
{
    const struct command *command = line->command;
    const char *value = NULL;
    int found = find_option(command, argv[*i], &value);
    if (found < 0) {
        struct text name = name_of_option(argv[*i]);
        return command_usage(command, "unknown option '%.*s'%s", (int)name.len, name.data,
                             command->takes_rest ? ": write -- before the program's own options"
                                                 : "");
    }
    const struct command_option *option = option_at(command, found);
    bool is_flag = option->argument == NULL;
    if (is_flag && value != NULL) {
        return command_usage(command, "--%s does not take a value", option->name);
    }
    if (!is_flag && value == NULL) {
        *i += 1;
        if (*i >= argc) {
            return command_usage(command, "--%s requires a value", option->name);
        }
        value = argv[*i];
    }
    line->values[found] = is_flag ? "" : value;
    return EXIT_DONE;
}

/*
 * Options and arguments may be mixed, as in GNU getopt.  "--" ends them only for commands that
 * run a program; what follows belongs to the program and is not looked at.  A single "-" is an
 * argument.  Arguments are counted only at the end, so that --help works with any number of them.
 */
static int run_line(const struct command *command, int argc, char **argv)
{
    struct command_line line = {.root = root, .command = command, .arguments = argv};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return help_print(command, path_so_far);
        }
        if (strcmp(argv[i], "--") == 0 && command->takes_rest) {
            line.rest = argv + i + 1;
            line.rest_count = argc - i - 1;
            break;
        }
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            line.arguments[line.argument_count++] = argv[i];
            continue;
        }
        int status = take_option(&line, argc, argv, &i);
        if (status != EXIT_DONE) {
            return status;
        }
    }
    if (line.argument_count > command->max_arguments) {
        /* Not named: an argument that does not belong here may be a password. */
        return command_usage(command, "too many arguments: %d given, at most %d allowed",
                             line.argument_count, command->max_arguments);
    }
    if (command->before != NULL) {
        command->before();
    }
    return command->run(&line);
}

/*
 * A command that has commands may run by itself too: with options, or with arguments that are not
 * the name of one.
 */
static bool runs_by_itself(const struct command *command, int argc, char **argv)
{
    if (command->run == NULL) {
        return false;
    }
    if (argc < 2 || (argv[1][0] != '-' && command_find(command->commands, argv[1]) == NULL)) {
        return command->max_arguments > 0;
    }
    return argv[1][0] == '-';
}

/* argc and argv shrink by a word at each level; argv[0] is the name at this level. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table of commands, which is three */
static int dispatch(const struct command *command, const char *path, int argc, char **argv)
{
    text_copy(text_of(path), path_so_far, sizeof path_so_far);
    if (command->commands == NULL) {
        return run_line(command, argc, argv);
    }
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        return help_print(command, path_so_far);
    }
    if (runs_by_itself(command, argc, argv)) {
        return run_line(command, argc, argv);
    }
    if (argc < 2) {
        return command_usage(command, "no command given");
    }
    const struct command *inner = command_find(command->commands, argv[1]);
    if (inner == NULL) {
        return command_usage(command, "unknown command '%s'", argv[1]);
    }
    char inner_path[sizeof path_so_far];
    snprintf(inner_path, sizeof inner_path, "%.80s %s", path_so_far, inner->name);
    return dispatch(inner, inner_path, argc - 1, argv + 1);
}

/* ---- Reading what was parsed ---- */

/*
 * An option that the command does not have is treated like one that was not given, so shared code
 * may ask for it.
 */
const char *command_value(const struct command_line *line, const char *name)
{
    int found = find_long(line->command, text_of(name));
    return found < 0 ? NULL : line->values[found];
}

bool command_has(const struct command_line *line, const char *name)
{
    return command_value(line, name) != NULL;
}

const char *command_argument(const struct command_line *line, int i)
{
    return i < line->argument_count ? line->arguments[i] : NULL;
}

/* Whole words only: "10s" or "1e3" are errors, not 10 or 1. */
bool command_number(const struct command_line *line, const char *name, int min, int max, int *out)
{
    const char *value = command_value(line, name);
    int64_t number = 0;
    if (value == NULL) {
        return true;
    }
    if (!text_to_int64(text_of(value), min, max, &number)) {
        command_usage(line->command, "--%s must be a whole number from %d to %d", name, min, max);
        return false;
    }
    *out = (int)number;
    return true;
}

bool command_wants_json(const struct command_line *line, bool *out)
{
    const char *value = command_value(line, "output");
    *out = value != NULL && strcmp(value, "json") == 0;
    if (value != NULL && !*out && strcmp(value, "text") != 0) {
        command_usage(line->command, "--output must be text or json");
        return false;
    }
    return true;
}

bool command_wants_output(const struct command_line *line, enum command_output *out)
{
    static const char *const names[] = {
        [OUTPUT_TEXT] = "text", [OUTPUT_JSON] = "json", [OUTPUT_URL] = "url"};
    const char *value = command_value(line, "output");
    *out = OUTPUT_TEXT;
    for (size_t i = 0; value != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            *out = (enum command_output)i;
            return true;
        }
    }
    if (value != NULL) {
        command_usage(line->command, "--output must be text, json or url");
        return false;
    }
    return true;
}

/*
 * Checked here for all commands: output that is lost, because the disk is full or standard output
 * is closed, would otherwise look like an empty answer.
 */
static int end_output(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return status;
    }
    cli_error("could not write to standard output: %s",
              errno == 0 ? "an earlier write failed" : strerror(errno));
    return status == EXIT_DONE ? EXIT_FAILED : status;
}

int command_main(const struct command *command, const char *path, int argc, char **argv)
{
    root = root == NULL ? command : root;
    return end_output(dispatch(command, path, argc, argv));
}
