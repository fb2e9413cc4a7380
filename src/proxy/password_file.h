/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The users of a proxy and their passwords.  The file has the format of pgbouncer's userlist.txt: a
 * user and a secret on each line, both between double quotes, with a quote inside written twice.
 * The secret is a password or a verifier of PostgreSQL ("SCRAM-SHA-256$...").  Lines that are empty
 * or begin with ';' or '#' are skipped.  The user "*" is every user that has no line.
 *
 *   "app" "s3cret"
 *   "reports" "SCRAM-SHA-256$4096:...$...:..."
 */
#ifndef DSQL_PROXY_PASSWORD_FILE_H
#define DSQL_PROXY_PASSWORD_FILE_H

#include "base/secret.h"
#include "base/text.h"
#include "session/scram_verifier.h"

#include <dsql.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    PASSWORD_FILE_MAX = 1024 * 1024, /* bytes */
    PASSWORD_FILE_USERS_MAX = 1000,  /* a password takes 1 ms to read, a verifier nothing */
    PASSWORD_FILE_USER_MAX = 63,     /* bytes; PostgreSQL: NAMEDATALEN - 1 */
    PASSWORD_FILE_KEY_SIZE = 32,
    PASSWORD_GENERATED_SIZE = 44 /* 32 random bytes in base64url, and NUL */
};

#define PASSWORD_FILE_ANY_USER "*"

struct password_list;

/**
 * Reads the content of a file.  name is for errors, which also have the number of the line, but
 * nothing of what is in it.  key: random, secret and the same for each reading: salts are made with
 * it, so that they do not change, and those of unknown users look like those of others.
 * DSQL_ERR_USAGE: the content is not valid.
 */
dsql_status password_list_parse(struct text content, const char *name,
                                const unsigned char key[PASSWORD_FILE_KEY_SIZE],
                                struct password_list **out, dsql_error *err);

/** The same from a file that nobody else may read: see private_file.h. */
dsql_status password_file_read(const char *path, const unsigned char key[PASSWORD_FILE_KEY_SIZE],
                               struct password_list **out, dsql_error *err);

/** Wipes it.  NULL does nothing. */
void password_list_free(struct password_list *list);

/**
 * True: there is such a user, or a line for any.  False: *out is one that no password matches, for
 * the same exchange.
 */
bool password_list_find(const struct password_list *list, struct text user,
                        struct scram_verifier *out);

/**
 * Makes a password of 256 bits of randomness, URL-safe, and writes a file with it for any user,
 * mode 0600, unless there is a file already.  To be read with password_file_read() in any case:
 * another process may have been faster.
 */
dsql_status password_file_generate(const char *path, dsql_error *err);

/** The password of a file that password_file_generate() has written, for printing it. */
dsql_status password_file_read_generated(const char *path, struct secret *password,
                                         dsql_error *err);

/**
 * Reads the key of PASSWORD_FILE_KEY_SIZE bytes from a file, which is made if it is missing, mode
 * 0600.
 */
dsql_status password_file_read_key(const char *path, unsigned char key[PASSWORD_FILE_KEY_SIZE],
                                   dsql_error *err);

#endif
