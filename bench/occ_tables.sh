# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # the caller sets them
#
# The tables and transactions that the benchmarks of the extension have in common.
# Sourced with $scale and $scratch set.

cat >"$scratch/hot-rows.sql" <<SQL
\\set id random(1, 1000)
UPDATE hot SET v = v + 1 WHERE id = :id;
SQL

# make_tables SCHEMA ACCESS-METHOD: as pgbench has them, but for the fillfactor.
make_tables() {
    PGOPTIONS="-c dsql_local.strict=off -c search_path=$1" psql -X -q -v ON_ERROR_STOP=1 -v am="$2" <<SQL
CREATE SCHEMA $1;
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84)) USING :am;
CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88)) USING :am;
CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84)) USING :am;
CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22)) USING :am;
CREATE TABLE hot (id int PRIMARY KEY, v int) USING :am;
INSERT INTO pgbench_branches SELECT g, 0, '' FROM generate_series(1, $scale) g;
INSERT INTO pgbench_tellers SELECT g, (g - 1) / 10 + 1, 0, '' FROM generate_series(1, 10 * $scale) g;
INSERT INTO pgbench_accounts SELECT g, (g - 1) / 100000 + 1, 0, '' FROM generate_series(1, 100000 * $scale) g;
INSERT INTO hot SELECT g, 0 FROM generate_series(1, 1000) g;
VACUUM ANALYZE;
SQL
}
