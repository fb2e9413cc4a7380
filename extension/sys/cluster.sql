/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a local cluster has besides schema sys: the rights of admin and PUBLIC, and what
 * Aurora DSQL does not have.  `dsql local` runs this text after schema.sql when a cluster is
 * created, and again when either has changed, so it has to do nothing where everything is as it
 * should be already.
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

/*
 * Catalogs with the columns of PostgreSQL 16, in their order, where the server's have other ones
 * (extension/dialect/catalog_views.c).  Every cluster has all of them, whatever the server, so that
 * a view of a user that reads one can be restored on another server.
 */
DO $$
DECLARE
    server integer := (SELECT setting FROM pg_settings WHERE name = 'server_version_num');
    wanted record;
    columns_of_attribute text;
BEGIN
    SET LOCAL allow_system_table_mods = on;
    FOR wanted IN
        WITH catalogs (catalog, names) AS (VALUES
            ('pg_auth_members', 'oid roleid member grantor admin_option inherit_option set_option'),
            ('pg_collation', 'oid collname collnamespace collowner collprovider collisdeterministic'
             ' collencoding collcollate collctype colliculocale collicurules collversion'),
            ('pg_database', 'oid datname datdba encoding datlocprovider datistemplate datallowconn'
             ' datconnlimit datfrozenxid datminmxid dattablespace datcollate datctype daticulocale'
             ' daticurules datcollversion datacl'),
            ('pg_statistic_ext', 'oid stxrelid stxname stxnamespace stxowner stxstattarget stxkeys'
             ' stxkind stxexprs'),
            ('pg_subscription', 'oid subdbid subskiplsn subname subowner subenabled subbinary'
             ' substream subtwophasestate subdisableonerr subpasswordrequired subrunasowner'
             ' subconninfo subslotname subsynccommit subpublications suborigin')),
        differing (name, is_differing, expression) AS (VALUES
            -- A number that belongs to the membership: version 15 has no OID for it.
            ('pg_auth_members.oid', server < 160000,
             $e$('x' || left(md5(roleid || ' ' || member), 8))::bit(32)::bigint::oid$e$),
            ('inherit_option', server < 160000,
             '(SELECT rolinherit FROM pg_authid a WHERE a.oid = c.member)'),
            ('set_option', server < 160000, 'true'),
            -- Version 17 has the locale C as a provider of its own.
            ('collprovider', server >= 170000,
             $e$CASE collprovider WHEN 'b' THEN 'c' ELSE collprovider END$e$),
            ('collcollate', server >= 170000,
             $e$CASE collprovider WHEN 'b' THEN colllocale ELSE collcollate END$e$),
            ('collctype', server >= 170000,
             $e$CASE collprovider WHEN 'b' THEN colllocale ELSE collctype END$e$),
            ('colliculocale', server >= 170000, $e$CASE collprovider WHEN 'i' THEN colllocale END$e$),
            ('collicurules', server < 160000, 'NULL::text COLLATE "C"'),
            ('daticulocale', server >= 170000, $e$CASE datlocprovider WHEN 'i' THEN datlocale END$e$),
            ('daticurules', server < 160000, 'NULL::text COLLATE "C"'),
            ('stxstattarget', server >= 170000, 'coalesce(stxstattarget, -1)::integer'),
            ('substream', server < 160000, $e$(CASE WHEN substream THEN 't' ELSE 'f' END)::"char"$e$),
            ('subpasswordrequired', server < 160000, 'true'),
            ('subrunasowner', server < 160000, 'false'),
            ('suborigin', server < 160000, $e$'any'::text COLLATE "C"$e$))
        SELECT catalog,
               string_agg(coalesce(d.expression || ' AS ', '') || quote_ident(c.name), ', '
                          ORDER BY c.number) AS columns
          FROM catalogs
         CROSS JOIN string_to_table(names, ' ') WITH ORDINALITY AS c (name, number)
          LEFT JOIN differing d ON d.is_differing AND d.name IN (c.name, catalog || '.' || c.name)
         WHERE to_regclass('pg_toast.' || catalog) IS NULL
         GROUP BY catalog
    LOOP
        EXECUTE format('CREATE VIEW pg_toast.%1$s AS SELECT %2$s FROM pg_catalog.%1$s c',
                       wanted.catalog, wanted.columns);
        EXECUTE format('GRANT SELECT ON pg_toast.%s TO PUBLIC', wanted.catalog);
        -- The column tableoid, which the extension replaces.
        SELECT string_agg(quote_ident(attname), ', ') INTO columns_of_attribute
          FROM pg_attribute
         WHERE attrelid = 'pg_attribute'::regclass AND attnum > 0
           AND attname NOT IN ('attrelid', 'attmissingval');
        EXECUTE format('INSERT INTO pg_attribute (attrelid, %1$s)'
                       ' SELECT %2$L::regclass, %1$s FROM pg_attribute'
                       ' WHERE attrelid = ''pg_class''::regclass AND attname = ''tableoid''',
                       columns_of_attribute, 'pg_toast.' || wanted.catalog);
    END LOOP;
    SET LOCAL allow_system_table_mods = off;
END $$;

/* Nor are they among the views. */
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_views WHERE schemaname = 'pg_toast') THEN
        SET LOCAL allow_system_table_mods = on;
        CREATE OR REPLACE VIEW pg_views AS
            SELECT n.nspname AS schemaname, c.relname AS viewname,
                   pg_get_userbyid(c.relowner) AS viewowner, pg_get_viewdef(c.oid) AS definition
              FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'v' AND n.nspname <> 'pg_toast';
        SET LOCAL allow_system_table_mods = off;
    END IF;
END $$;

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

/* Nor does their function, which psql 18 calls for \dx.  (The planner puts its query in its place.) */
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
                WHERE p.oid = 'pg_available_extensions()'::regprocedure AND l.lanname <> 'sql') THEN
        SET LOCAL allow_system_table_mods = on;
        CREATE OR REPLACE FUNCTION pg_catalog.pg_available_extensions(
            OUT name name, OUT default_version text, OUT comment text)
            RETURNS SETOF record LANGUAGE sql STABLE
            AS 'SELECT NULL::name, NULL::text, NULL::text WHERE false';
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
