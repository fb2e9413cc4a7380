/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Run by CREATE EXTENSION, or as text with MODULE_PATHNAME replaced by 'dsql_local'
 * by whoever has the module on dynamic_library_path only.  Every database that makes
 * tables needs it: run it in template1 and in postgres.
 */
CREATE SCHEMA IF NOT EXISTS sys;
GRANT USAGE ON SCHEMA sys TO PUBLIC;

CREATE FUNCTION sys.dsql_tableam_handler(internal) RETURNS table_am_handler
    AS 'MODULE_PATHNAME', 'dsql_tableam_handler' LANGUAGE C STRICT;
CREATE ACCESS METHOD dsql TYPE TABLE HANDLER sys.dsql_tableam_handler;
COMMENT ON ACCESS METHOD dsql IS 'heap whose transactions conflict at COMMIT and never wait';

/*
 * Which rows are fought over.  Who may not read a table does not see its conflicts.
 */
CREATE FUNCTION sys.dsql_conflicts(OUT at timestamptz, OUT relation oid, OUT key text,
                                   OUT loser xid, OUT winner xid, OUT kind text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'dsql_conflicts' LANGUAGE C VOLATILE STRICT;
CREATE FUNCTION sys.dsql_conflict_counters(OUT what text, OUT count bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'dsql_conflict_counters' LANGUAGE C VOLATILE STRICT;
CREATE VIEW sys.conflicts AS
    SELECT at, relation::pg_catalog.regclass::pg_catalog.text AS table_name, key, loser, winner,
           kind,
           CASE kind WHEN 'schema' THEN 'OC001' ELSE 'OC000' END AS code
      FROM sys.dsql_conflicts();
CREATE VIEW sys.conflict_counters AS SELECT what, count FROM sys.dsql_conflict_counters();
GRANT SELECT ON sys.conflicts, sys.conflict_counters TO PUBLIC;

/* Conflicts on purpose.  Only the role admin and superusers may set them. */
CREATE FUNCTION sys.inject_conflicts(share double precision, role name DEFAULT NULL,
                                     relation regclass DEFAULT NULL, seed bigint DEFAULT NULL)
    RETURNS void
    AS 'MODULE_PATHNAME', 'dsql_inject_conflicts' LANGUAGE C VOLATILE;
CREATE FUNCTION sys.dsql_inject_rules(OUT role oid, OUT relation oid, OUT share double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'dsql_inject_rules' LANGUAGE C VOLATILE STRICT;
CREATE VIEW sys.injected_conflicts AS
    SELECT r.rolname AS role, i.relation::pg_catalog.regclass::pg_catalog.text AS table_name,
           i.share
      FROM sys.dsql_inject_rules() i LEFT JOIN pg_catalog.pg_roles r ON r.oid = i.role;
GRANT SELECT ON sys.injected_conflicts TO PUBLIC;

/*
 * Asynchronous jobs.  Sessions write the table when a statement submits one, the
 * background worker when it runs one; users read the view.
 */
CREATE TABLE sys.job_list (
    id uuid PRIMARY KEY,
    job_type text NOT NULL,
    object_id oid NOT NULL,
    statement text NOT NULL,
    status text NOT NULL,
    details text,
    start_time timestamptz NOT NULL,
    update_time timestamptz
) USING heap;
CREATE FUNCTION sys.uuid_to_base32_str(uuid) RETURNS text
    AS 'MODULE_PATHNAME', 'dsql_uuid_to_base32_str' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION sys.base32_str_to_uuid(text) RETURNS uuid
    AS 'MODULE_PATHNAME', 'dsql_base32_str_to_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE VIEW sys.jobs AS
    SELECT sys.uuid_to_base32_str(j.id) AS job_id, j.status, j.details, j.job_type,
           'pg_catalog.pg_class'::pg_catalog.regclass::oid AS class_id, j.object_id,
           CASE WHEN j.status IN ('submitted', 'processing') AND j.job_type <> 'DROP'
                THEN n.nspname || '.' || c.relname END AS object_name,
           j.start_time, j.update_time
      FROM sys.job_list j
      LEFT JOIN pg_catalog.pg_class c ON c.oid = j.object_id
      LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace;
GRANT SELECT ON sys.jobs TO PUBLIC;
CREATE PROCEDURE sys.wait_for_job(job_id text, INOUT succeeded boolean DEFAULT NULL)
    AS 'MODULE_PATHNAME', 'dsql_wait_for_job' LANGUAGE C;
/* What CREATE INDEX ASYNC looks like between parser and executor. */
CREATE PROCEDURE sys.job_row(INOUT job_id text DEFAULT NULL)
    AS 'MODULE_PATHNAME', 'dsql_job_row' LANGUAGE C;
