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
 * VERSION 4
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
 * In sessions that are bound by the dialect the first takes the place of set_config(), and a
 * constant that of version().  The second puts them there.
 */
CREATE OR REPLACE FUNCTION sys.dsql_set_config(name text, value text, is_local boolean)
    RETURNS text
    AS 'dsql_local', 'dsql_set_config' LANGUAGE C VOLATILE;
CREATE OR REPLACE FUNCTION sys.dsql_function_support(internal) RETURNS internal
    AS 'dsql_local', 'dsql_function_support' LANGUAGE C STRICT;
ALTER FUNCTION pg_catalog.set_config(text, text, boolean) SUPPORT sys.dsql_function_support;
ALTER FUNCTION pg_catalog.version() SUPPORT sys.dsql_function_support;

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
/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a local cluster has besides schema sys: the rights of admin and PUBLIC, and what
 * Aurora DSQL does not have.  `dsql local` runs this text at each start, after
 * schema.sql, so it has to do nothing where everything is as it should be already.
 */
SET LOCAL search_path = pg_catalog, pg_temp;

/* Schema public is admin's.  Only once: admin may give it to another role afterwards. */
DO $$
BEGIN
    IF (SELECT nspowner FROM pg_namespace WHERE nspname = 'public')
       = 'pg_database_owner'::regrole THEN
        GRANT CREATE ON DATABASE postgres TO admin;
        ALTER SCHEMA public OWNER TO admin;
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT USAGE ON SCHEMA public TO PUBLIC;
    END IF;
END $$;

/* Aurora DSQL has no temporary tables. */
REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;

/*
 * Nobody is a member of PostgreSQL's predefined roles: pg_write_all_data writes to schema sys,
 * pg_execute_server_program runs programs.  GRANT refuses them (extension/dialect/roles.c), and
 * what was granted before it did is revoked here.  Before version 16 grantors do not matter,
 * and one may be gone.
 */
DO $$
DECLARE
    earlier record;
    by_grantor boolean := current_setting('server_version_num')::integer >= 160000;
BEGIN
    FOR earlier IN
        SELECT m.roleid::regrole AS role, m.member::regrole AS member,
               m.grantor::regrole AS grantor
          FROM pg_auth_members m
          JOIN pg_roles r ON r.oid = m.roleid
          JOIN pg_roles u ON u.oid = m.member
         WHERE starts_with(r.rolname, 'pg_') AND NOT starts_with(u.rolname, 'pg_')
    LOOP
        EXECUTE format('REVOKE %s FROM %s', earlier.role, earlier.member)
             || CASE WHEN by_grantor THEN format(' GRANTED BY %s', earlier.grantor) ELSE '' END
             || ' CASCADE';
    END LOOP;
END $$;

/*
 * Before PostgreSQL 16 a role with CREATEROLE may grant any role that is not a superuser.
 * The roles that run programs and access files therefore are superusers as well, which only
 * the owner may grant.
 */
UPDATE pg_authid SET rolsuper = true
 WHERE NOT rolsuper AND rolname IN ('pg_execute_server_program', 'pg_read_server_files',
                                    'pg_write_server_files');

/*
 * Aurora DSQL has the text search configuration, dictionary and template simple and no other.
 * Some templates are pinned: DROP refuses them, but nothing uses them once the others are gone.
 */
DO $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT 'CONFIGURATION ' || oid::regconfig FROM pg_ts_config
         WHERE cfgnamespace = 'pg_catalog'::regnamespace AND cfgname <> 'simple'
        UNION ALL
        SELECT 'DICTIONARY ' || oid::regdictionary FROM pg_ts_dict
         WHERE dictnamespace = 'pg_catalog'::regnamespace AND dictname <> 'simple'
        UNION ALL
        SELECT 'TEMPLATE ' || quote_ident(tmplname) FROM pg_ts_template
         WHERE tmplnamespace = 'pg_catalog'::regnamespace AND tmplname = 'snowball'
    LOOP
        EXECUTE 'DROP TEXT SEARCH ' || other;
    END LOOP;
    DELETE FROM pg_description
     WHERE classoid = 'pg_ts_template'::regclass
       AND objoid IN (SELECT oid FROM pg_ts_template WHERE tmplname <> 'simple');
    DELETE FROM pg_ts_template
     WHERE tmplnamespace = 'pg_catalog'::regnamespace AND tmplname <> 'simple';
END $$;

/* Functions of PostgreSQL 16, where the server is older (functions_16.c). */
DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_proc WHERE proname = 'erfc' AND pronamespace = 'pg_catalog'::regnamespace) THEN
        RETURN;
    END IF;
    CREATE FUNCTION pg_catalog.erf(float8) RETURNS float8
        AS 'dsql_local', 'dsql_erf' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
    CREATE FUNCTION pg_catalog.erfc(float8) RETURNS float8
        AS 'dsql_local', 'dsql_erfc' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
    CREATE FUNCTION pg_catalog.any_value_transfn(anyelement, anyelement) RETURNS anyelement
        AS 'dsql_local', 'dsql_any_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
    CREATE AGGREGATE pg_catalog.any_value(anyelement)
        (SFUNC = any_value_transfn, STYPE = anyelement, COMBINEFUNC = any_value_transfn,
         PARALLEL = SAFE);
    CREATE FUNCTION pg_catalog.array_shuffle(anyarray) RETURNS anyarray
        AS 'dsql_local', 'dsql_array_shuffle' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
    CREATE FUNCTION pg_catalog.array_sample(anyarray, integer) RETURNS anyarray
        AS 'dsql_local', 'dsql_array_sample' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
    CREATE FUNCTION pg_catalog.pg_input_is_valid(text, text) RETURNS boolean
        AS 'dsql_local', 'dsql_input_is_valid' LANGUAGE C STABLE STRICT;
    CREATE FUNCTION pg_catalog.pg_input_error_info(value text, type_name text, OUT message text,
                                                   OUT detail text, OUT hint text,
                                                   OUT sql_error_code text)
        AS 'dsql_local', 'dsql_input_error_info' LANGUAGE C STABLE STRICT;
    CREATE FUNCTION pg_catalog.random_normal(mean float8 DEFAULT 0, stddev float8 DEFAULT 1)
        RETURNS float8 LANGUAGE sql VOLATILE STRICT PARALLEL RESTRICTED
        RETURN stddev * (sqrt(-2.0 * ln(1.0 - random())) * sin(2.0 * pi() * (1.0 - random())))
               + mean;
    /*
     * In a time zone of their own: years, months and days are added there, so that a day may have
     * 23 hours, and what is left is added to the point in time.
     */
    CREATE FUNCTION pg_catalog.date_add(timestamptz, interval) RETURNS timestamptz
        LANGUAGE sql STABLE STRICT PARALLEL SAFE RETURN $1 + $2;
    CREATE FUNCTION pg_catalog.date_subtract(timestamptz, interval) RETURNS timestamptz
        LANGUAGE sql STABLE STRICT PARALLEL SAFE RETURN $1 - $2;
    CREATE FUNCTION pg_catalog.date_add(timestamptz, interval, text) RETURNS timestamptz
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN CASE WHEN extract(year FROM $2) = 0 AND extract(month FROM $2) = 0
                         AND extract(day FROM $2) = 0
                    THEN $1
                    ELSE (($1 AT TIME ZONE $3) + date_trunc('day', $2)) AT TIME ZONE $3 END
               + ($2 - date_trunc('day', $2));
    CREATE FUNCTION pg_catalog.date_subtract(timestamptz, interval, text) RETURNS timestamptz
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN date_add($1, -$2, $3);
END $do$;

/* Its indexes have the access method btree_index (extension/occ/index_am.c). */
UPDATE pg_am SET amname = 'btree_index' WHERE amhandler = 'bthandler'::regproc AND amname = 'btree';

/* Its views list no extension that could be created. */
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions)
       OR EXISTS (SELECT FROM pg_available_extension_versions) THEN
        SET LOCAL allow_system_table_mods = on;
        CREATE OR REPLACE VIEW pg_available_extensions AS
            SELECT name, default_version, NULL::text COLLATE "C" AS installed_version, comment
              FROM pg_available_extensions() WHERE false;
        CREATE OR REPLACE VIEW pg_available_extension_versions AS
            SELECT name, version, false AS installed, superuser, trusted, relocatable, schema,
                   requires, comment
              FROM pg_available_extension_versions() WHERE false;
        SET LOCAL allow_system_table_mods = off;
    END IF;
END $$;

/* Tables of clusters that are older than the access method. */
DO $$
DECLARE
    moved record;
BEGIN
    FOR moved IN
        SELECT c.oid::regclass AS name
          FROM pg_class c
          JOIN pg_am a ON a.oid = c.relam
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND a.amname = 'heap'
           AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys')
    LOOP
        EXECUTE format('ALTER TABLE %s SET ACCESS METHOD dsql', moved.name);
    END LOOP;
END $$;
