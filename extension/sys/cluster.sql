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
 * Before PostgreSQL 16 a role with CREATEROLE may grant any role that is not a superuser.
 * The roles that run programs and access files therefore become superusers, which only the
 * owner may grant.  Earlier grants are revoked first: they would now make superusers.
 */
DO $$
DECLARE
    earlier record;
BEGIN
    FOR earlier IN
        SELECT m.roleid::regrole AS role, m.member::regrole AS member
          FROM pg_auth_members m JOIN pg_authid a ON a.oid = m.roleid
         WHERE NOT a.rolsuper AND a.rolname IN ('pg_execute_server_program',
                                                'pg_read_server_files', 'pg_write_server_files')
    LOOP
        EXECUTE format('REVOKE %s FROM %s CASCADE', earlier.role, earlier.member);
    END LOOP;
END $$;
UPDATE pg_authid SET rolsuper = true
 WHERE NOT rolsuper AND rolname IN ('pg_execute_server_program', 'pg_read_server_files',
                                    'pg_write_server_files');

/* Aurora DSQL has the text search configuration simple and no other. */
DO $$
DECLARE
    other record;
BEGIN
    FOR other IN
        SELECT oid::regconfig AS name FROM pg_ts_config
         WHERE cfgnamespace = 'pg_catalog'::regnamespace AND cfgname <> 'simple'
    LOOP
        EXECUTE format('DROP TEXT SEARCH CONFIGURATION %s', other.name);
    END LOOP;
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
