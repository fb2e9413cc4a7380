# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Makes a shell script of a page: see run.  A program begins with a comment that names its file.
function end_of_block() {
    if (language == "sql" || language == "file") print "GUIDE_END"
    language = ""
}

language != "" && /^```/ { end_of_block(); next }

language == "c?" {
    if (match($0, /^\/\* [a-z_]+\.c:/)) {
        name = substr($0, RSTART + 3, RLENGTH - 4)
        printf "cat >%s <<'GUIDE_END'\n%s\n", name, $0
        language = "file"
    } else {
        language = "snippet"
    }
    next
}
# set -e does not look at a command that begins with "!".
language == "sh" && /^! / { print $0 " || exit 1"; next }
language == "sh" || language == "sql" || language == "file" { print; next }
language != "" { next }

/^```sh$/ { print "echo '$ line " FNR "'"; language = "sh"; next }
/^```sql$/ { print "dsql psql -- -X -q -v ON_ERROR_STOP=1 <<'GUIDE_END'"; language = "sql"; next }
/^```c$/ { language = "c?"; next }
/^```/ { language = "other"; next }
