#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# The ORMs' own migrations: a first one, a second one with a column and an index, and the difference
# between schema and models.  Each line of orms/expected is an answer that docs/guide/orms.md explains.
# Those of Node.js come from npm's registry, into the build directory; Django and ActiveRecord are
# Debian's.  What cannot be had is left out; if nothing can, the test is skipped.
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
. "$(dirname "$0")/proxy.sh"
orms=$(cd "$(dirname "$0")/orms" && pwd)

# Node finds modules beside the scripts.
work=$BUILD/orms
mkdir -p "$work"
cp "$orms/package.json" "$orms"/*.mjs "$work"
NODE_MODULES=$work/node_modules
export NODE_MODULES
if ! command -v npm >/dev/null; then
    echo 'left out: the ORMs of Node.js: there is no npm'
elif [ ! -d "$NODE_MODULES/typeorm" ] && ! (cd "$work" && timeout 300 npm install --ignore-scripts --no-audit --no-fund >"$scratch/npm" 2>&1); then
    rm -rf "$NODE_MODULES"
    echo 'left out: the ORMs of Node.js: npm could not install them:'
    tail -n 5 "$scratch/npm"
fi

forget_cluster
"$DSQL" proxy "$cluster" >/dev/null 2>"$scratch/log" &
proxy=$!
succeeds 'the proxy' "$DSQL" proxy wait --timeout 30
environment=$("$DSQL" proxy env)
eval "$environment"

ran=""
# runs NAME COMMAND...: in an empty schema.
runs() {
    name=$1
    shift
    ran=yes
    printf 'runs: %s\n' "$name"
    timeout 300 "$@" >"$scratch/said" 2>"$scratch/errors" || :
    grep "^$name: " "$orms/expected" >"$scratch/wanted"
    grep "^$name: " "$scratch/said" >"$scratch/answers" || :
    succeeds "$name" diff "$scratch/wanted" "$scratch/answers"
    psql -X -q >/dev/null 2>&1 <<'END'
SELECT format('DROP TABLE %s CASCADE', oid::regclass) FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \gexec
END
}

if [ -d "$NODE_MODULES/typeorm" ]; then
    for orm in prisma knex kysely node-pg-migrate sequelize typeorm; do
        runs "$orm" node "$work/$orm.mjs"
    done
    runs drizzle-kit node "$work/drizzle.mjs"
fi
python=${PYTHON:-/usr/bin/python3}
if "$python" -c 'import django, psycopg2' 2>/dev/null; then
    runs django "$python" "$orms/django_orm.py"
else
    echo 'left out: Django (Debian: python3-django, python3-psycopg2)'
fi
if command -v ruby >/dev/null && ruby -e "require 'logger'; require 'active_record'; require 'pg'" 2>/dev/null; then
    runs active_record ruby "$orms/active_record.rb"
else
    echo 'left out: ActiveRecord (Debian: ruby-activerecord, ruby-pg)'
fi
if [ -z "$ran" ]; then
    echo 'skipped: no ORM could be had'
    exit 77
fi
finish_checks
