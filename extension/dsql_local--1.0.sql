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
