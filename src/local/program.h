/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Running other programs, mostly PostgreSQL's.  No shell is involved, so paths and names may
 * contain any character.
 */
#ifndef DSQL_LOCAL_PROGRAM_H
#define DSQL_LOCAL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/** Arguments for exec(); begins as all zeros. */
struct arguments {
    char *values[64];
    size_t count; /* without the NULL at the end; more than fit are left out */
};

void arguments_add(struct arguments *arguments, const char *value);

/** Replaces the process, a child, with the program.  A descriptor of -1 is /dev/null. */
_Noreturn void program_become(char *const argv[], int output_fd, int error_fd);

/** Runs the program and returns the first line that it prints.  False: it failed. */
bool program_first_line(char *const argv[], char *out, size_t size);

#endif
