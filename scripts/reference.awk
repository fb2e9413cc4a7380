# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Makes the configuration reference of dsql(7), in scdoc's language: see make-reference.  Reads the
# sources that have the tables, and the manual pages that have the texts; what is in one of them and
# not in the other is an error.

# ---- What no table of the sources says: which settings of different kinds are the same ----

BEGIN {
    # FIELD: variables that only the library reads elsewhere; options of the command; a remark.
    also["host"] = "*CLUSTER_ENDPOINT* (command)|option_host|"
    also["user"] = "*CLUSTER_USER* (command)|option_user|"
    also["port"] = "|option_port|"
    also["region"] = "*AWS_REGION*, *AWS_DEFAULT_REGION*|option_region|"
    also["profile"] = "*AWS_PROFILE*|option_profile|"
    also["ca_file"] = "*PGSSLROOTCERT*||"
    also["token_seconds"] = "|option_expires_in|"
    # The keywords of numbers: settings.c reads each in a function of its own.
    keyword_of["token_seconds"] = "token_duration_secs"
    keyword_of["connect_timeout_ms"] = "connect_timeout"
    keyword_of["max_attempts"] = "occ_max_retries"
    remark["connect_timeout"] = " in seconds; 0 or less stands for no limit"
    remark["occ_max_retries"] = " minus 1"
    # In a transaction's own options this one has a shorter name.
    same_as["timeout_ms"] = "transaction_timeout_ms"
    split("dsql_options dsql_pool dsql_transaction dsql_batch", pages, " ")
    split("Connection,Pool,Transactions,Batches", headings, ",")
    split("options transaction_options batch_options", structs, " ")
}

function complain(what) {
    print "make-reference: " what | "cat >&2"
    failed = 1
}

# ---- Reading: a file at a time ----

FNR == 1 { end_of_file() }
{ text = text $0 "\n"; file = FILENAME }
END { end_of_file(); check_all(); if (!failed) print_all(); close("cat >&2"); exit failed }

function end_of_file() {
    if (file ~ /\.scd$/) read_page()
    else if (file != "") {
        note_variables()
        gsub(/\/\*[^*]*\*+([^\/*][^*]*\*+)*\//, "", text)
        gsub(/[ \t\n]+/, " ", text)
        read_constants()
        if (file ~ /dsql\.h$/) read_header()
        if (file ~ /config\/settings\.c$/) read_settings()
        if (file ~ /config\/keywords\.c$/) read_keywords()
        if (file ~ /environment_guard\.c$/) read_guard()
        if (file ~ /cli\/options\.c$/) read_options()
        if (file ~ /proxy_target\.c$/) read_cluster_words()
        if (file ~ /cli\//) read_commands()
    }
    text = ""
}

# The variables that the sources name as strings: what they read, set or remove.
function note_variables(    rest) {
    rest = text
    while (match(rest, /"(PG[A-Z_]+|(AWS|CLUSTER|XDG|NODE|DSQL)_[A-Z0-9_]+|HOME|TMPDIR|NOTIFY_SOCKET)"/)) {
        in_sources[substr(rest, RSTART + 1, RLENGTH - 2)] = 1
        rest = substr(rest, RSTART + RLENGTH)
    }
    all_sources = all_sources text
}

function read_constants(    rest, pair) {
    rest = text
    while (match(rest, /[A-Z][A-Z0-9_]+ = [A-Z0-9_ *<]+ ?[,}]/)) {
        split(substr(rest, RSTART, RLENGTH - 1), pair, " = ")
        constant[pair[1]] = pair[2]
        rest = substr(rest, RSTART + RLENGTH)
    }
    rest = text
    while (match(rest, /#define [A-Z_]+ "[^"]*"/)) {
        split(substr(rest, RSTART + 8, RLENGTH - 8), pair, " ")
        constant[pair[1]] = pair[2]
        gsub(/"/, "", constant[pair[1]])
        rest = substr(rest, RSTART + RLENGTH)
    }
}

# A number, a constant, or a product of them.
function value(name,    parts, n, i, product) {
    gsub(/^ +| +$/, "", name)
    if (name ~ /^-?[0-9]+$/) return name + 0
    if (name ~ /^[0-9]+ << [0-9]+$/) { split(name, parts, " << "); return parts[1] * 2 ^ parts[2] }
    if (name ~ / \* /) {
        n = split(name, parts, / \* /)
        product = 1
        for (i = 1; i <= n; i++) product *= value(parts[i])
        return product
    }
    if (!(name in constant)) { complain("no constant " name); return 0 }
    return value(constant[name])
}

# The fields of the public structs of options, in their order.
function read_header(    i, start, body, lines, n, j, name) {
    for (i = 1; i in structs; i++) {
        body = substr(text, 1, index(text, "} dsql_" structs[i] ";") - 1)
        while ((start = index(body, "typedef struct {")) > 0) body = substr(body, start + 16)
        n = split(body, lines, ";")
        for (j = 1; j <= n; j++) {
            name = lines[j]
            if (name ~ /\(\*/) { sub(/.*\(\*/, "", name); sub(/\).*/, "", name) }
            else sub(/.*[ *]/, "", name)
            if (name == "" || name == "struct_size") continue
            fields[++field_count] = name
            is_field[name] = is_field[name] " dsql_" structs[i]
            is_number[name] = is_number[name] || lines[j] ~ /(int|size_t) [a-z_]+$/
        }
    }
}

function read_settings(    rest, parts) {
    rest = text
    while (match(rest, /\{"[a-z_]+", [^{}",]+, [^{}",]+, [^{}",]+, (true|false)\}/)) {
        split(substr(rest, RSTART + 2, RLENGTH - 3), parts, /"?, /)
        add_rule(parts[1], value(parts[2]), value(parts[3]), value(parts[4]), parts[5] == "true")
        rest = substr(rest, RSTART + RLENGTH)
    }
    rest = text
    while (match(rest, /pick\(options->[a-z_]+, list, "[a-z_]+", ("[A-Z]+"|NULL)\)/)) {
        split(substr(rest, RSTART + 14, RLENGTH - 15), parts, ", ")
        gsub(/"/, "", parts[3])
        gsub(/"/, "", parts[4])
        keyword_of[parts[1]] = parts[3]
        if (parts[4] != "NULL") variable_of[parts[1]] = parts[4]
        rest = substr(rest, RSTART + RLENGTH)
    }
}

function add_rule(name, min, max, default_value, is_open) {
    if (!(name in is_field)) complain("settings.c checks " name ", which is not a field")
    has_rule[name] = 1
    lowest[name] = min
    highest[name] = max
    preset[name] = default_value
    may_be_open[name] = is_open
}

# The strings of {"a", "b", "c"} or of {"a", NAME}, into out; returns what follows.
function read_row(rest, out,    row, n, i) {
    delete out[1]
    match(rest, /\{"[^}]*\}/)
    row = substr(rest, RSTART + 1, RLENGTH - 2)
    n = split(row, out, /, /)
    for (i = 1; i <= n; i++) {
        if (out[i] in constant) out[i] = constant[out[i]]
        gsub(/"/, "", out[i])
    }
    return substr(rest, RSTART + RLENGTH)
}

function table(start,    rest) {
    rest = substr(text, index(text, start))
    if (index(text, start) == 0) complain(file ": no table " start)
    return substr(rest, 1, index(rest, "};"))
}

function read_keywords(    rest, row, names, n, i) {
    rest = table("} aliases[] = {")
    while (rest ~ /\{"/) {
        rest = read_row(rest, row)
        aliases[row[2]] = aliases[row[2]] ", _" row[1] "_"
    }
    rest = table("resolved[] = {")
    n = split(rest, names, /[{},]+ ?/)
    for (i = 2; i <= n; i++) {
        gsub(/"/, "", names[i])
        if (names[i] in constant) names[i] = constant[names[i]]
        if (names[i] != "") resolved[++resolved_count] = names[i]
    }
    fixed_count = read_reasons(table("fixed_keywords[] = {"), fixed, fixed_value, fixed_why)
    refused_count = read_reasons(table("refused[] = {"), refused, refused_value, refused_why)
}

# Texts have commas, so the strings are taken one after the other.
function read_reasons(rest, names, values, whys,    count, parts) {
    while (match(rest, /\{"[^"]*", "[^"]*", "[^"]*"\}/)) {
        split(substr(rest, RSTART, RLENGTH), parts, "\"")
        count++
        names[count] = parts[2]
        values[parts[2]] = parts[4]
        whys[parts[2]] = parts[6]
        rest = substr(rest, RSTART + RLENGTH)
    }
    return count
}

function read_guard(    rest, row, which) {
    for (which = 1; which <= 2; which++) {
        rest = table(which == 1 ? "rule rules[] = {" : "kerberos_rules[] = {")
        while (rest ~ /\{"/) {
            rest = read_row(rest, row)
            guarded[++guarded_count] = row[1]
            guard_value[row[1]] = row[2]
            guard_since[row[1]] = row[3]
        }
    }
}

# ---- The command's tables ----

# NUMBER(port, 0, PORT_MAX), STRING(user): the settings of a proxy's cluster.
function read_cluster_words(    rest, parts, name) {
    rest = table("struct word words[] = {")
    while (match(rest, /(NUMBER|STRING)\([^)]*\)/)) {
        split(substr(rest, RSTART + 7, RLENGTH - 8), parts, ", ")
        name = parts[1]
        cluster_words[name] = ""
        if (substr(rest, RSTART, 6) == "NUMBER")
            cluster_words[name] = value(parts[2]) " to " value(parts[3]) unit_of(name)
        rest = substr(rest, RSTART + RLENGTH)
    }
}

# OPTION option_x = {"name", 'x', "ARG", "choices", "help" "help"};
function read_options(    rest, row, id, parts, n, i) {
    rest = text
    while (match(rest, /OPTION option_[a-z_]+ = \{[^}]*\};/)) {
        row = substr(rest, RSTART + 7, RLENGTH - 7)
        rest = substr(rest, RSTART + RLENGTH)
        id = substr(row, 1, index(row, " ") - 1)
        options[++option_count] = id
        n = split(row, parts, "\"")
        option_name[id] = parts[2]
        letter[id] = match(row, /'.'/) ? substr(row, RSTART + 1, 1) : ""
        # After the name: ', ' or NULL between strings; the help is what follows the choices.
        i = parts[3] ~ /NULL, NULL/ ? 4 : parts[3] ~ /NULL/ ? 4 : 6
        argument[id] = i == 6 ? parts[4] : ""
        if (i == 6 && parts[5] !~ /NULL/) i = 8
        help[id] = ""
        for (; i <= n; i += 2) help[id] = help[id] parts[i]
        if (help[id] == "") complain("option --" option_name[id] " has no text")
    }
}

# Lists of options, and the rows of commands that name them.
function read_commands(    rest, row, name, prefix) {
    rest = text
    while (match(rest, /command_option \*const [a-z_]+\[?\]? ?= \{[^}]*\}/)) {
        row = substr(rest, RSTART + 22, RLENGTH - 22)
        rest = substr(rest, RSTART + RLENGTH)
        name = row
        sub(/[[ ].*/, "", name)
        sub(/^[^{]*\{/, "", row)
        list_of[name] = row
    }
    rest = text
    while (match(rest, /(struct command [a-z_]+(\[\])? = \{|\{?\.name = "[a-z]+",)/)) {
        row = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        if (row ~ /^struct/) {
            split(row, name_parts, " ")
            name = name_parts[3]
            sub(/\[\]/, "", name)
            prefix = name == "local_commands" ? "local " : name == "iam_commands" ? "local iam " : name == "proxy_commands" ? "proxy " : ""
            is_root = name == "command_root"
            continue
        }
        split(row, name_parts, "\"")
        row = rest
        if (match(row, /\.name = |\{0\}/)) row = substr(row, 1, RSTART - 1)
        commands[++command_count] = is_root ? "dsql" : prefix name_parts[2]
        lists_of[command_count] = ""
        if (match(row, /\.options = [a-z_]+/))
            lists_of[command_count] = substr(row, RSTART + 11, RLENGTH - 11)
        if (match(row, /\.shared_options = [a-z_]+/))
            lists_of[command_count] = lists_of[command_count] " " substr(row, RSTART + 18, RLENGTH - 18)
    }
}

# The commands that have an option, separated by commas.
function commands_with(id,    i, j, n, names, found) {
    if (id == "option_help") return "every command"
    for (i = 1; i <= command_count; i++) {
        n = split(lists_of[i], names, " ")
        for (j = 1; j <= n; j++) {
            if (!(names[j] in list_of)) complain("no list " names[j])
            if (index(list_of[names[j]] ",", "&" id ",") > 0)
                found = found (found == "" ? "" : ", ") commands[i]
        }
    }
    return found
}

# ---- The texts of the manual pages ----

# Entries: names at the margin, and the indented text below.
function read_page(    page, lines, n, i, section, part) {
    page = file
    sub(/.*\//, "", page)
    n = split(text, lines, "\n")
    for (i = 1; i <= n; i++) {
        if (lines[i] ~ /^# /) section = substr(lines[i], 3)
        if (section == "OPTIONS" && page ~ /\.3\.scd$/) read_entry(page, lines, i)
        if (lines[i] ~ /^## /) part = lines[i]
        if (page == "dsql-proxy.1.scd" && part == "## Clusters") read_cluster_entry(lines, i)
        if (section == "ENVIRONMENT" && lines[i] !~ /^# /)
            environment[page] = environment[page] lines[i] "\n"
    }
}

function read_entry(page, lines, i,    key, names, n, j, body) {
    if (lines[i] !~ /^_[a-z_]+_/) return
    key = lines[i]
    while (lines[i + 1] ~ /^\t/) body = body lines[++i] "\n"
    if (body == "") return
    entries[page, ++entry_count[page]] = key
    body_of[page, entry_count[page]] = body
    n = split(key, names, /[ ,]+/)
    for (j = 1; j <= n; j++)
        if (names[j] ~ /^_[a-z_]+_/) {
            gsub(/^_|_\)?$/, "", names[j])
            if (names[j] in documented) complain(names[j] " is documented twice")
            documented[names[j]] = page SUBSEP entry_count[page]
        }
}

function read_cluster_entry(lines, i,    names, n, j) {
    if (lines[i] !~ /^\*[a-z_]+\*/ || lines[i + 1] !~ /^\t/) return
    cluster_keys[++cluster_key_count] = lines[i]
    n = split(lines[i], names, /[* ,]+/)
    for (j = 1; j <= n; j++) if (names[j] != "") is_said_of_cluster[names[j]] = 1
    while (lines[i + 1] ~ /^\t/) cluster_bodies[cluster_key_count] = cluster_bodies[cluster_key_count] lines[++i] "\n"
}

# ---- Checks ----

function check_all(    i, name, number) {
    # Batches have no table of rules.
    add_rule("max_rows", 1, value("MOST_ROWS"), value("DEFAULT_ROWS"), 0)
    add_rule("max_bytes", 1, value("MOST_BYTES"), value("DEFAULT_BYTES"), 0)
    for (i = 1; i <= field_count; i++) {
        name = fields[i]
        if (!(name in documented)) complain("no manual page has the field " name)
        if (is_number[name] && !(name in has_rule) && !(name in same_as) && !is_flag(name))
            complain("nothing checks the range of the field " name)
        if (name in has_rule) check_default(name)
    }
    for (name in documented)
        if (!(name in is_field)) complain(documented_page(name) ": " name " is not a field")
    check_keywords()
    check_variables()
    for (i = 1; i <= option_count; i++)
        if (commands_with(options[i]) == "") complain("no command has --" option_name[options[i]])
    for (name in cluster_words)
        if (!(name in is_said_of_cluster)) complain("man/dsql-proxy.1.scd has not the setting " name)
    for (name in is_said_of_cluster)
        if (!(name in cluster_words)) complain("man/dsql-proxy.1.scd: " name " is not a setting of a cluster")
    for (name in also) if (!(name in is_field)) complain("no field " name)
    for (name in keyword_of) if (!(name in is_field)) complain("no field " name)
}

function documented_page(name,    parts) {
    split(documented[name], parts, SUBSEP)
    return "man/" parts[1]
}

function is_flag(name) { return name == "read_only" || name == "reset_on_release" }

# The page says the default that the code has.
function check_default(name,    said, number) {
    said = body_of[documented[name]]
    gsub(/[\t\n]+/, " ", said)
    number = preset[name]
    if (number == -1) { if (said !~ /Default: no limit/) complain(name ": the page does not say that there is no limit"); return }
    if (number % 1048576 == 0 && number > 0) number = number / 1048576 " MiB"
    if (said !~ ("([Dd]efault:|, then) " number "[^0-9]"))
        complain(documented_page(name) ": " name " has the default " number)
}

function check_keywords(    i, name, known) {
    for (name in keyword_of) is_keyword_of_field[keyword_of[name]] = name
    for (i = 1; i <= resolved_count; i++) {
        known = resolved[i]
        if (!(known in is_keyword_of_field) && !(known in fixed_value))
            complain("the keyword " known " has no field")
        is_resolved[known] = 1
    }
    for (name in keyword_of)
        if (!(keyword_of[name] in is_resolved)) complain("keywords.c does not resolve " keyword_of[name])
    for (name in aliases)
        if (!(name in is_resolved)) complain("an alias of " name ", which is not a keyword")
}

# Each variable of the sources is in a page, and each of a page in the sources or in libpq.
function check_variables(    page, rest, name, own) {
    for (page in environment) {
        rest = environment[page]
        while (match(rest, /\*[A-Z][A-Z0-9_]+[A-Z0-9]\*/)) {
            said[substr(rest, RSTART + 1, RLENGTH - 2)] = page
            rest = substr(rest, RSTART + RLENGTH)
        }
    }
    for (name in in_sources) if (!(name in said)) complain("no manual page has the variable " name)
    own = "^(PG|AWS_|CLUSTER_|XDG_|NODE_)"
    for (name in said)
        if (name ~ own && name !~ /^PG(TZ|DATESTYLE|GEQO|CLIENTENCODING|USER|PASSWORD|PASSFILE)$/ &&
            all_sources !~ ("[^A-Z_]" name "[^A-Z_]"))
            complain("man/" said[name] ": nothing reads the variable " name)
}

# ---- Writing ----

function unit_of(name) {
    return name ~ /_ms$/ ? " milliseconds" : name ~ /(_s|_seconds)$/ ? " seconds" : name ~ /bytes$/ ? " bytes" : ""
}

# What the tables say of a field: a line of its own, or nothing.
function facts(name, is_alone,    out, parts, id, where) {
    if (name in has_rule && body_of[documented[name]] !~ (lowest[name] " to " highest[name]))
        out = out (is_alone ? "Range: " : "Range of _" name "_: ") lowest[name] " to " highest[name] unit_of(name) \
            (may_be_open[name] ? ", or -1" : "") "."
    split(also[name], parts, "|")
    if (name in keyword_of) where = where "; keyword _" keyword_of[name] "_"
    if (name in variable_of) where = where "; *" variable_of[name] "*"
    if (parts[1] != "") where = where (where ~ /\*$/ ? ", " : "; ") parts[1]
    if (parts[2] != "") {
        id = parts[2]
        where = where "; " (letter[id] == "" ? "" : "*-" letter[id] "*, ") "*--" option_name[id] "*"
    }
    if (where != "") out = out (out == "" ? "" : " ") "Also: " substr(where, 3) "."
    return out
}

function print_entry(key, body, lines) {
    sub(/\n$/, "", body)
    print key
    print (lines == "" ? body : body "++\n" lines) "\n"
}

function print_fields(    i, j, page, n, names, k, lines, name, line) {
    for (i = 1; i in pages; i++) {
        page = pages[i] ".3.scd"
        print "## " headings[i] ": " pages[i] "(3)\n"
        for (j = 1; j <= entry_count[page]; j++) {
            n = split(entries[page, j], names, /[ ,]+/)
            lines = ""
            for (k = 1; k <= n; k++) {
                if (names[k] !~ /^_[a-z_]+_/) continue
                name = names[k]
                gsub(/^_|_\)?$/, "", name)
                line = facts(name, n == 1 || names[2] ~ /^\(/)
                if (line != "") lines = lines (lines == "" ? "" : "++\n") line
            }
            print_entry(entries[page, j], body_of[page, j], lines)
        }
    }
}

function print_keywords(    i, j, name, names, known) {
    print "## Keywords of a connection string\n"
    print "_conninfo_ and _pq_keywords_ take these keywords and all others that the loaded libpq knows. An\nunknown keyword is an error.\n"
    for (i = 1; i <= resolved_count; i++)
        if (is_keyword_of_field[resolved[i]] == resolved[i] && !(resolved[i] in aliases))
            names = names (names == "" ? "" : ", ") "_" resolved[i] "_"
    print_entry(names, "\t" "The fields of these names.")
    for (i = 1; i <= resolved_count; i++) {
        name = resolved[i]
        if (name in fixed_value || (is_keyword_of_field[name] == name && !(name in aliases))) continue
        print_entry("_" name "_" aliases[name], "\t" "The field _" is_keyword_of_field[name] "_" remark[name] ".")
    }
    print "These may only have the value that libdsql sets:\n"
    for (i = 1; i <= fixed_count; i++)
        print_entry("_" fixed[i] "=" fixed_value[fixed[i]] "_", "\tReason: " fixed_why[fixed[i]] ".")
    print_entry("_ssl_min_protocol_version_, _ssl_max_protocol_version_", "\tTLSv1.2 or later.")
    print "These are not allowed:\n"
    for (i = 1; i <= refused_count; i = j) {
        names = "_" refused[i] "_"
        for (j = i + 1; j <= refused_count && refused_why[refused[j]] == refused_why[refused[i]]; j++)
            names = names ", _" refused[j] "_"
        print_entry(names, "\tReason: " refused_why[refused[i]] ".")
    }
    print "Instead of libpq's defaults, and of its variables, these hold unless you give the keyword:\n"
    names = ""
    for (i = 1; i <= guarded_count; i++) {
        name = guarded[i]
        known = guard_value[name] ~ /none$/ ? "_" name "_ (no file)" : "_" name "=" guard_value[name] "_"
        if (guard_since[name] != 0) known = known " (libpq " int(value(guard_since[name]) / 10000) ")"
        names = names (i == 1 ? "" : ", ") known
    }
    print names ".\n"
}

function print_options(    i, id, words) {
    print "## Options of the command: dsql(1)\n"
    print "An option belongs to the commands that are named below it.\n"
    for (i = 1; i <= option_count; i++) {
        id = options[i]
        words = help[id]
        words = toupper(substr(words, 1, 1)) substr(words, 2) "."
        print_entry((letter[id] == "" ? "" : "*-" letter[id] "*, ") "*--" option_name[id] "*" \
            (argument[id] == "" ? "" : " _" argument[id] "_"),
            "\t" words "++\nIn: " commands_with(id) ".")
    }
}

function print_cluster(    i, j, n, names, lines) {
    print "## Settings of a cluster of a proxy: dsql-proxy(1)\n"
    for (i = 1; i <= cluster_key_count; i++) {
        n = split(cluster_keys[i], names, /[* ,]+/)
        lines = ""
        for (j = 1; j <= n; j++)
            if (names[j] != "" && cluster_words[names[j]] != "")
                lines = lines (lines == "" ? "" : "++\n") "Range of *" names[j] "*: " cluster_words[names[j]] "."
        print_entry(cluster_keys[i], cluster_bodies[i], lines)
    }
}

# The sections of the pages, one after the other; the first page that has an entry keeps it.
function print_environment(    order, n, i) {
    n = split("dsql_options.3 dsql_credentials.3 dsql.1 dsql-local.1 dsql-exec.1 dsql-proxy.1", order, " ")
    for (i = 1; i <= n; i++) print_variables(order[i] ".scd")
}

function print_variables(page,    lines, n, i, key, body) {
    print "## " (page ~ /options/ ? "Connections: dsql_options(3)" : page ~ /credentials/ ? "Credentials: dsql_credentials(3)" : \
        page ~ /^dsql\.1/ ? "The command" : page ~ /local/ ? "Local clusters: dsql-local(1)" : page ~ /proxy/ ? "Proxies: dsql-proxy(1)" : "Programs that are run by dsql-exec(1)") "\n"
    n = split(environment[page], lines, "\n")
    for (i = 1; i <= n; i++) {
        key = lines[i]
        if (key ~ /^\*[A-Z_0-9]+\*/ && lines[i + 1] ~ /^\t/) {
            body = ""
            while (lines[i + 1] ~ /^\t/) body = body lines[++i] "\n"
            if (!(key in printed) && body !~ /As in \*|Defaults of the options above/) print_entry(key, body)
            printed[key] = 1
        } else if (key != "" && key !~ /lists? the (other )?(variables|\*?_?AWS)/)
            print key (lines[i + 1] == "" ? "\n" : "")
    }
}

function print_all() {
    print "#OPTIONS"
    print_fields()
    print_keywords()
    print_options()
    print_cluster()
    print "#ENVIRONMENT"
    print_environment()
}
