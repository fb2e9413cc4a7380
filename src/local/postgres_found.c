/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that has been replaced has a later ctime than the note, whatever its mtime is: packages
 * keep the mtime of their build.
 */
#include "local/postgres_found.h"

#include "base/buf.h"
#include "local/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOTE_MAX_SIZE = 8192, NOTE_MODE = 0600 };

bool postgres_found_parse(struct text content, struct postgres_found *out)
{
    struct text major;
    struct text bindir;
    struct text pg_config;
    int64_t number = 0;
    if (!text_next_line(&content, &major) || !text_next_line(&content, &bindir) ||
        !text_next_line(&content, &pg_config) || !text_is_empty(content) ||
        !text_to_int64(major, POSTGRES_OLDEST, 999, &number)) {
        return false;
    }
    out->major = (int)number;
    return text_starts_with(bindir, "/") && text_copy(bindir, out->bindir, sizeof out->bindir) &&
           text_copy(pg_config, out->pg_config, sizeof out->pg_config);
}

void postgres_found_in_path(const char *path, const char *program, char out[PATH_MAX])
{
    struct text rest = text_of(path);
    struct text directory;
    bool is_more = true;
    while (is_more) {
        is_more = text_cut(rest, ':', &directory, &rest);
        int len = snprintf(out, PATH_MAX, "%.*s/%s", (int)directory.len, directory.data, program);
        if (len > 0 && len < PATH_MAX && access(out, X_OK) == 0) {
            return;
        }
    }
    out[0] = '\0';
}

/* Without links, one of which may lead to another program now. */
static void find_pg_config(char out[PATH_MAX])
{
    char first[PATH_MAX];
    const char *path = getenv("PATH");
    postgres_found_in_path(path == NULL ? "" : path, "pg_config", first);
    if (first[0] == '\0' || realpath(first, out) == NULL) {
        out[0] = '\0';
    }
}

static bool is_as_noted(const char *path, const struct stat *note)
{
    struct stat status;
    return access(path, X_OK) == 0 && stat(path, &status) == 0 &&
           (status.st_ctim.tv_sec < note->st_mtim.tv_sec ||
            (status.st_ctim.tv_sec == note->st_mtim.tv_sec &&
             status.st_ctim.tv_nsec < note->st_mtim.tv_nsec));
}

static bool is_program_as_noted(const char *bindir, const char *name, const struct stat *note)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", bindir, name);
    return len > 0 && (size_t)len < sizeof path && is_as_noted(path, note);
}

static bool is_still_true(const struct postgres_found *found, int major, const struct stat *note)
{
    char pg_config[PATH_MAX];
    find_pg_config(pg_config);
    return found->major == major && strcmp(found->pg_config, pg_config) == 0 &&
           (pg_config[0] == '\0' || is_as_noted(pg_config, note)) &&
           is_program_as_noted(found->bindir, "initdb", note) &&
           is_program_as_noted(found->bindir, "postgres", note);
}

bool postgres_found_read(const char *path, int major, char bindir[POSTGRES_BINDIR_SIZE])
{
    struct postgres_found found;
    struct stat note;
    struct buf content AUTO_BUF;
    buf_init(&content, NOTE_MAX_SIZE);
    return lstat(path, &note) == 0 && S_ISREG(note.st_mode) &&
           file_read(path, &content, NULL) == DSQL_OK &&
           postgres_found_parse(buf_text(&content), &found) &&
           is_still_true(&found, major, &note) &&
           text_copy(text_of(found.bindir), bindir, POSTGRES_BINDIR_SIZE);
}

void postgres_found_write(const char *path, int major, const char *bindir)
{
    char pg_config[PATH_MAX];
    struct buf content AUTO_BUF;
    find_pg_config(pg_config);
    buf_init(&content, NOTE_MAX_SIZE);
    buf_printf(&content, "%d\n%s\n%s\n", major, bindir, pg_config);
    /* A name with a line feed in it cannot be noted. */
    struct postgres_found check;
    if (buf_ok(&content) && postgres_found_parse(buf_text(&content), &check)) {
        (void)file_replace(path, NOTE_MODE, buf_text(&content), NULL);
    }
}
