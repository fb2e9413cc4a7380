/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Searches the memory of a process for the lines of standard input.  Exit status 0: nothing was
 * found; 1: something was; 77: the memory may not be read.  usage: memory_search PID
 */
#include "process_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_ALLOWED = 77 };

int main(int argc, char **argv)
{
    char line[8192];
    size_t found = 0;
    pid_t pid = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    if (pid <= 0) {
        return EXIT_FAILURE;
    }
    if (!process_memory_is_readable(pid)) {
        return NOT_ALLOWED;
    }
    for (int number = 1; fgets(line, sizeof line, stdin) != NULL; number++) {
        char name[32];
        snprintf(name, sizeof name, "line %d", number);
        found += process_memory_find(pid, name, line, strcspn(line, "\n"));
    }
    return found == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
