/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the programs themselves for their version, and believes no directory's name.  The search
 * is short on purpose: an explicit --pg-bindir, the pg_config in PATH, and Debian's directories.
 */
#include "local/postgres_install.h"

#include "base/error.h"
#include "base/text.h"
#include "local/file.h"
#include "local/program.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int postgres_parse_version(const char *text)
{
    struct text rest = text_of(text);
    while (!text_is_empty(rest) && !char_is_digit(rest.data[0])) {
        rest = text_slice(rest, 1, rest.len);
    }
    size_t digits = 0;
    while (digits < rest.len && char_is_digit(rest.data[digits])) {
        digits++;
    }
    int64_t version = 0;
    return text_to_int64(text_slice(rest, 0, digits), 1, 999, &version) ? (int)version : 0;
}

/*
 * 0: the directory holds no PostgreSQL server.  initdb must be there too: packages of clients
 * have psql but no server.
 */
static int version_in(const char *bindir)
{
    char program[PATH_MAX];
    char line[128];
    snprintf(program, sizeof program, "%s/initdb", bindir);
    if (access(program, X_OK) != 0) {
        return 0;
    }
    snprintf(program, sizeof program, "%s/postgres", bindir);
    char *argv[] = {program, (char[]){"--version"}, NULL};
    return program_first_line(argv, line, sizeof line) ? postgres_parse_version(line) : 0;
}

/* The wanted version wins over every other one, and otherwise the newest. */
static void take_if_better(const char *candidate, int wanted, char *bindir, int *best)
{
    int version = version_in(candidate);
    bool is_better = *best != wanted && (version > *best || version == wanted);
    if (version >= POSTGRES_OLDEST && is_better) {
        *best = version;
        text_copy(text_of(candidate), bindir, POSTGRES_BINDIR_SIZE);
    }
}

static bool add_program(struct buf *out, const char *bindir, const char *name)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", bindir, name);
    return len > 0 && (size_t)len < sizeof path && file_add_identity(out, path);
}

bool postgres_add_identity(struct buf *out, const char *bindir)
{
    return add_program(out, bindir, "postgres") && add_program(out, bindir, "initdb");
}

static void look_around(int wanted, char bindir[POSTGRES_BINDIR_SIZE], int *best)
{
    /* pg_config in PATH is how a server that the user has built is found. */
    char line[POSTGRES_BINDIR_SIZE];
    char *argv[] = {(char[]){"pg_config"}, (char[]){"--bindir"}, NULL};
    if (program_first_line(argv, line, sizeof line)) {
        take_if_better(line, wanted, bindir, best);
    }
    glob_t found = {0};
    if (*best != wanted && glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            take_if_better(found.gl_pathv[i], wanted, bindir, best);
        }
    }
    globfree(&found);
}

/*
 * With --pg-bindir nothing else is looked at, so a mistake in it is not hidden by another
 * installation.  Whether the version fits is decided by the caller.
 */
dsql_status postgres_find(const char *option, int wanted, char bindir[POSTGRES_BINDIR_SIZE],
                          int *version, dsql_error *err)
{
    int best = 0;
    bindir[0] = '\0';
    if (option != NULL) {
        take_if_better(option, wanted, bindir, &best);
        *version = best;
        return best > 0 ? DSQL_OK
                        : fail(err, DSQL_ERR_USAGE,
                               "no PostgreSQL server of version %d or later in \"%s\"",
                               POSTGRES_OLDEST, option);
    }
    look_around(wanted, bindir, &best);
    *version = best;
    return best > 0 ? DSQL_OK
                    : fail(err, DSQL_ERR_SYSTEM,
                           "no PostgreSQL server of version %d or later was found. Install one "
                           "(Debian: apt-get install postgresql), or name the directory of its "
                           "programs with --pg-bindir",
                           POSTGRES_OLDEST);
}
