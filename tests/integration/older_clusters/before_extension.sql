-- SPDX-License-Identifier: Apache-2.0
-- What dsql local made of a new cluster before there was an extension (7865df5).
BEGIN;
CREATE ROLE admin LOGIN CREATEROLE;
GRANT CREATE ON DATABASE postgres TO admin;
ALTER SCHEMA public OWNER TO admin;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
CREATE SCHEMA sys;
GRANT USAGE ON SCHEMA sys TO PUBLIC;
CREATE TABLE sys.iam_role_mappings (
  iam_oid oid NOT NULL, arn text NOT NULL, pg_role_oid oid NOT NULL,
  grantor_pg_role_oid oid NOT NULL, PRIMARY KEY (pg_role_oid, arn));
CREATE SEQUENCE sys.iam_oids AS integer START 26384 OWNED BY sys.iam_role_mappings.iam_oid;
CREATE VIEW sys.iam_pg_role_mappings AS
  SELECT m.iam_oid, m.arn, m.pg_role_oid, r.rolname AS pg_role_name,
         m.grantor_pg_role_oid, g.rolname AS grantor_pg_role_name
  FROM sys.iam_role_mappings m JOIN pg_catalog.pg_roles r ON r.oid = m.pg_role_oid
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor_pg_role_oid;
GRANT SELECT ON sys.iam_pg_role_mappings TO PUBLIC;
CREATE FUNCTION sys.iam_session_allowed(arn text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM sys.iam_pg_role_mappings m
                 WHERE m.pg_role_name = session_user AND m.arn = $1) $$;
CREATE FUNCTION sys.iam_grant(role text, arn text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE target pg_catalog.pg_roles; 
BEGIN
  IF arn !~ '^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[a-z-]+/.+' THEN
    RAISE EXCEPTION 'IAM role must look like an IAM ARN' USING ERRCODE = '22023';
  END IF;
  SELECT * INTO target FROM pg_catalog.pg_roles WHERE rolname = role;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = '42704';
  END IF;
  IF target.rolsuper OR target.rolname = 'admin' OR target.rolname LIKE 'pg\_%' THEN
    RAISE EXCEPTION 'Cannot establish trust with role %', role USING ERRCODE = '42501';
  END IF;
  IF NOT target.rolcanlogin THEN
    RAISE EXCEPTION 'role % must have the LOGIN attribute', role USING ERRCODE = '22023';
  END IF;
  INSERT INTO sys.iam_role_mappings
    SELECT pg_catalog.nextval('sys.iam_oids')::oid, arn, target.oid, r.oid
    FROM pg_catalog.pg_roles r WHERE r.rolname = session_user
    ON CONFLICT DO NOTHING;
END $$;
CREATE FUNCTION sys.iam_revoke(role text, arn text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM sys.iam_role_mappings m USING pg_catalog.pg_roles r
    WHERE r.oid = m.pg_role_oid AND r.rolname = iam_revoke.role AND m.arn = iam_revoke.arn;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'IAM role % does not exist', arn USING ERRCODE = '42704';
  END IF;
END $$;
REVOKE ALL ON FUNCTION sys.iam_grant(text, text), sys.iam_revoke(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sys.iam_grant(text, text), sys.iam_revoke(text, text) TO admin;
COMMIT
