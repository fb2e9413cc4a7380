/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema sys: its only home.  `dsql local` runs this text when a cluster has another
 * version of it: a new cluster, or one that an older build made.  Every statement therefore
 * has to work on every earlier state and to end in the same one: tables are created if they
 * are missing and altered column by column, the rest is replaced.  What a version no longer
 * has, it drops by name.  tests/integration/test_upgrade.sh holds the earlier states.
 *
 * The text is not run by CREATE EXTENSION: before version 18, PostgreSQL looks for control
 * files in its own directory only, where the owner of a local cluster may not write.
 *
 * A build refuses a cluster with a higher version than its own.  A change of this file needs
 * a higher one, and its line in versions.txt (scripts/check-sys-version).
 *
 * VERSION 5
 */
SET LOCAL search_path = pg_catalog, pg_temp;

/* The role that every cluster of Aurora DSQL has; roles belong to no schema. */
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'admin') THEN
        CREATE ROLE admin LOGIN CREATEROLE;
    END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS sys;
GRANT USAGE ON SCHEMA sys TO PUBLIC;

CREATE OR REPLACE FUNCTION sys.dsql_major_version() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1;
/*
 * In sessions that are bound by the dialect these take the place of functions of PostgreSQL, and a
 * constant that of version().  The last one puts them there.
 */
CREATE OR REPLACE FUNCTION sys.dsql_set_config(name text, value text, is_local boolean)
    RETURNS text
    AS 'dsql_local', 'dsql_set_config' LANGUAGE C VOLATILE;
CREATE OR REPLACE FUNCTION sys.dsql_current_setting(name text) RETURNS text
    AS 'dsql_local', 'dsql_current_setting' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_current_setting(name text, missing_ok boolean) RETURNS text
    AS 'dsql_local', 'dsql_current_setting_if_known' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_get_indexdef(oid) RETURNS text
    AS 'dsql_local', 'dsql_get_indexdef' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_get_indexdef(oid, integer, boolean) RETURNS text
    AS 'dsql_local', 'dsql_get_indexdef_column' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_get_constraintdef(oid) RETURNS text
    AS 'dsql_local', 'dsql_get_constraintdef' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_get_constraintdef(oid, boolean) RETURNS text
    AS 'dsql_local', 'dsql_get_constraintdef' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_table_is_visible(oid) RETURNS boolean
    AS 'dsql_local', 'dsql_table_is_visible' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_current_schemas(boolean) RETURNS name[]
    AS 'dsql_local', 'dsql_current_schemas' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_has_table_privilege(oid, text) RETURNS boolean
    AS 'dsql_local', 'dsql_has_table_privilege' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_has_any_column_privilege(oid, text) RETURNS boolean
    AS 'dsql_local', 'dsql_has_any_column_privilege' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_has_column_privilege(oid, smallint, text) RETURNS boolean
    AS 'dsql_local', 'dsql_has_column_privilege' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_function_support(internal) RETURNS internal
    AS 'dsql_local', 'dsql_function_support' LANGUAGE C STRICT;
ALTER FUNCTION pg_catalog.set_config(text, text, boolean) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.pg_table_is_visible(oid) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.current_schemas(boolean) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.has_table_privilege(oid, text) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.has_any_column_privilege(oid, text) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.has_column_privilege(oid, smallint, text)
    SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.version() SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.current_setting(text) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.current_setting(text, boolean) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.pg_get_indexdef(oid) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.pg_get_indexdef(oid, integer, boolean) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.pg_get_constraintdef(oid) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.pg_get_constraintdef(oid, boolean) SUPPORT sys.dsql_function_support;

/* What such sessions read instead of two columns of pg_index: the second argument is the column. */
CREATE OR REPLACE FUNCTION sys.dsql_index_columns(oid, int2vector) RETURNS int2vector
    AS 'dsql_local', 'dsql_index_columns' LANGUAGE C STABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_index_column_count(oid, smallint) RETURNS smallint
    AS 'dsql_local', 'dsql_index_column_count' LANGUAGE C STABLE STRICT PARALLEL SAFE;

/* ---- The table access method ---- */

CREATE OR REPLACE FUNCTION sys.dsql_tableam_handler(internal) RETURNS table_am_handler
    AS 'dsql_local', 'dsql_tableam_handler' LANGUAGE C STRICT;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_am WHERE amname = 'dsql') THEN
        CREATE ACCESS METHOD dsql TYPE TABLE HANDLER sys.dsql_tableam_handler;
    END IF;
END $$;
COMMENT ON ACCESS METHOD dsql IS 'heap whose transactions conflict at COMMIT and never wait';

/* ---- Which identities may log in as which role ---- */

CREATE TABLE IF NOT EXISTS sys.iam_role_mappings (
    iam_oid oid NOT NULL,
    arn text NOT NULL,
    pg_role_oid oid NOT NULL,
    grantor_pg_role_oid oid NOT NULL,
    PRIMARY KEY (pg_role_oid, arn)
) USING heap;
CREATE SEQUENCE IF NOT EXISTS sys.iam_oids AS integer START 26384
    OWNED BY sys.iam_role_mappings.iam_oid;
CREATE OR REPLACE VIEW sys.iam_pg_role_mappings AS
    SELECT m.iam_oid, m.arn, m.pg_role_oid, r.rolname AS pg_role_name,
           m.grantor_pg_role_oid, g.rolname AS grantor_pg_role_name
      FROM sys.iam_role_mappings m
      JOIN pg_catalog.pg_roles r ON r.oid = m.pg_role_oid
      LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor_pg_role_oid;
GRANT SELECT ON sys.iam_pg_role_mappings TO PUBLIC;

/* The gateway asks this at each login, in the session that it will relay. */
CREATE OR REPLACE FUNCTION sys.iam_session_allowed(arn text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT EXISTS (SELECT FROM sys.iam_pg_role_mappings m
                WHERE m.pg_role_name = session_user AND m.arn = $1)
$$;

/* Up to version 3 they did the work of AWS IAM GRANT and REVOKE. */
DROP FUNCTION IF EXISTS sys.iam_grant(text, text), sys.iam_revoke(text, text);

/* ---- Conflicts: a session sees those of the tables that it may read ---- */

CREATE OR REPLACE FUNCTION sys.dsql_conflicts(OUT at timestamptz, OUT relation oid, OUT key text,
                                              OUT loser xid, OUT winner xid, OUT kind text)
    RETURNS SETOF record
    AS 'dsql_local', 'dsql_conflicts' LANGUAGE C VOLATILE STRICT;
CREATE OR REPLACE FUNCTION sys.dsql_conflict_counters(OUT what text, OUT count bigint)
    RETURNS SETOF record
    AS 'dsql_local', 'dsql_conflict_counters' LANGUAGE C VOLATILE STRICT;
CREATE OR REPLACE VIEW sys.conflicts AS
    SELECT at, relation::pg_catalog.regclass::pg_catalog.text AS table_name, key, loser, winner,
           kind,
           CASE kind WHEN 'schema' THEN 'OC001' ELSE 'OC000' END AS code
      FROM sys.dsql_conflicts();
CREATE OR REPLACE VIEW sys.conflict_counters AS
    SELECT what, count FROM sys.dsql_conflict_counters();
GRANT SELECT ON sys.conflicts, sys.conflict_counters TO PUBLIC;

/* Injected conflicts.  Only the role admin and superusers may change the rules. */
CREATE OR REPLACE FUNCTION sys.inject_conflicts(share double precision, role name DEFAULT NULL,
                                                relation regclass DEFAULT NULL,
                                                seed bigint DEFAULT NULL)
    RETURNS void
    AS 'dsql_local', 'dsql_inject_conflicts' LANGUAGE C VOLATILE;
CREATE OR REPLACE FUNCTION sys.dsql_inject_rules(OUT role oid, OUT relation oid,
                                                 OUT share double precision)
    RETURNS SETOF record
    AS 'dsql_local', 'dsql_inject_rules' LANGUAGE C VOLATILE STRICT;
CREATE OR REPLACE VIEW sys.injected_conflicts AS
    SELECT r.rolname AS role, i.relation::pg_catalog.regclass::pg_catalog.text AS table_name,
           i.share
      FROM sys.dsql_inject_rules() i LEFT JOIN pg_catalog.pg_roles r ON r.oid = i.role;
GRANT SELECT ON sys.injected_conflicts TO PUBLIC;

/*
 * ---- Asynchronous jobs ----
 *
 * A session inserts a row when a statement submits a job, the background worker updates it
 * when it runs the job, and users read the view.
 */
CREATE TABLE IF NOT EXISTS sys.job_list (
    id uuid PRIMARY KEY,
    job_type text NOT NULL,
    object_id oid NOT NULL,
    statement text NOT NULL,
    status text NOT NULL,
    details text,
    start_time timestamptz NOT NULL,
    update_time timestamptz
) USING heap;
CREATE OR REPLACE FUNCTION sys.uuid_to_base32_str(uuid) RETURNS text
    AS 'dsql_local', 'dsql_uuid_to_base32_str' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.base32_str_to_uuid(text) RETURNS uuid
    AS 'dsql_local', 'dsql_base32_str_to_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE OR REPLACE FUNCTION sys.dsql_session_uuid() RETURNS uuid
    AS 'dsql_local', 'dsql_session_uuid' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
CREATE OR REPLACE FUNCTION sys.current_session_id() RETURNS text
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN sys.uuid_to_base32_str(sys.dsql_session_uuid());
CREATE OR REPLACE VIEW sys.jobs AS
    SELECT sys.uuid_to_base32_str(j.id) AS job_id, j.status, j.details, j.job_type,
           'pg_catalog.pg_class'::pg_catalog.regclass::oid AS class_id, j.object_id,
           CASE WHEN j.status IN ('submitted', 'processing') AND j.job_type <> 'DROP'
                THEN n.nspname || '.' || c.relname END AS object_name,
           j.start_time, j.update_time
      FROM sys.job_list j
      LEFT JOIN pg_catalog.pg_class c ON c.oid = j.object_id
      LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace;
GRANT SELECT ON sys.jobs TO PUBLIC;
CREATE OR REPLACE PROCEDURE sys.wait_for_job(job_id text, INOUT succeeded boolean DEFAULT NULL)
    AS 'dsql_local', 'dsql_wait_for_job' LANGUAGE C;
/* CREATE INDEX ASYNC is a CALL of this procedure between parser and executor. */
CREATE OR REPLACE PROCEDURE sys.job_row(INOUT job_id text DEFAULT NULL)
    AS 'dsql_local', 'dsql_job_row' LANGUAGE C;
