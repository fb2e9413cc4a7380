/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Running other programs, PostgreSQL's for the most part.  No shell: names may hold anything. */
#ifndef DSQL_LOCAL_PROGRAM_H
#define DSQL_LOCAL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/** For exec(), which takes strings it may change but does not.  Begins as all zeros. */
struct arguments {
    char *values[64];
    size_t count; /* the last is NULL; what is too many is left out */
};

void arguments_add(struct arguments *arguments, const char *value);

/** In a child: becomes the program.  An fd of -1 is /dev/null. */
_Noreturn void program_become(char *const argv[], int output_fd, int error_fd);

/** Runs it; the first line of what it prints.  False: it failed. */
bool program_first_line(char *const argv[], char *out, size_t size);

#endif
