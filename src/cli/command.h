/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a command line by the table of commands and runs the command.  Mistakes are
 * reported here, so that they look the same for every command.
 */
#ifndef DSQL_CLI_COMMAND_H
#define DSQL_CLI_COMMAND_H

#include "cli/command_table.h"

#include <stdbool.h>
#include <stdio.h>

/** Exit statuses; every man page lists them under EXIT STATUS. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONNECT = 3, EXIT_CONFLICT = 4 };

enum { COMMAND_MAX_OPTIONS = 24 }; /* own and shared */

/**
 * The command line, parsed.  Everything points into argv, so it is valid while the process runs,
 * and nothing of it is freed.
 */
struct command_line {
    const struct command *root; /* of the table of commands, for the one that prints all of it */
    const struct command *command;
    const char
        *values[COMMAND_MAX_OPTIONS]; /* by the place in the lists of options; NULL: not given */
    char **arguments;
    int argument_count;
    char **rest; /* after "--" */
    int rest_count;
};

/** Runs a command.  argv[0] is its name; path is what the user typed up to and including it. */
int command_main(const struct command *command, const char *path, int argc, char **argv);

/** The value of an option; "" for a flag that is set; NULL if it was not given. */
const char *command_value(const struct command_line *line, const char *name);
bool command_has(const struct command_line *line, const char *name);
/** Argument number i, from 0; NULL if there are not so many. */
const char *command_argument(const struct command_line *line, int i);

/** Reads a whole number in [min, max] into *out, which keeps its value if the option was
    not given.  If it is not valid, prints an error and returns false. */
bool command_number(const struct command_line *line, const char *name, int min, int max, int *out);

/** Whether --output is json.  If it is neither json nor text, prints an error and returns
    false. */
bool command_wants_json(const struct command_line *line, bool *out);

/** What --output asks for. */
enum command_output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_URL };

/** The same for a command that can also print a URL. */
bool command_wants_output(const struct command_line *line, enum command_output *out);

/** Prints one line and a pointer to --help on stderr; returns EXIT_USAGE. */
int command_usage(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The command of that name in a list, or NULL. */
const struct command *command_find(const struct command *list, const char *name);

extern const struct command command_root;

#endif
