# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Makes C of docs/guide/troubleshooting.md, when the build is configured.
#   -v output=codes         for src/base/message_code.c: each code and its texts.  \001 stands for
#                           anything, \002 for a message that has an entry of its own.
#   -v output=explanations  for src/cli/explain.c: each entry, as plain text
#   -v output=names         for src/cli/explain.c: one string with all codes
# Some awk count characters, others bytes; and backslashes in a replacement mean different things to
# them, so replace() is used instead of gsub().

function replace(text, pattern, by, done) {
    while (match(text, pattern)) {
        done = done substr(text, 1, RSTART - 1) by
        text = substr(text, RSTART + RLENGTH)
    }
    return done text
}

function quote(text) {
    return replace(replace(text, "[\\\\]", "\\\\"), "\"", "\\\"")
}

# The text of "- `text` (origin)".
function key_of(line) {
    sub(/^- `/, "", line)
    sub(/`( \([^)`]*\))?$/, "", line)
    return line
}

# What a code is not found by: advice, and a text of ours with few letters and anything before them, which
# would be found in the texts of others.
function is_left_out(line, key) {
    if (line ~ /\(advice\)$/) return 1 # it says less than what it is added to
    if (line ~ /\)$/) return 0
    key = replace(replace(key, "<[a-z][a-z0-9_ -]*>", "\001"), "…", "\001")
    return key ~ /^\001/ && length(replace(key, "\001", "")) < 16
}

function pattern_of(key) {
    key = replace(quote(key), "<message>", "\\002")
    return replace(replace(key, "<[a-z][a-z0-9_ -]*>", "\\001"), "…", "\\001")
}

# Without Markdown's marks.  A link to another page becomes "text (page)", one to an entry its text.
function plain_of(line, link) {
    while (match(line, /\[[^]]*\]\(#[^)]*\)/)) {
        link = substr(line, RSTART + 1, RLENGTH - 2)
        sub(/\]\(.*/, "", link)
        line = substr(line, 1, RSTART - 1) link substr(line, RSTART + RLENGTH)
    }
    while (match(line, /\[[^]]*\]\([^)]*\)/)) {
        link = substr(line, RSTART + 1, RLENGTH - 2)
        sub(/\]\(/, " (docs/guide/", link)
        line = substr(line, 1, RSTART - 1) link ")" substr(line, RSTART + RLENGTH)
    }
    gsub(/`|\*\*/, "", line)
    return line
}

function end_entry() {
    if (code == "") return
    if (output == "codes") {
        print "{\"" code "\","
        print keys "},"
    } else if (output == "names") {
        print "\"" (count++ ? " " : "") code "\""
    } else {
        print "{\"" code "\", \"" title "\","
        print texts ","
        print prose "},"
    }
    code = ""
}

BEGIN { print "/* Made of docs/guide/troubleshooting.md by scripts/message-table.awk. */" }

/^### DSQL-[0-9]+: / {
    end_entry()
    code = substr($2, 1, length($2) - 1)
    title = $0
    sub(/^### DSQL-[0-9]+: /, "", title)
    title = quote(plain_of(title))
    keys = "\"\""
    texts = "\"\""
    prose = "\"\""
    is_new_paragraph = 0
    next
}
/^#/ || /^<a id/ { end_entry(); next }
code == "" { next }
/^- `/ {
    key = key_of($0)
    texts = texts "\n    \"" quote(key) "\\n\""
    if (!is_left_out($0, key)) keys = keys "\n    \"" pattern_of(key) "\\n\""
    next
}
# A paragraph is one line here: it is wrapped when it is printed.
/^$/ { is_new_paragraph = (prose != "\"\""); next }
{
    if (is_new_paragraph) prose = prose "\n    \"\\n\""
    else if (prose != "\"\"") prose = prose "\n    \" \""
    is_new_paragraph = 0
    prose = prose "\n    \"" quote(plain_of($0)) "\""
}
END { end_entry() }
