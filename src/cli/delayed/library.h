/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Delay loading: the command is not linked with libpq, libcurl and libssl, because loading them and
 * the thirty libraries that they need takes longer than making a token.  It is linked with
 * functions of the same names, which load the library when the first of them is called, and pass
 * the call on.  The rest of the source does not know.  libdsql is linked with its libraries as
 * usual.
 */
#ifndef DSQL_CLI_DELAYED_LIBRARY_H
#define DSQL_CLI_DELAYED_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

enum { DELAYED_REASON_SIZE = 256 };

/** A function, and where its address belongs in the library's table. */
struct delayed_function {
    const char *name;
    size_t offset;
};

/**
 * Loads the library and stays loaded until the process ends: libraries have threads and handlers
 * at exit.  The table gets the address of every function, or none if one is missing.  The name is
 * a bare soname, so it is searched for where the dynamic linker would have found it.
 * On failure, reason has the linker's text.
 */
bool delayed_load(const char *soname, const struct delayed_function *functions, size_t count,
                  void *table, char reason[static DELAYED_REASON_SIZE]);

/**
 * For functions that cannot report that their library is missing: prints the message with its code
 * and ends the process with status 1.
 */
void delayed_end(const char *name, const char *reason, const char *remedy)
    __attribute__((noreturn));

/*
 * Says in the file of the program which library it loads itself, because ldd and the scanners of
 * packages do not see it.  The format is that of the UAPI group, "ELF dlopen() metadata": a note
 * of the owner "FDO" with JSON.
 */
#define DELAYED_NOTE(json)                                                                         \
    static const struct {                                                                          \
        unsigned owner_size;                                                                       \
        unsigned json_size;                                                                        \
        unsigned type;                                                                             \
        char owner[sizeof "FDO"];                                                                  \
        char text[sizeof(json)];                                                                   \
    } delayed_note __attribute__((used, aligned(4), section(".note.dlopen"))) = {                  \
        sizeof "FDO", sizeof(json), 0x407c0c0aU, "FDO", json}

#endif
