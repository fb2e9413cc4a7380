/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL side of a local cluster: schema sys and what else `dsql local` sets up in the
 * database.  It decides whether a cluster is new, as it should be, older or newer than this
 * build; the statements themselves are the extension's (extension/sys).
 *
 * The label of a cluster is the comment on schema sys: "dsql_local VERSION".
 */
#ifndef DSQL_LOCAL_SCHEMA_H
#define DSQL_LOCAL_SCHEMA_H

#include "local/extension.h"

#include <dsql.h>
#include <libpq-fe.h>

/**
 * Creates or upgrades schema sys and sets up the rest, as the owner of a running server that
 * has loaded the module.  upgraded_from is the version that was replaced, or "".  A cluster
 * with a newer version, or with a label that is not known, is refused and left as it is.
 */
dsql_status schema_install(PGconn *conn, const struct extension *extension,
                           char upgraded_from[EXTENSION_VERSION_SIZE], dsql_error *err);

/**
 * The number that orders versions, of a label as it stands in the catalogue.  0 for "", a
 * cluster older than the extension; -1 for a label that is not known.
 */
int schema_version_number(const char *label);

#endif
