-- SPDX-License-Identifier: Apache-2.0
-- Takes a cluster back to what initdb makes.
DELETE FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid < 16384
   AND refclassid = 'pg_proc'::regclass;
UPDATE pg_proc SET prosupport = 0 WHERE oid < 16384 AND prosupport >= 16384;
DROP SCHEMA sys CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
COMMENT ON SCHEMA public IS 'standard public schema';
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT TEMPORARY ON DATABASE postgres TO PUBLIC;
DROP OWNED BY admin;
DROP ROLE admin;
DROP ROLE IF EXISTS app;
UPDATE pg_authid SET rolsuper = false
 WHERE rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files');
