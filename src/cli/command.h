/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands as a table: name, summary, options, what to run.  Parsing, --help and usage
 * errors come from the table, so they look the same for every command.
 */
#ifndef DSQL_CLI_COMMAND_H
#define DSQL_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Exit statuses; every man page lists them under EXIT STATUS. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONNECT = 3, EXIT_CONFLICT = 4 };

enum { COMMAND_MAX_OPTIONS = 16 }; /* own and shared */

struct command_option {
    const char *name;     /* without the dashes */
    char letter;          /* 0: none */
    const char *argument; /* what --help calls its value; NULL: a flag */
    const char *help;     /* may have several lines */
};

struct command;

/** The command line, parsed. */
struct command_line {
    const struct command *command;
    const char
        *values[COMMAND_MAX_OPTIONS]; /* by the place in the lists of options; NULL: not given */
    char **arguments;
    int argument_count;
    char **rest; /* after "--" */
    int rest_count;
};

struct command {
    const char *name;      /* NULL ends the list */
    const char *arguments; /* "[HOST]", for --help; NULL: none */
    const char *summary;
    const char *description; /* may be NULL */
    /* Lists of options that end with NULL.  Either may be NULL.  Those that a command
       shares with others are listed after its own. */
    const struct command_option *const *options;
    const struct command_option *const *shared_options;
    int max_arguments;
    bool takes_rest;
    int (*run)(const struct command_line *line);
    const struct command *commands; /* subcommands, instead of run */
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

/** Prints one line and a pointer to --help on stderr; returns EXIT_USAGE. */
int command_usage(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The command of that name in a list, or NULL. */
const struct command *command_find(const struct command *list, const char *name);

extern const struct command command_root;

#endif
