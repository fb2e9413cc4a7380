#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# A role puts a function wherever a restore may run it, and then replaces the function by an
# attack.  The operator restores the cluster's own dump: no program runs, no file is written, and
# nobody gains a privilege.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-attacks.XXXXXX")
chmod 0711 "$scratch"
marks=$scratch/marks
mkdir -m 0777 "$marks"
other=$scratch/other
file=$scratch/contents

# shellcheck disable=SC2317 # called by trap
clean_up() {
    "$DSQL" local stop --dir "$other" >/dev/null 2>&1 || true
    rm -rf "$scratch"
}
trap clean_up EXIT

# query DIRECTORY SQL: as the owner, past the gateway and the dialect.
query() {
    env -u PGHOSTADDR -u PGPORT PGOPTIONS='-c dsql_local.strict=off' psql -X -At -q \
        -v ON_ERROR_STOP=1 -h "$1/run" -p 5432 -U dsql_owner -d postgres -c "$2"
}
mallory() { query "$CLUSTER_DIR" "SET SESSION AUTHORIZATION mallory; $1"; }

# function BODY-OF-ATTACK: "quiet" is what may stand where PostgreSQL asks for IMMUTABLE.
attack() {
    mallory "CREATE OR REPLACE FUNCTION m.attack(place text) RETURNS boolean LANGUAGE plpgsql AS
        \$f\$ $1 \$f\$"
}

succeeds 'the roles' query "$CLUSTER_DIR" "CREATE ROLE mallory LOGIN; CREATE SCHEMA m AUTHORIZATION mallory;
    SET ROLE admin; CREATE TABLE public.admins (id int PRIMARY KEY); GRANT REFERENCES ON public.admins TO mallory;
    INSERT INTO public.admins VALUES (1);
    RESET ROLE; CREATE SCHEMA a AUTHORIZATION admin; SET ROLE admin; CREATE TABLE a.first (id int)"
succeeds 'a harmless function' attack 'BEGIN RETURN true; END'
succeeds 'its places' mallory "
    GRANT USAGE ON SCHEMA m TO admin;
    CREATE FUNCTION m.quiet(place text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
        'BEGIN RETURN m.attack(place); END';
    CREATE FUNCTION m.trigger() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM m.attack(''trigger''); RETURN NEW; END';
    CREATE FUNCTION m.same(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT m.attack(''operator'')';
    CREATE OPERATOR m.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = m.same);
    CREATE TYPE m.pair AS (a int, b int);
    CREATE FUNCTION m.as_int(m.pair) RETURNS int LANGUAGE sql AS 'SELECT m.attack(''cast'')::int';
    CREATE CAST (m.pair AS int) WITH FUNCTION m.as_int(m.pair);
    CREATE DOMAIN m.dom AS int CHECK (m.attack('domain'));
    CREATE TABLE m.checked (id int PRIMARY KEY, CHECK (m.attack('check')));
    CREATE TABLE m.domains (id m.dom);
    CREATE TABLE m.generated (id int, g boolean GENERATED ALWAYS AS (m.quiet('generated')) STORED);
    CREATE TABLE m.indexed (id int);
    CREATE TABLE m.referring (id int REFERENCES public.admins);
    CREATE INDEX ON m.indexed ((m.quiet('index')));
    CREATE INDEX ON m.indexed (id) WHERE m.quiet('predicate');
    CREATE STATISTICS m.stat ON (m.quiet('statistics')), id FROM m.indexed;
    CREATE TABLE m.defaults (id int, b boolean DEFAULT m.attack('default'));
    CREATE TABLE m.triggers (id int);
    CREATE TRIGGER fires BEFORE INSERT ON m.triggers FOR EACH ROW EXECUTE FUNCTION m.trigger();
    ALTER TABLE m.triggers ENABLE ALWAYS TRIGGER fires;
    CREATE TABLE m.rules (id int);
    CREATE RULE r AS ON INSERT TO m.rules DO ALSO SELECT m.attack('rule');
    CREATE TABLE m.policies (id int);
    ALTER TABLE m.policies ENABLE ROW LEVEL SECURITY;
    ALTER TABLE m.policies FORCE ROW LEVEL SECURITY;
    CREATE POLICY p ON m.policies USING (m.attack('policy'));
    CREATE TABLE m.operators (id int CHECK (id OPERATOR(m.===) 1));
    CREATE TABLE m.casts (p m.pair CHECK (p::int = 1));
    CREATE VIEW m.viewed AS SELECT m.attack('view');
    CREATE MATERIALIZED VIEW m.stored AS SELECT m.attack('materialized view');
    INSERT INTO m.checked VALUES (1); INSERT INTO m.domains VALUES (1);
    INSERT INTO m.generated VALUES (1); INSERT INTO m.indexed VALUES (1);
    INSERT INTO m.defaults VALUES (1); INSERT INTO m.triggers VALUES (1);
    INSERT INTO m.rules VALUES (1); INSERT INTO m.policies VALUES (1);
    INSERT INTO m.operators VALUES (1); INSERT INTO m.casts VALUES (ROW(1, 1))"
succeeds 'a constraint of another' query "$CLUSTER_DIR" "SET ROLE admin;
    ALTER TABLE public.admins ADD CHECK (m.attack('constraint of another'))"

# As a list of SQL's strings.
list=$(sed -e "s|MARKS|$marks|g" -e "s/'/''/g" -e "s/.*/'&',/" <<'END'
RESET ROLE
RESET SESSION AUTHORIZATION
SET SESSION AUTHORIZATION dsql_owner
SET SESSION AUTHORIZATION DEFAULT
SET ROLE dsql_owner
SET LOCAL ROLE dsql_owner
ALTER ROLE mallory SUPERUSER
ALTER ROLE mallory CREATEROLE
GRANT dsql_owner TO mallory
GRANT admin TO mallory
GRANT pg_execute_server_program TO mallory
COPY (SELECT 1) TO PROGRAM 'touch MARKS/program'
COPY (SELECT 1) TO 'MARKS/file'
SELECT lo_export(lo_from_bytea(0, 'x'), 'MARKS/large')
CREATE FUNCTION m.system(text) RETURNS int AS 'libc.so.6', 'system' LANGUAGE C
ALTER SYSTEM SET archive_command = 'touch MARKS/archive'
CREATE EXTENSION dblink
CREATE SCHEMA evil
CREATE TABLE public.evil (id int)
CREATE ROLE evil
INSERT INTO sys.iam_role_mappings SELECT 1, 'arn:aws:iam::000000000000:user/x', oid, oid FROM pg_roles WHERE rolname = 'mallory'
UPDATE pg_authid SET rolsuper = true
UPDATE public.admins SET id = 2
DELETE FROM public.admins
ALTER TABLE public.admins OWNER TO mallory
GRANT ALL ON public.admins TO mallory
DROP TABLE public.admins
COPY (SELECT 1) TO PROGRAM 'touch MARKS/again'
END
)
# whole_attack PLACE: all of the statements, but at that place only those of privileges and files.
whole_attack() {
    attack "
    DECLARE one text;
    BEGIN
        RAISE WARNING 'attack: % runs as %, superuser: %', place, current_user,
            (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user);
        FOREACH one IN ARRAY ARRAY[$list 'RESET ROLE'] LOOP
            -- As the owner of what it creates, the loading role may; see below.
            CONTINUE WHEN place = '$1' AND one ~ 'evil|admins';
            BEGIN
                EXECUTE one;
                RAISE WARNING 'attack: allowed: %', one;
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
        END LOOP;
        RETURN true;
    END"
}

succeeds 'the attack' whole_attack generated
succeeds 'the dump' "$DSQL" local dump --dir "$CLUSTER_DIR" "$file"
succeeds 'another cluster' "$DSQL" local start --dir "$other" --port 0
succeeds 'the restore' "$DSQL" local restore --dir "$other" "$file"
# What ran, and as whom: pg_restore does not show it.
output=$(grep -a 'attack: ' "$other/restore.log" || true)
for place in check domain generated index predicate operator cast 'materialized view' \
    'constraint of another'; do
    says "attack: $place runs as "
done
case $output in
*'superuser: t'*) fail_check 'the attack ran as a superuser' "$output" ;;
esac
equals 'traces' "$(ls "$marks")" ''
equals 'superusers' "$(query "$other" "SELECT string_agg(rolname, ' ') FROM pg_roles
    WHERE rolsuper AND rolname !~ '^pg_'")" dsql_owner
equals 'members' "$(query "$other" "SELECT count(*) FROM pg_auth_members
    WHERE member = 'mallory'::regrole")" 0
equals 'roles' "$(query "$other" "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles
    WHERE rolname !~ '^pg_'")" 'admin dsql_owner mallory'
equals 'attributes' "$(query "$other" "SELECT rolcreaterole FROM pg_roles WHERE rolname = 'mallory'")" f
equals 'mappings' "$(query "$other" 'SELECT count(*) FROM sys.iam_pg_role_mappings')" 0
equals 'the rows of another' "$(query "$other" 'SELECT id FROM public.admins')" 1
equals 'its owner' "$(query "$other" "SELECT relowner::regrole FROM pg_class WHERE relname = 'admins'")" admin
equals 'schemas' "$(query "$other" "SELECT count(*) FROM pg_namespace WHERE nspname = 'evil'")" 0

# refuses WHAT: the restore of this cluster fails, and leaves no trace.
refuses() {
    succeeds "$1: dump" "$DSQL" local dump --dir "$CLUSTER_DIR" "$file"
    fails "$1: restore" "$DSQL" local restore --dir "$other" "$file"
    says 'Nothing was changed'
    equals "$1: tables" "$(query "$other" "SELECT count(*) FROM pg_class WHERE relname = 'admins'")" 0
    equals "$1: roles" "$(query "$other" "SELECT string_agg(rolname, ' ' ORDER BY rolname)
        FROM pg_roles WHERE rolname !~ '^pg_'")" 'admin dsql_owner'
    equals "$1: traces" "$(ls "$marks")" ''
}

# What an attack may do, it does not do unseen.  For the data, the loading role inserts.
succeeds 'the end of the other' "$DSQL" local destroy --dir "$other"
succeeds 'a new one' "$DSQL" local start --dir "$other" --port 0
succeeds 'an attack on rows' attack "BEGIN
    IF place = 'check' THEN INSERT INTO public.admins VALUES (666); END IF;
    RETURN true; END"
refuses 'rows of another'

succeeds 'the attack everywhere' whole_attack nowhere
refuses 'everything at once'

# To create a table, PostgreSQL may evaluate the expression of a generated column.
succeeds 'an attack on a table' attack "BEGIN
    IF place = 'generated' THEN
        CREATE RULE backdoor AS ON INSERT TO a.first DO ALSO SELECT m.attack('backdoor');
    END IF;
    RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END"
refuses 'a rule on a table of another'

# A function of an index of admin's runs as admin, who may create roles.
succeeds 'the end of it' attack 'BEGIN RETURN true; END'
succeeds 'the index' query "$CLUSTER_DIR" "SET ROLE admin;
    CREATE INDEX ON public.admins ((m.quiet('admin')))"
succeeds 'an attack by an index of admin' attack "BEGIN
    IF current_user = 'admin' THEN CREATE ROLE evil; GRANT evil TO mallory; END IF;
    RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END"
refuses 'an index of another'

# A foreign key is checked by a query, whose plan may need the expression of an index.
succeeds 'the foreign key' mallory 'ALTER TABLE m.indexed ADD FOREIGN KEY (id) REFERENCES public.admins'
succeeds 'the attack' whole_attack generated
refuses 'a foreign key'

finish_checks
