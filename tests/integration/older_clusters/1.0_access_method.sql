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
