/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is: name, summary, options, what to run.  Parsing (command.h), --help
 * (help.h) and usage errors come from this table.
 */
#ifndef DSQL_CLI_COMMAND_TABLE_H
#define DSQL_CLI_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct command_line;

/**
 * A constant of options.c; its address is its identity.  The help is imperative and names the
 * default and the unit.
 */
struct command_option {
    const char *name;     /* without the dashes */
    char letter;          /* 0: none */
    const char *argument; /* what --help calls its value; NULL: a flag */
    const char *choices;  /* the allowed values, separated by spaces; NULL: others too */
    const char *help;     /* --help breaks it into lines */
};

/** One row.  Either it has commands, or it has run; the root has both, because of --version. */
struct command {
    const char *name;      /* NULL ends the list */
    const char *arguments; /* "[HOST]", for --help; NULL: none */
    const char *summary;
    const char *description; /* may be NULL; --help breaks it into lines */
    /* Lists of options that end with NULL.  Either may be NULL.  Those that a command
       shares with others are listed after its own. */
    const struct command_option *const *options;
    const struct command_option *const *shared_options;
    int max_arguments;
    bool takes_rest;
    void (*before)(void); /* called before run, when the line is valid; NULL: nothing */
    int (*run)(const struct command_line *line);
    const struct command *commands; /* subcommands, instead of run */
};

#endif
