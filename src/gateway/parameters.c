/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See parameters.h. */
#include "gateway/parameters.h"

enum parameter_fate { PARAMETER_REFUSED, PARAMETER_PASSED, PARAMETER_DROPPED };

struct parameter_rule {
    const char *name;
    enum parameter_fate fate;
};

/* AWS docs, "Supported configuration parameters".  Dropped: known to Aurora DSQL only. */
static const struct parameter_rule rules[] = {
    {"application_name", PARAMETER_PASSED},
    {"client_encoding", PARAMETER_PASSED},
    {"datestyle", PARAMETER_PASSED},
    {"extra_float_digits", PARAMETER_PASSED},
    {"intervalstyle", PARAMETER_PASSED},
    {"timezone", PARAMETER_PASSED},
    {"search_path", PARAMETER_PASSED},
    {"enable_bitmapscan", PARAMETER_PASSED},
    {"enable_hashjoin", PARAMETER_PASSED},
    {"enable_indexonlyscan", PARAMETER_PASSED},
    {"enable_indexscan", PARAMETER_PASSED},
    {"enable_material", PARAMETER_PASSED},
    {"enable_mergejoin", PARAMETER_PASSED},
    {"enable_nestloop", PARAMETER_PASSED},
    {"enable_seqscan", PARAMETER_PASSED},
    {"dsql.enable_batched_nestloop", PARAMETER_DROPPED},
    {"disable_sync_create_index", PARAMETER_DROPPED},
};

static enum parameter_fate fate_of(struct text name)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (text_equal_nocase(name, text_of(rules[i].name))) {
            return rules[i].fate;
        }
    }
    return PARAMETER_REFUSED;
}

static int shown_length(struct text text)
{
    return text.len < 100 ? (int)text.len : 100;
}

static bool set_parameter(struct text name, struct text value, struct buf *out,
                          struct fatal_error *error)
{
    enum parameter_fate fate = fate_of(name);
    if (fate == PARAMETER_REFUSED) {
        return fatal_error_set(error, "0A000",
                               "setting configuration parameter \"%.*s\" not supported",
                               shown_length(name), name.data);
    }
    if (fate == PARAMETER_PASSED) {
        startup_add(out, name, value);
    }
    return true;
}

/* The next word of options: split at spaces, a backslash takes the next byte as it is
   (PostgreSQL: pg_split_opts).  False at the end. */
static bool next_word(struct text *rest, struct buf *word)
{
    buf_reset(word);
    *rest = text_trim_start(*rest);
    size_t used = 0;
    while (used < rest->len && !char_is_space(rest->data[used])) {
        if (rest->data[used] == '\\' && used + 1 < rest->len) {
            used++;
        }
        buf_add_char(word, rest->data[used]);
        used++;
    }
    *rest = text_slice(*rest, used, rest->len);
    return used > 0;
}

static bool set_option(struct text assignment, struct buf *out, struct fatal_error *error)
{
    struct text name;
    struct text value;
    if (text_starts_with(assignment, "amzn-cluster-id=")) {
        return true; /* chooses a cluster where SNI cannot; here there is one */
    }
    if (!text_cut(assignment, '=', &name, &value)) {
        return fatal_error_set(error, "42601", "-c %.*s requires a value", shown_length(assignment),
                               assignment.data);
    }
    return set_parameter(name, value, out, error);
}

/* One word, and after a lone -c the next one. */
static bool take_option(struct text *rest, struct buf *word, struct buf *out,
                        struct fatal_error *error)
{
    struct text option = buf_text(word);
    if (text_equal_string(option, "-c")) {
        next_word(rest, word);
        return set_option(buf_text(word), out, error);
    }
    if (text_starts_with(option, "-c") || text_starts_with(option, "--")) {
        return set_option(text_slice(option, 2, option.len), out, error);
    }
    if (text_starts_with(option, "amzn-cluster-id=")) {
        return true;
    }
    return fatal_error_set(error, "0A000", "setting configuration parameter \"%.*s\" not supported",
                           shown_length(option), option.data);
}

static bool set_options(struct text rest, struct buf *out, struct fatal_error *error)
{
    struct buf word AUTO_BUF;
    buf_init(&word, STARTUP_MAX_SIZE);
    while (next_word(&rest, &word)) {
        if (!take_option(&rest, &word, out, error)) {
            return false;
        }
    }
    return buf_ok(&word);
}

static bool translate_one(struct startup_parameter parameter, struct buf *out,
                          struct fatal_error *error)
{
    if (text_equal_string(parameter.name, "user") ||
        text_equal_string(parameter.name, "database") ||
        text_starts_with(parameter.name, "_pq_.")) {
        return true; /* user and database are set by us; extensions are negotiated */
    }
    if (text_equal_string(parameter.name, "options")) {
        return set_options(parameter.value, out, error);
    }
    return set_parameter(parameter.name, parameter.value, out, error);
}

static bool check_database(const struct startup *startup, struct fatal_error *error)
{
    struct text database = startup_value(startup, "database");
    if (text_is_empty(database)) {
        database = startup_value(startup, "user");
    }
    if (!text_equal_string(database, "postgres")) {
        return fatal_error_set(error, "3D000", "database \"%.*s\" does not exist",
                               shown_length(database), database.data);
    }
    return true;
}

bool parameters_translate(const struct startup *startup, struct buf *out, struct fatal_error *error)
{
    if (!check_database(startup, error)) {
        return false;
    }
    startup_begin(out);
    startup_add(out, text_of("user"), startup_value(startup, "user"));
    startup_add(out, text_of("database"), text_of("postgres"));
    for (size_t i = 0; i < startup->parameter_count; i++) {
        if (!translate_one(startup->parameters[i], out, error)) {
            return false;
        }
    }
    startup_end(out);
    return buf_ok(out) || fatal_error_set(error, "08P01", "invalid length of startup packet");
}
