/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Owner and mode are those of the file that is read: they are asked of the open descriptor. */
#include "proxy/private_file.h"

#include "base/error.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* As libpq and PostgreSQL check a private key; root's files come from a service manager. */
static dsql_status check_mode(int file, const char *what, const char *path, dsql_error *err)
{
    struct stat info;
    if (fstat(file, &info) != 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return fail(err, DSQL_ERR_USAGE, "the %s \"%s\" is not a regular file", what, path);
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
        return fail(err, DSQL_ERR_USAGE,
                    "the %s \"%s\" belongs to another user. It must belong to the user that runs "
                    "dsql, or to root",
                    what, path);
    }
    mode_t forbidden =
        info.st_uid == 0 && geteuid() != 0 ? S_IRWXO | S_IWGRP | S_IXGRP : S_IRWXO | S_IRWXG;
    if ((info.st_mode & forbidden) != 0) {
        return fail(err, DSQL_ERR_USAGE,
                    "the %s \"%s\" can be read by other users: its mode is %04o. Run 'chmod 600' "
                    "on it",
                    what, path, (unsigned)(info.st_mode & 07777));
    }
    return DSQL_OK;
}

dsql_status private_file_read(const char *what, const char *path, struct buf *content,
                              dsql_error *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not open \"%s\"", path);
    }
    dsql_status status = check_mode(file, what, path, err);
    if (status == DSQL_OK && !file_read_open(file, content)) {
        status = fail_errno(err, DSQL_ERR_SYSTEM, "could not read \"%s\"", path);
    }
    close(file);
    return status;
}

/* A file that is there already, whoever has made it, is as good. */
dsql_status private_file_create(const char *path, struct text content, dsql_error *err)
{
    if (file_create_private(path, content) || errno == EEXIST) {
        return DSQL_OK;
    }
    return fail_errno(err, DSQL_ERR_SYSTEM, "could not create \"%s\"", path);
}
