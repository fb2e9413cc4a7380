/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Each row of the table is a file, how it is checked, and what the user can do.  The order is that
 * of the directories: what is in a directory is checked after the directory itself.
 */
#include "local/cluster_check.h"

#include "base/error.h"
#include "base/text.h"
#include "local/data_directory.h"
#include "local/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { CONTROL_FILE_SIZE = 8192 /* the same in all versions of PostgreSQL */ };

/* The path of one row, and what was asked for. */
struct check {
    const struct cluster *cluster;
    int major;
    int64_t free_bytes;
    char path[CLUSTER_PATH_SIZE + 64];
    const char *remedy;
};

/* ---- Errors ---- */

static dsql_status damaged(const struct check *check, const char *what, dsql_error *err)
{
    return fail(err, DSQL_ERR_SYSTEM, "\"%s\" %s. %s", check->path, what, check->remedy);
}

static dsql_status not_accessible(const struct check *check, const char *what, dsql_error *err)
{
    int os_errno = errno;
    char words[160];
    snprintf(words, sizeof words, "%s (%s)", what, strerror(os_errno));
    damaged(check, words, err);
    if (err != NULL) {
        err->os_errno = os_errno;
    }
    return DSQL_ERR_SYSTEM;
}

/* ---- Checks ---- */

/* What belongs to another user cannot be repaired by this one; PostgreSQL would refuse it, too. */
static dsql_status check_user(const struct check *check, const struct stat *info, dsql_error *err)
{
    char words[160];
    if (info->st_uid == geteuid()) {
        return DSQL_OK;
    }
    snprintf(words, sizeof words,
             "belongs to user id %u, and the cluster to user %s. Change it with chown",
             (unsigned)info->st_uid, check->cluster->owner.name);
    return damaged(check, words, err);
}

/* A directory that exists gets its mode again, so a change by hand does not last. */
static dsql_status check_directory(const struct check *check, dsql_error *err)
{
    struct stat info;
    if (stat(check->path, &info) != 0) {
        return errno == ENOENT ? DSQL_OK : not_accessible(check, "cannot be entered", err);
    }
    if (!S_ISDIR(info.st_mode)) {
        return damaged(check, "is not a directory", err);
    }
    dsql_status status = check_user(check, &info, err);
    mode_t mode = info.st_mode & 0777;
    /* PostgreSQL accepts these two for its data. */
    bool is_private = mode == 0700 || mode == 0750;
    if (status == DSQL_OK && !is_private && chmod(check->path, 0700) != 0) {
        status = not_accessible(check, "cannot be entered", err);
    }
    return status;
}

static dsql_status check_top(const struct check *check, dsql_error *err)
{
    return access(check->path, W_OK | X_OK) == 0 ? DSQL_OK
                                                 : not_accessible(check, "cannot be written", err);
}

static dsql_status check_space(const struct check *check, dsql_error *err)
{
    struct statvfs info;
    char words[160];
    if (statvfs(check->path, &info) != 0) {
        return DSQL_OK;
    }
    int64_t bytes = (int64_t)info.f_bavail * (int64_t)info.f_frsize;
    if (bytes >= check->free_bytes) {
        return DSQL_OK;
    }
    snprintf(words, sizeof words,
             "is on a file system with %lld MiB of free space, and %lld MiB are needed (no space "
             "left on device)",
             (long long)(bytes >> 20), (long long)(check->free_bytes >> 20));
    return damaged(check, words, err);
}

/* Only whether its owner may read it: what is in it is for the module that reads it. */
static dsql_status check_readable(const struct check *check, dsql_error *err)
{
    struct stat info;
    if (stat(check->path, &info) != 0) {
        return errno == ENOENT ? DSQL_OK : not_accessible(check, "cannot be read", err);
    }
    if (!S_ISREG(info.st_mode)) {
        return damaged(check, "is not a file", err);
    }
    return access(check->path, R_OK) == 0 ? DSQL_OK : not_accessible(check, "cannot be read", err);
}

/* The link itself is looked at: a log is not opened through one. */
static dsql_status check_writable(const struct check *check, dsql_error *err)
{
    struct stat info;
    if (lstat(check->path, &info) != 0) {
        return errno == ENOENT ? DSQL_OK : not_accessible(check, "cannot be written", err);
    }
    if (!S_ISREG(info.st_mode)) {
        return damaged(check, "is not a file", err);
    }
    return access(check->path, W_OK) == 0 ? DSQL_OK
                                          : not_accessible(check, "cannot be written", err);
}

/* It is replaced as a whole, so its mode does not matter. */
static dsql_status check_replaceable(const struct check *check, dsql_error *err)
{
    struct stat info;
    return lstat(check->path, &info) != 0 || !S_ISDIR(info.st_mode)
               ? DSQL_OK
               : damaged(check, "is not a file", err);
}

/* A new and empty database in place of one that was lost would be the worst answer. */
static dsql_status check_data(const struct check *check, dsql_error *err)
{
    if (!file_exists(check->path) && cluster_has_been_complete(check->cluster)) {
        return damaged(check, "is missing: the cluster's data is gone", err);
    }
    return check_directory(check, err);
}

/* What a complete data directory always has. */
static dsql_status check_part_of_data(const struct check *check, dsql_error *err)
{
    struct stat info;
    if (!data_directory_exists(check->cluster)) {
        return DSQL_OK;
    }
    if (stat(check->path, &info) != 0) {
        return errno == ENOENT ? damaged(check, "is missing", err)
                               : not_accessible(check, "cannot be read", err);
    }
    if (info.st_size == 0) {
        return damaged(check, "is empty", err);
    }
    return check_readable(check, err);
}

/* Files that PostgreSQL would miss only when it needs them are not looked for. */
static dsql_status check_folder_of_data(const struct check *check, dsql_error *err)
{
    struct stat info;
    if (!data_directory_exists(check->cluster)) {
        return DSQL_OK;
    }
    if (stat(check->path, &info) != 0 && errno == ENOENT) {
        return damaged(check, "is missing", err);
    }
    return check_directory(check, err);
}

static dsql_status check_control_file(const struct check *check, dsql_error *err)
{
    struct stat info;
    dsql_status status = check_part_of_data(check, err);
    if (status == DSQL_OK && stat(check->path, &info) == 0 && info.st_size != CONTROL_FILE_SIZE) {
        status = damaged(check, "is damaged: it has the wrong size", err);
    }
    return status;
}

static dsql_status check_version(const struct check *check, dsql_error *err)
{
    dsql_status status = check_part_of_data(check, err);
    return status == DSQL_OK && data_directory_exists(check->cluster)
               ? data_directory_check_version(check->cluster, check->major, err)
               : status;
}

/* ---- The table ---- */

#define OWN_MODE "Make it readable for the cluster's user"
#define RESTORE_DATA                                                                               \
    "Restore the directory \"data\" from a backup, or delete the cluster with 'dsql local "        \
    "destroy' and start a new one"
#define RESTORE_SETTINGS                                                                           \
    "Restore it from a backup, or copy it from a new cluster ('dsql local init --dir ...')"

static const struct row {
    const char *name; /* below the cluster's directory */
    dsql_status (*check)(const struct check *check, dsql_error *err);
    const char *remedy;
} rows[] = {
    {".", check_top,
     "Make it writable for the cluster's user, or choose another directory with "
     "--dir"},
    {".", check_space, "Free some space, or choose another directory with --dir"},
    {"cluster.json", check_readable, OWN_MODE " (chmod 0644)"},
    {"state.json", check_replaceable, "Delete it: only the port of the last start is lost"},
    {"postgres.log", check_writable, "Delete it, or make it writable for the cluster's user"},
    {"ca.pem", check_readable,
     OWN_MODE " (chmod 0644), or delete it: a start creates a new certificate authority"},
    {"secret", check_directory, "Restore it from a backup, or delete it: a start creates new keys"},
    {"secret/ca.key", check_readable,
     OWN_MODE " (chmod 0600), or delete it: a start creates a new certificate authority"},
    {"secret/server.key", check_readable, "Delete it: a start creates it again"},
    {"secret/server.pem", check_readable, "Delete it: a start creates it again"},
    {"secret/identities.json", check_readable,
     OWN_MODE " (chmod 0600), or delete it: a start creates a new access key"},
    {"run", check_directory, "Delete it: a start creates it again"},
    {"lib", check_directory, "Delete it: a start creates it again"},
    {"data", check_data, RESTORE_DATA},
    {"data/PG_VERSION", check_version, RESTORE_DATA},
    {"data/global", check_folder_of_data, RESTORE_DATA},
    {"data/base", check_folder_of_data, RESTORE_DATA},
    {"data/pg_wal", check_folder_of_data, RESTORE_DATA},
    {"data/pg_xact", check_folder_of_data, RESTORE_DATA},
    {"data/pg_multixact", check_folder_of_data, RESTORE_DATA},
    {"data/global/pg_control", check_control_file, RESTORE_DATA},
    {"data/postgresql.conf", check_part_of_data, RESTORE_SETTINGS},
    {"data/pg_hba.conf", check_part_of_data, RESTORE_SETTINGS},
    {"data/pg_ident.conf", check_part_of_data, RESTORE_SETTINGS},
};

dsql_status cluster_check(const struct cluster *cluster, int major, int64_t free_bytes,
                          dsql_error *err)
{
    struct check check = {.cluster = cluster, .major = major, .free_bytes = free_bytes};
    dsql_status status = DSQL_OK;
    for (size_t i = 0; status == DSQL_OK && i < sizeof rows / sizeof *rows; i++) {
        check.remedy = rows[i].remedy;
        if (strcmp(rows[i].name, ".") == 0) {
            text_copy(text_of(cluster->dir), check.path, sizeof check.path);
        } else {
            snprintf(check.path, sizeof check.path, "%s/%s", cluster->dir, rows[i].name);
        }
        status = rows[i].check(&check, err);
    }
    return status;
}
