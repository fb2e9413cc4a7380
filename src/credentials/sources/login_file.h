/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The files in which "aws sso login" and "aws login" leave what they got: JSON, named
 * after a digest of the session.  Others read and renew them too, so each use reads
 * anew, and what is written back keeps whatever it does not know.
 */
#ifndef DSQL_CREDENTIALS_LOGIN_FILE_H
#define DSQL_CREDENTIALS_LOGIN_FILE_H

#include "base/json.h"
#include "credentials/source.h"

enum login_digest { LOGIN_SHA1, LOGIN_SHA256 };

/**
 * DIRECTORY/<hex digest of name>.json.  The directory is that of a variable (NULL: none),
 * or is below the home directory.  Free *out with mem_free().
 */
dsql_status login_file_path(const char *variable, const char *below_home, enum login_digest digest,
                            const char *name, char **out, dsql_error *err);

/**
 * The object in the file; the caller frees it.  NULL: see err; *is_missing is then true if there
 * is no such file.
 */
struct json *login_file_read(const struct file_system *files, const char *path, bool *is_missing,
                             dsql_error *err) __attribute__((warn_unused_result));

/** Replaces the file.  False: it is unchanged, and errno has the reason (also ENOMEM). */
bool login_file_write(const struct file_system *files, const char *path, const struct json *json)
    __attribute__((warn_unused_result));

#endif
