#!/bin/sh
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Asks the shells what they complete with the scripts of `dsql completion`.  Needs no cluster.
# zsh and fish are asked if they are installed.
# usage: test_completion.sh DSQL
set -eu
# shellcheck source-path=SCRIPTDIR source=check.sh
. "$(dirname "$0")/check.sh"
DSQL=$1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dsql-completion.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
export scratch

# Each ask_SHELL WORD... prints the words that complete the last one, in one line.

ask_bash() {
    # shellcheck disable=SC2016 # bash expands it
    bash --norc -c '. "$scratch/dsql.bash"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _dsql
        echo ${COMPREPLY[*]}' bash "$@" 2>/dev/null
}

# Outside of a line editor the functions that add matches are not there: these print them.
ask_zsh() {
    # shellcheck disable=SC2016 # zsh expands it
    zsh -f -c 'compdef() { }
        _describe() { local -a list=(${(P)@[-1]}); print -r -- ${list%%:*} }
        compadd() { local -a list=(${(P)@[-1]}); print -r -- $list }
        compset() { }
        _files() { print -r -- files $* }
        _normal() { print -r -- normal }
        . "$scratch/dsql.zsh"
        words=("$@") CURRENT=$#
        _dsql' zsh "$@" | tr '\n' ' ' | sed 's/ $//'
}

ask_fish() {
    # shellcheck disable=SC2016 # fish expands it
    fish --no-config -c '. "$scratch/dsql.fish"; complete -C "$argv"' -- "$@" | cut -f 1 | tr '\n' ' '
}

# completes SHELL WHAT WANTED... -- WORD...: each wanted word is offered.
completes() {
    shell=$1 what="$1: $2"
    shift 2
    wanted=""
    while [ "$1" != -- ]; do
        wanted="$wanted $1"
        shift
    done
    shift
    output=$("ask_$shell" "$@" 2>&1) || fail_check "$what" "$output"
    for word in $wanted; do
        checks=$((checks + 1))
        case " $output " in
        *" $word "*) ;;
        *) fail_check "$what: '$word' is not offered" "$output" ;;
        esac
    done
}

offers_not() {
    checks=$((checks + 1))
    case " $output " in
    *" $1 "*) fail_check "$what: '$1' is offered" "$output" ;;
    esac
}

check_shell() {
    shell=$1
    "$DSQL" completion "$shell" >"$scratch/dsql.$shell"
    succeeds "$shell reads it" "$shell" -n "$scratch/dsql.$shell"
    completes "$shell" 'commands' token psql local completion -- dsql ''
    offers_not start
    completes "$shell" 'commands of a group' start stop status -- dsql local st
    completes "$shell" 'commands of a group in a group' grant revoke list -- dsql local iam ''
    completes "$shell" 'options' --dir --output --help -- dsql local status --
    completes "$shell" 'choices' text json url -- dsql token --output ''
    completes "$shell" 'choices of another command' text json -- dsql doctor --output ''
    offers_not url
    completes "$shell" 'choices of each option' session transaction -- dsql proxy --pool-mode ''
    offers_not trust
    completes "$shell" 'choices of the next option' scram trust -- dsql proxy --pool-mode session --auth ''
    offers_not transaction
    completes "$shell" 'what has no choices' -- dsql proxy --retries ''
    offers_not session
    completes "$shell" 'shells' bash zsh fish -- dsql completion ''
    completes "$shell" 'codes' DSQL-302 DSQL-303 -- dsql explain DSQL-30
    completes "$shell" 'a value is not a command' --dir -- dsql local start --port stop --
    completes "$shell" 'nothing' -- dsql token ''
    offers_not token
}

check_shell bash
completes bash 'choices after a sign' json -- dsql token --output = j
touch "$scratch/proxy.conf"
completes bash 'a file' "$scratch/proxy.conf" -- dsql proxy --config "$scratch/pro"
for other in zsh fish; do
    if command -v "$other" >/dev/null; then
        check_shell "$other"
    else
        echo "$other is not installed: not asked"
    fi
done

fails 'no shell' "$DSQL" completion
equals 'status' "$status" 2
says 'bash, zsh or fish'
fails 'another shell' "$DSQL" completion tcsh
equals 'status' "$status" 2
finish_checks
