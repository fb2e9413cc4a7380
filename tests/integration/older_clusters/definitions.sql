-- SPDX-License-Identifier: Apache-2.0
-- One line for each thing that a local cluster has, without what differs by chance (OIDs).
CREATE FUNCTION pg_temp.sorted(aclitem[]) RETURNS text LANGUAGE sql
    RETURN (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest($1) a);
SELECT 'schema', nspname, nspowner::regrole, pg_temp.sorted(nspacl),
       obj_description(oid, 'pg_namespace')
  FROM pg_namespace WHERE nspname IN ('sys', 'public') ORDER BY 2;
SELECT 'routine', pg_get_functiondef(p.oid), proowner::regrole, pg_temp.sorted(proacl)
  FROM pg_proc p WHERE pronamespace = 'sys'::regnamespace ORDER BY 2;
SELECT 'support', oid::regprocedure, prosupport
  FROM pg_proc WHERE oid < 16384 AND prosupport >= 16384 ORDER BY oid;
SELECT 'relation', relname, relkind, amname, relowner::regrole, pg_temp.sorted(relacl),
       CASE relkind WHEN 'v' THEN pg_get_viewdef(c.oid)
                    WHEN 'i' THEN pg_get_indexdef(c.oid) END
  FROM pg_class c LEFT JOIN pg_am m ON m.oid = relam
 WHERE relnamespace = 'sys'::regnamespace ORDER BY 2;
SELECT 'column', c.relname, attnum, attname, format_type(atttypid, atttypmod), attnotnull,
       pg_get_expr(adbin, adrelid)
  FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
 WHERE c.relnamespace = 'sys'::regnamespace ORDER BY 2, 3;
SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'sys'::regnamespace ORDER BY 2, 3;
SELECT 'sequence', sequencename, data_type, start_value, increment_by, cache_size
  FROM pg_sequences WHERE schemaname = 'sys';
SELECT 'access method', amname, amhandler, obj_description(oid, 'pg_am')
  FROM pg_am WHERE amname IN ('dsql', 'btree', 'btree_index') ORDER BY 2;
SELECT 'database', pg_temp.sorted(datacl) FROM pg_database WHERE datname = 'postgres';
SELECT 'role', rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin
  FROM pg_roles WHERE rolname <> 'app' ORDER BY 2;
SELECT 'text search configuration', cfgname FROM pg_ts_config ORDER BY 2;
SELECT 'text search dictionary', dictname FROM pg_ts_dict ORDER BY 2;
SELECT 'text search template', tmplname FROM pg_ts_template ORDER BY 2;
SELECT 'available extensions', pg_get_viewdef('pg_available_extensions'::regclass);
SELECT 'available versions', pg_get_viewdef('pg_available_extension_versions'::regclass);
