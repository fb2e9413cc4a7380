#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# sys.wait_for_job() sleeps while the job runs, and its memory does not grow.  A job begins when its delay
# is over (an hour, here), or when somebody waits for it.  A slow one holds up no other.  A row of
# sys.job_list that makes no sense fails as a job, and the worker goes on.  There is one worker until there
# is a job.
#
# /*A*/ is ASYNC as the gateway hands it on.
# usage: jobs.sh        (inside extension/test/with_server)
set -eu
# shellcheck source-path=SCRIPTDIR source=../integration/check.sh
. "$(dirname "$0")/../integration/check.sh"

sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "$@"
}

# cpu_ticks PID: hundredths of a second in user and kernel mode.
cpu_ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
anonymous_kb() { sed -n 's/^RssAnon:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }
sleeps() { sed -n 's/^voluntary_ctxt_switches:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }

at_most() {
    checks=$((checks + 1))
    [ "$2" -le "$3" ] || fail_check "$1: $2 is more than $3"
}

# The first worker alone is there until there is a job.
server=$(sql -c "SELECT pg_read_file('postmaster.pid')" | head -n 1)
workers() { pgrep -c -P "$server" -f 'dsql_local jobs' || true; }
all_workers() {
    tries=0
    until [ "$(workers)" = 4 ] || [ $tries -gt 200 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    equals "$1" "$(workers)" 4
}
equals 'workers without a job' "$(workers)" 1

# shellcheck disable=SC2016 # SQL's $1
sql -c 'CREATE FUNCTION slow(int) RETURNS int LANGUAGE sql IMMUTABLE
        AS $$ SELECT $1 FROM pg_sleep(0.005) $$'
sql -c 'CREATE TABLE t (id int PRIMARY KEY, a int)'
sql -c 'INSERT INTO t SELECT i, i FROM generate_series(1, 800) i'
job=$(sql -c 'CREATE INDEX /*A*/ slowly_built ON t (slow(a))')
all_workers 'workers with a job'
sql -c "CALL sys.wait_for_job('$job')" >"$PGHOST/waited" 2>&1 &
waiter=$!
pid=
until [ -n "$pid" ]; do
    pid=$(sql -c "SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL sys.wait_for_job%'")
    sleep 0.1
done
sleep 0.5
ticks=$(cpu_ticks "$pid") kb=$(anonymous_kb "$pid") switches=$(sleeps "$pid")
sleep 2
at_most 'CPU time of a session that waits for two seconds' $(($(cpu_ticks "$pid") - ticks)) 10
at_most 'its memory has grown by so many kB' $(($(anonymous_kb "$pid") - kb)) 256
at_most 'it woke up so often' $(($(sleeps "$pid") - switches)) 30
event=
for _ in $(seq 100); do # it may just look whether the job has ended
    event=$(sql -c "SELECT wait_event_type FROM pg_stat_activity WHERE pid = $pid")
    [ "$event" != Extension ] || break
    sleep 0.1
done
equals 'what it waits for' "$event" Extension
wait "$waiter" || fail_check 'the wait' "$(cat "$PGHOST/waited")"
equals 'the job' "$(cat "$PGHOST/waited")" t

# The statements after CREATE INDEX meet none of its changes.
job=$(sql -c 'CREATE INDEX /*A*/ later ON t (a)')
equals 'statements of the same session' "$(psql -X -q -A -t 2>&1 <<'SQL'
SELECT count(*) FROM t;
CREATE INDEX /*A*/ much_later ON t (a, id) \gset
INSERT INTO t VALUES (801, 801);
DELETE FROM t WHERE id = 801;
SELECT count(*) FROM t;
SQL
)" '800
800'
equals 'the jobs' "$(sql -c "SELECT count(*) FROM sys.jobs WHERE status = 'submitted'")" 2
equals 'one that is waited for' "$(timeout 20 psql -X -q -A -t -c "CALL sys.wait_for_job('$job')")" t
equals 'the other one' "$(sql -c "SELECT count(*) FROM sys.jobs WHERE status = 'submitted'")" 1
sql -c 'DROP INDEX much_later'

# An expression that takes an hour.
# shellcheck disable=SC2016 # SQL's $1
sql -c 'CREATE FUNCTION never(int) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT $1 FROM pg_sleep(3600) $$'
sql -c 'CREATE TABLE s (id int PRIMARY KEY)'
sql -c 'INSERT INTO s VALUES (1)'
slow=$(sql -c 'CREATE INDEX /*A*/ never_built ON s (never(id))')
psql -X -q -A -t -c "CALL sys.wait_for_job('$slow')" >"$PGHOST/slow" 2>&1 &
waiter=$!
until [ "$(sql -c "SELECT status FROM sys.jobs WHERE job_id = '$slow'")" = processing ]; do sleep 0.05; done
other=$(sql -c 'CREATE INDEX /*A*/ other ON t (a)')
equals 'a job beside it' "$(timeout 20 psql -X -q -A -t -c "CALL sys.wait_for_job('$other')")" t
equals 'it' "$(sql -c "SELECT status FROM sys.jobs WHERE job_id = '$slow'")" processing
sql -c 'DROP INDEX never_built'
wait "$waiter" || fail_check 'the wait' "$(cat "$PGHOST/slow")"
sql -c 'SET dsql_local.strict = off; DELETE FROM sys.job_list'

# A session that has used the table and waits for the job knows what it did; one that does not wait is
# stale once.
equals 'who has waited' "$(psql -X -q -A -t 2>&1 <<'SQL'
SELECT count(*) FROM t;
CREATE INDEX /*A*/ waited_for ON t (a) \gset
CALL sys.wait_for_job(:'job_id');
SELECT count(*) FROM t;
SQL
)" '800
t
800'
equals 'who has not' "$(psql -X -q -A -t 2>&1 <<'SQL'
SELECT count(*) FROM t;
CREATE INDEX /*A*/ not_waited_for ON t (a) \gset
\setenv job :job_id
\! psql -X -q -A -t -c "CALL sys.wait_for_job('$job')"
SELECT count(*) FROM t;
SELECT count(*) FROM t;
SQL
)" '800
t
ERROR:  schema has been updated by another transaction (OC001)
DETAIL:  The definition of "t" changed.
HINT:  Run the transaction again.
800'

# The workers are the same processes before and after.
worker() { sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'dsql_local jobs' ORDER BY pid"; }
before=$(worker)
bad_job() {
    sql -c "SET dsql_local.strict = off;
            INSERT INTO sys.job_list SELECT gen_random_uuid(), '$1', $2, '$3', 'submitted', NULL, now(), NULL"
}
bad_job NONSENSE 0 ''
bad_job '' 4294967295 'a"b'
bad_job INDEX_BUILD "'t'::regclass" t
bad_job VALIDATE_CONSTRAINT "'t'::regclass" 'no such; constraint'
sql -c "SET dsql_local.strict = off; UPDATE sys.job_list SET start_time = start_time - interval '1 hour'"
good=$(sql -c 'CREATE INDEX /*A*/ after_them ON t (a)')
succeeds 'a job after them' timeout 20 psql -X -q -A -t -c "CALL sys.wait_for_job('$good')"
equals 'it' "$output" t
equals 'the worker' "$(worker)" "$before"
equals 'what became of them' "$(sql -c "SELECT job_type, status, details FROM sys.jobs
        WHERE job_id NOT IN ('$job', '$good') AND object_id NOT IN
            (SELECT oid FROM pg_class WHERE relname LIKE '%waited_for') ORDER BY start_time" | sed 's/"[^"]*"/X/g')" \
    'NONSENSE|failed|this type of job is not supported
|failed|this type of job is not supported
INDEX_BUILD|completed|relation X does not exist
VALIDATE_CONSTRAINT|failed|constraint X of relation X does not exist'

# Those that have ended are there again with the next job.
equals 'ended workers' "$(sql -c "SET dsql_local.strict = off; SELECT count(pg_terminate_backend(pid))
        FROM pg_stat_activity WHERE backend_type = 'dsql_local jobs'")" 4
good=$(sql -c 'CREATE INDEX /*A*/ after_their_end ON t (a)')
succeeds 'a job after their end' timeout 20 psql -X -q -A -t -c "CALL sys.wait_for_job('$good')"
all_workers 'workers after their end'
finish_checks
