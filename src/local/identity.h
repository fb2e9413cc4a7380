/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The access keys that a local cluster accepts: what IAM is for Aurora DSQL.  They are in one
 * JSON file of mode 0600.  Which roles an identity may log in as is in the database
 * (role_mapping.h).
 */
#ifndef DSQL_LOCAL_IDENTITY_H
#define DSQL_LOCAL_IDENTITY_H

#include "base/secret.h"
#include "base/text.h"
#include "gateway/gateway.h"

#include <dsql.h>

#define IDENTITY_ADMIN_ARN "arn:aws:iam::000000000000:user/local-admin"

enum { IDENTITY_KEY_ID_SIZE = 64, IDENTITY_SECRET_MIN = 16, IDENTITY_SECRET_MAX = 128 };

/**
 * Creates the file with one identity, local-admin, unless it exists.  Fails for an existing file
 * without a valid first identity: a cluster with it would accept no login.
 */
dsql_status identity_create_file(const char *path, dsql_error *err);

/** Whether an access key id and a secret access key can be used: characters and lengths. */
bool identity_is_key_id(const char *key_id);
bool identity_is_secret(const struct secret *secret);

/**
 * Gives the first identity this key, in a file that identity_create_file() has accepted.  Its ARN,
 * its permissions and the other identities stay.  Writes only if something changes.
 */
dsql_status identity_set_first(const char *path, const char *key_id, const struct secret *secret,
                               dsql_error *err);

/** The first identity, which `dsql local env` exports.  The caller clears its secrets. */
dsql_status identity_read_first(const char *path, char key_id[IDENTITY_KEY_ID_SIZE],
                                struct gateway_identity *out, dsql_error *err);

/** Looks up an access key id.  It reads the file each time, so edits apply at once. */
bool identity_find(const char *path, struct text key_id, struct gateway_identity *out);

#endif
