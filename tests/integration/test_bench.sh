#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# What bench/run makes of measurements, with programs that answer what the test says: the table, the
# files, the comparison with a baseline, peers that are not installed, and programs that fail.
# usage: test_bench.sh
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/build/bench" "$scratch/programs" "$scratch/out"

# No node, java or pgbouncer.
for program in ruby env sh; do
    ln -s "$(command -v $program)" "$scratch/programs/$program"
done

# answers PROGRAM NAME=NUMBER...: a program of the bench that is asked for rounds.
answers() {
    file=$scratch/build/bench/bench_$1
    shift
    {
        cat <<'SH'
#!/bin/sh
echo ready
while read -r name count; do
case $name in
SH
        for answer; do
            echo "${answer%%=*}) echo ${answer#*=} ;;"
        done
        echo '*) exit 1 ;;'
        echo 'esac'
        echo 'done'
    } >"$file"
    chmod +x "$file"
}

bench() {
    PATH=$scratch/programs PGBOUNCER=/nonexistent/pgbouncer "$scratch/programs/ruby" "$root/bench/run" \
        --out "$scratch/out" --baseline "$scratch/baseline.json" "$@"
}

answers token cached=100 floor_cached=120 derived=400 floor_derived=200
answers process ms=9 cpu_ms=3 rss_kib=5120
answers hmac
cat >"$scratch/baseline.json" <<JSON
[
  {"name":"token.cached.vs_floor","value":1.4,"unit":"x"},
  {"name":"token.derived.vs_floor","value":0.9,"unit":"x"},
  {"name":"token.process_ms","value":2.9,"unit":"ms"},
  {"name":"token.process_rss_mib","value":4.0,"unit":"MiB"},
  {"name":"connect.overhead_percent","value":-0.1,"unit":"%"}
]
JSON

succeeds 'two groups' bench "$scratch/build" token gateway
says '[1/3, 0:00] token.cached, token.derived'
says 'token.cached.vs_floor                   1.200 x                    0.7  met      100 ns; OpenSSL'
says 'token.derived.vs_floor                  0.500 x                    0.7  not met  400 ns; OpenSSL'
says 'left out: token.cached.vs_js: node and npm are needed'
says 'left out: gateway.*.vs_pgbouncer: pgbouncer and pgbench are needed'
says 'worse than the baseline: token.derived.vs_floor is 0.500 x, was 0.900'
says 'worse than the baseline: token.process_rss_mib is 5.000 MiB, was 4.000'
says "written: $scratch/out/bench.json"
checks=$((checks + 1))
case $output in
*'baseline: token.cached'* | *'baseline: token.process_ms'*) fail_check 'within 20 % of the baseline' "$output" ;;
esac
equals 'bench.json' "$(cat "$scratch/out/bench.json")" '[
  {"name":"token.cached.vs_floor","value":1.2,"unit":"x"},
  {"name":"token.derived.vs_floor","value":0.5,"unit":"x"},
  {"name":"token.process_ms","value":3.0,"unit":"ms"},
  {"name":"token.process_rss_mib","value":5.0,"unit":"MiB"}
]'
for bar in token.cached.vs_floor token.derived.vs_floor token.process_ms token.process_rss_mib; do
    equals "bars of $bar" "$(grep -c ">$bar<" "$scratch/out/bench.svg")" 1
done
succeeds 'the picture is XML' ruby -rrexml/document -e 'REXML::Document.new(File.read(ARGV[0]))' "$scratch/out/bench.svg"

succeeds 'one group' bench "$scratch/build" token.process
says '[1/1, 0:00] token.process'
succeeds 'a trial' bench --quick "$scratch/build" token.process
says 'these numbers are of a single round'
fails 'a name that is no row' bench "$scratch/build" tokn
says 'no row begins with tokn'
succeeds 'the names' bench --list "$scratch/build"
says 'local.first_start'

# A program that ends is a failure, and the other rows are measured even so.
answers token cached=100
fails 'a program that fails' bench "$scratch/build" token
says 'failed: token.cached, token.derived:'
says 'token.process_ms                        3.000 ms'
finish_checks
