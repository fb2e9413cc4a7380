/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the AWS CLI keeps a login: the name of the file is a hash of the session, so that
 * libdsql and the CLI find the same file.
 *
 * This file knows the place and the format of such a file, but not the fields in it.
 */
#include "credentials/sources/login_file.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/environment.h"

#include <openssl/evp.h>

#include <errno.h>
#include <string.h>

enum { MAX_PATH_SIZE = 4096 };

/*
 * SHA-1 is only a name here, chosen by the CLI for IAM Identity Center; nothing depends on its
 * strength.
 */
static bool add_digest(struct buf *path, enum login_digest digest, const char *name)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    unsigned int len = 0;
    if (EVP_Digest(name, strlen(name), hash, &len, digest == LOGIN_SHA1 ? EVP_sha1() : EVP_sha256(),
                   NULL) != 1) {
        return false;
    }
    text_hex(hash, len, hex);
    buf_printf(path, "/%s.json", hex);
    return true;
}

/* environment_path() returns "" if there is neither the variable nor a home directory. */
dsql_status login_file_path(const char *variable, const char *below_home, enum login_digest digest,
                            const char *name, char **out, dsql_error *err)
{
    struct buf path AUTO_BUF;
    buf_init(&path, MAX_PATH_SIZE);
    AUTO_FREE char *directory = environment_path(variable, below_home);
    if (directory == NULL) {
        return fail_nomem(err);
    }
    if (directory[0] == '\0') {
        return fail(err, DSQL_ERR_CREDENTIALS, "could not look for a login: HOME is not set");
    }
    buf_add_string(&path, directory);
    *out = add_digest(&path, digest, name) ? buf_take(&path) : NULL;
    return *out == NULL ? fail_nomem(err) : DSQL_OK;
}

/* A missing file is a usual case (nobody has logged in), so it is told apart from a damaged one. */
struct json *login_file_read(const struct file_system *files, const char *path, bool *is_missing,
                             dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, JSON_MAX_SIZE);
    *is_missing = false;
    if (!file_system_read(files, path, &content)) {
        *is_missing = errno == ENOENT || errno == ENOTDIR;
        fail_read(err, DSQL_ERR_CREDENTIALS, "", path);
        return NULL;
    }
    struct json *json = json_parse(buf_text(&content));
    if (json == NULL) {
        fail(err, DSQL_ERR_CREDENTIALS, "%s is not JSON", path);
    }
    return json;
}

/* The file is replaced atomically, so another program never reads half of it. */
bool login_file_write(const struct file_system *files, const char *path, const struct json *json)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, JSON_MAX_SIZE);
    if (!json_write(json, &content)) {
        errno = ENOMEM;
        return false;
    }
    return file_system_replace(files, path, buf_text(&content));
}
