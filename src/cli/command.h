/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands as a table: name, summary, options, what to run.  Parsing, --help and
 * usage errors come from the table and look the same everywhere.
 */
#ifndef DSQL_CLI_COMMAND_H
#define DSQL_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Exit statuses, in every man page under EXIT STATUS. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONNECT = 3, EXIT_CONFLICT = 4 };

enum { COMMAND_MAX_OPTIONS = 16 }; /* own and shared */

struct command_option {
    const char *name;     /* without the dashes; NULL ends the list */
    char letter;          /* 0: none */
    const char *argument; /* what --help calls its value; NULL: a flag */
    const char *help;
};

struct command;

/** What the command line said. */
struct command_line {
    const struct command *command;
    const char *values[COMMAND_MAX_OPTIONS]; /* by its place in the lists; NULL: not given */
    char **arguments;
    int argument_count;
    char **rest; /* behind "--" */
    int rest_count;
};

struct command {
    const char *name;      /* NULL ends the list */
    const char *arguments; /* "[HOST]", for --help; NULL: none */
    const char *summary;
    const char *description;                     /* may be NULL */
    const struct command_option *options;        /* may be NULL, as those that it shares: */
    const struct command_option *shared_options; /* with others, listed behind its own */
    int max_arguments;
    bool takes_rest;
    int (*run)(const struct command_line *line);
    const struct command *commands; /* of its own, instead of run */
};

/** argv[0] is the command's own name; path is what the user typed up to it. */
int command_main(const struct command *command, const char *path, int argc, char **argv);

/** The value of an option, "" for a flag that is set, NULL when not given. */
const char *command_value(const struct command_line *line, const char *name);
bool command_has(const struct command_line *line, const char *name);
/** Argument number i or NULL. */
const char *command_argument(const struct command_line *line, int i);

/** A whole number in [min, max] into *out; says what is wrong and returns false. */
bool command_number(const struct command_line *line, const char *name, int min, int max, int *out);

/** --output json or nothing; says what is wrong and returns false. */
bool command_wants_json(const struct command_line *line, bool *out);

/** One line on stderr and a pointer to --help; returns EXIT_USAGE. */
int command_usage(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Is there such a command?  For tests and completions. */
const struct command *command_find(const struct command *list, const char *name);

extern const struct command command_root;

#endif
