/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Who may log in to the local cluster: what IAM is for Aurora DSQL.  One JSON file, 0600. */
#ifndef DSQL_LOCAL_IDENTITY_H
#define DSQL_LOCAL_IDENTITY_H

#include "base/secret.h"
#include "base/text.h"
#include "gateway/gateway.h"

#include <dsql.h>

#define IDENTITY_ADMIN_ARN "arn:aws:iam::000000000000:user/local-admin"

enum { IDENTITY_KEY_ID_SIZE = 64 };

/** Writes the file with one identity, local-admin, unless it is there. */
dsql_status identity_create_file(const char *path, dsql_error *err);

/** The first identity: what `dsql local env` exports.  Clear secret afterwards. */
dsql_status identity_read_first(const char *path, char key_id[IDENTITY_KEY_ID_SIZE],
                                struct gateway_identity *out, dsql_error *err);

/** Looks an access key id up; reads the file each time, so that it may change. */
bool identity_find(const char *path, struct text key_id, struct gateway_identity *out);

#endif
