/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and reads the extension's files.  They are opened by the user who starts the cluster and
 * written by the cluster's owner, since neither may be able to do both.  Nothing is
 * executed here, and no SQL is interpreted.
 */
#include "local/extension.h"

#include "base/error.h"
#include "local/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef DSQL_EXTENSION_FROM_PROGRAM /* the build gives it, for the places of installing */
#define DSQL_EXTENSION_FROM_PROGRAM "../lib/dsql"
#endif

/* In bytes; a module with debug information has a few MiB. */
enum { MODULE_MAX_SIZE = 32 << 20, MAJOR_MAX_SIZE = 16 };

#define MODULE_FILE  EXTENSION_NAME ".so"
#define MAJOR_FILE   EXTENSION_NAME ".major"
#define VERSION_FILE EXTENSION_NAME ".version"
#define SCHEMA_FILE  EXTENSION_NAME "_schema.sql"
#define CLUSTER_FILE EXTENSION_NAME "_cluster.sql"

/* ---- Finding it ---- */

/* False: the path does not fit. */
static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
    int len = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    return len > 0 && len < PATH_MAX;
}

/* The module stands for all files: the build and the installation write them together. */
static bool has_module(const char *folder)
{
    char path[PATH_MAX];
    return join(path, folder, MODULE_FILE) && file_exists(path);
}

/*
 * The directory of this program, also when it was started through a symbolic link or PATH.
 * /proc/self/exe and not argv[0], which the caller chooses.
 */
static bool own_folder(char out[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

/*
 * A build tree before an installation, so a developer runs what was just built.  PATH is not
 * searched: a module is code that the server loads.
 */
static dsql_status find_folder(const char *option, char out[PATH_MAX], dsql_error *err)
{
    char own[PATH_MAX];
    if (option != NULL) {
        /* An explicit directory is the only one that is looked at. */
        bool fits = text_copy(text_of(option), out, PATH_MAX);
        return fits && has_module(out)
                   ? DSQL_OK
                   : fail(err, DSQL_ERR_USAGE, "there is no " MODULE_FILE " in \"%s\"", option);
    }
    if (own_folder(own) && ((join(out, own, "extension") && has_module(out)) ||
                            (join(out, own, DSQL_EXTENSION_FROM_PROGRAM) && has_module(out)))) {
        return DSQL_OK;
    }
    return fail(err, DSQL_ERR_SYSTEM,
                "the PostgreSQL extension " EXTENSION_NAME
                " was not found next to the program (\"%s\"). "
                "Install the package dsql-local, or build it (Debian: apt-get install "
                "postgresql-server-dev-all), or name its directory with --extension-dir",
                own);
}

static dsql_status part_path(const struct extension *extension, const char *name,
                             char out[PATH_MAX], dsql_error *err)
{
    return join(out, extension->folder, name)
               ? DSQL_OK
               : fail(err, DSQL_ERR_SYSTEM, "the path of the extension is too long: \"%s\"",
                      extension->folder);
}

static dsql_status read_part(const struct extension *extension, const char *name, struct buf *out,
                             dsql_error *err)
{
    char path[PATH_MAX];
    dsql_status status = part_path(extension, name, path, err);
    return status == DSQL_OK ? file_read(path, out, err) : status;
}

/* The build writes this file; a module has no version that could be read without loading it. */
static dsql_status read_major(struct extension *extension, dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init(&content, MAJOR_MAX_SIZE);
    dsql_status status = read_part(extension, MAJOR_FILE, &content, err);
    int64_t major = 0;
    if (status == DSQL_OK && !text_to_int64(text_trim(buf_text(&content)), 1, 999, &major)) {
        status = fail(err, DSQL_ERR_SYSTEM,
                      "\"%s/" MAJOR_FILE "\" is damaged. Build or install the extension again",
                      extension->folder);
    }
    extension->major = (int)major;
    return status;
}

/* Digits, dots and letters: the version becomes part of a statement. */
static bool is_version(struct text version)
{
    for (size_t i = 0; i < version.len; i++) {
        if (!char_is_alnum(version.data[i]) && version.data[i] != '.') {
            return false;
        }
    }
    return version.len > 0;
}

static dsql_status read_version(struct extension *extension, dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init(&content, EXTENSION_VERSION_SIZE);
    dsql_status status = read_part(extension, VERSION_FILE, &content, err);
    struct text version = text_trim(buf_text(&content));
    if (status == DSQL_OK && (!is_version(version) ||
                              !text_copy(version, extension->version, sizeof extension->version))) {
        status = fail(err, DSQL_ERR_SYSTEM,
                      "\"%s/" VERSION_FILE "\" is damaged. Build or install the extension again",
                      extension->folder);
    }
    return status;
}

/* False, with 0 in errno: its size is none of a module. */
static bool map_module(struct extension *extension, int fd)
{
    struct stat status;
    errno = 0;
    if (fstat(fd, &status) != 0 || status.st_size <= 0 || status.st_size > MODULE_MAX_SIZE) {
        return false;
    }
    void *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
        return false;
    }
    extension->module = at;
    extension->module_size = (size_t)status.st_size;
    return true;
}

/*
 * A module has megabytes, so it is mapped and not copied into memory.  Only write() may read it:
 * that fails if the file has become shorter, where this process would get SIGBUS.
 */
static dsql_status open_module(struct extension *extension, dsql_error *err)
{
    char path[PATH_MAX];
    dsql_status status = part_path(extension, MODULE_FILE, path, err);
    if (status != DSQL_OK) {
        return status;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", path);
    }
    bool ok = map_module(extension, fd);
    int why = errno;
    close(fd);
    errno = why;
    if (!ok && why != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", path);
    }
    return ok ? DSQL_OK
              : fail(err, DSQL_ERR_SYSTEM,
                     "\"%s\" is damaged. Build or install the extension again", path);
}

dsql_status extension_read(struct extension *extension, const char *option, dsql_error *err)
{
    *extension = (struct extension){0};
    buf_init(&extension->schema_sql, FILE_MAX_SIZE);
    buf_init(&extension->cluster_sql, FILE_MAX_SIZE);
    dsql_status status = find_folder(option, extension->folder, err);
    if (status == DSQL_OK) {
        status = read_major(extension, err);
    }
    if (status == DSQL_OK) {
        status = read_version(extension, err);
    }
    if (status == DSQL_OK) {
        status = open_module(extension, err);
    }
    if (status == DSQL_OK) {
        status = read_part(extension, SCHEMA_FILE, &extension->schema_sql, err);
    }
    return status == DSQL_OK ? read_part(extension, CLUSTER_FILE, &extension->cluster_sql, err)
                             : status;
}

void extension_clear(struct extension *extension)
{
    if (extension->module != NULL) {
        munmap(extension->module, extension->module_size);
        extension->module = NULL;
    }
    buf_clear(&extension->schema_sql);
    buf_clear(&extension->cluster_sql);
}

/* PostgreSQL would reject the module itself (PG_MODULE_MAGIC), but only in its log. */
dsql_status extension_check_major(const struct extension *extension, int major, const char *bindir,
                                  dsql_error *err)
{
    if (extension->major == major) {
        return DSQL_OK;
    }
    return fail(err, DSQL_ERR_SYSTEM,
                "the extension in \"%s\" is for PostgreSQL %d, but the server in \"%s\" is "
                "PostgreSQL %d. Choose another server with --pg-bindir, or build the extension "
                "with -DDSQL_PG_CONFIG=%s/pg_config",
                extension->folder, extension->major, bindir, major, bindir);
}

/* ---- Into a cluster ---- */

/*
 * By replacing the file: a running server keeps the old one mapped, while writing into it would
 * crash the server.
 */
dsql_status extension_write(const struct extension *extension, const struct cluster *cluster,
                            dsql_error *err)
{
    char path[PATH_MAX];
    return join(path, cluster->lib, MODULE_FILE)
               ? file_replace(path, 0700, text_of_bytes(extension->module, extension->module_size),
                              err)
               : fail(err, DSQL_ERR_SYSTEM, "the path of the cluster is too long: \"%s\"",
                      cluster->lib);
}
