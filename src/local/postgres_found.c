/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The note is the major version, the directory, and the identity of each program that the search
 * has run.  It is true if the same would be written again.
 */
#include "local/postgres_found.h"

#include "base/buf.h"
#include "local/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NOTE_MAX_SIZE = 16 << 10, NOTE_MODE = 0600 };

/* Relative directories are left out: the daemon's is not the caller's. */
static bool find_in_path(struct text path, const char *program, char out[PATH_MAX])
{
    struct text directory;
    while (!text_is_empty(path)) {
        (void)text_cut(path, ':', &directory, &path);
        int len = snprintf(out, PATH_MAX, "%.*s/%s", (int)directory.len, directory.data, program);
        if (text_starts_with(directory, "/") && len < PATH_MAX && access(out, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* Without links, one of which may lead to another program by now. */
static bool add_pg_config(struct buf *out)
{
    char first[PATH_MAX];
    char real[PATH_MAX];
    const char *path = getenv("PATH");
    if (path == NULL || !find_in_path(text_of(path), "pg_config", first)) {
        buf_add_string(out, "no pg_config\n");
        return true;
    }
    return realpath(first, real) != NULL && file_add_identity(out, real);
}

static bool write_note(struct buf *out, int major, const char *bindir)
{
    buf_printf(out, "%d\n%s\n", major, bindir);
    return add_pg_config(out) && postgres_add_identity(out, bindir) && buf_ok(out);
}

bool postgres_found_read(const char *path, int major, char bindir[POSTGRES_BINDIR_SIZE])
{
    struct buf note AUTO_BUF;
    struct buf now AUTO_BUF;
    buf_init(&note, NOTE_MAX_SIZE);
    buf_init(&now, NOTE_MAX_SIZE);
    if (file_read(path, &note, NULL) != DSQL_OK) {
        return false;
    }
    struct text rest = buf_text(&note);
    struct text line;
    return text_next_line(&rest, &line) && text_next_line(&rest, &line) &&
           text_copy(line, bindir, POSTGRES_BINDIR_SIZE) && write_note(&now, major, bindir) &&
           text_equal(buf_text(&now), buf_text(&note));
}

void postgres_found_write(const char *path, int major, const char *bindir)
{
    struct buf note AUTO_BUF;
    buf_init(&note, NOTE_MAX_SIZE);
    if (write_note(&note, major, bindir)) {
        (void)file_replace(path, NOTE_MODE, buf_text(&note), NULL);
    }
}
