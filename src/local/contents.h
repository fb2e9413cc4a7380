/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cluster contains besides what pg_dump's archive holds: roles, memberships, role mappings,
 * the owner and the privileges of each object, and the number and a checksum of the rows of each
 * table.  It is described as a JSON text, which a restore applies and in the end compares.
 *
 * The JSON comes from a file.  It is only ever a parameter of a query, and the statements made of
 * it quote each name; no text of it is executed.
 *
 *   server      the version of PostgreSQL, as a number
 *   roles       name, attributes, settings, comment
 *   members     role, member, grantor, admin, inherit, set (the last two from PostgreSQL 16 on)
 *   mappings    arn, role, grantor
 *   objects     type, names, args (as pg_get_object_address() takes them), owner, acl
 *   definitions type, name, lines: a checksum of what defines a table, a function or a domain
 *   columns     names, column, acl
 *   defaults    role, schema, kind, acl: ALTER DEFAULT PRIVILEGES
 *   tables      names, rows, checksum
 *
 * An acl is an array of grantor, grantee (null: PUBLIC), privilege and grantable; null stands for
 * the default.  What belongs to a superuser belongs to admin here.
 */
#ifndef DSQL_LOCAL_CONTENTS_H
#define DSQL_LOCAL_CONTENTS_H

#include "base/buf.h"

#include <dsql.h>
#include <libpq-fe.h>

#include <stdbool.h>

enum { CONTENTS_MAX = 256 << 20 };

/** A subquery: the settings of roles that are restored.  The others may name libraries to load. */
#define CONTENTS_SETTINGS_SQL                                                                      \
    "SELECT name FROM pg_settings WHERE context = 'user'"                                          \
    "   AND name NOT IN ('role', 'session_authorization', 'local_preload_libraries')"

/** Prepares a connection of the owner for the functions below. */
dsql_status contents_session(PGconn *conn, dsql_error *err);

/** Appends the JSON.  It is read in the snapshot of the transaction, if there is one. */
dsql_status contents_describe(PGconn *conn, struct buf *out, dsql_error *err);

/** Fails if the described cluster has an object of its own; roles and mappings are allowed. */
dsql_status contents_check_empty(PGconn *conn, const char *contents, dsql_error *err);

/** Fails if there are large objects, which are not dumped. */
dsql_status contents_check_large_objects(PGconn *conn, dsql_error *err);

/** Creates the roles, with their attributes, settings and comments. */
dsql_status contents_create_roles(PGconn *conn, const char *contents, dsql_error *err);

/** Gives each object to its owner: first all but statistics objects, which are created last. */
dsql_status contents_set_owners(PGconn *conn, const char *contents, bool of_statistics,
                                dsql_error *err);

/** Privileges and default privileges. */
dsql_status contents_grant(PGconn *conn, const char *contents, dsql_error *err);

/** Memberships and role mappings. */
dsql_status contents_grant_roles(PGconn *conn, const char *contents, dsql_error *err);

/** Lets a role create schemas, and objects in schema public if the contents have that. */
dsql_status contents_allow_creation(PGconn *conn, const char *contents, const char *role,
                                    dsql_error *err);

/** Lets a role insert rows into the tables of the contents, and set their sequences. */
dsql_status contents_allow_data(PGconn *conn, const char *contents, const char *role,
                                dsql_error *err);

/** Makes a role a member of all owners. */
dsql_status contents_allow_ownership(PGconn *conn, const char *contents, const char *role,
                                     dsql_error *err);

/** Appends what a restore keeps of a cluster: roles, memberships and mappings not in the file. */
dsql_status contents_keep(PGconn *conn, const char *file, const char *before, struct buf *out,
                          dsql_error *err);

/** Fails unless the description now is that of the file and of what was kept, no more or less. */
dsql_status contents_check(PGconn *conn, const char *file, const char *kept, const char *now,
                           dsql_error *err);

#endif
