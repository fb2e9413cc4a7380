/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * "options" is parsed and each setting in it is written out as a parameter of its own, so
 * PostgreSQL never parses the client's text.
 */
#include "gateway/parameters.h"

#include "config/service_parameters.h"
#include "session/startup_options.h"

/* For %.*s: an error quotes at most this much of what a client sent. */
static int shown_length(struct text text)
{
    return text.len < 100 ? (int)text.len : 100;
}

/*
 * The text is that of the service.  A parameter of the service's own is not sent to PostgreSQL, but
 * counts as set, so drivers need not know that this cluster is local.
 */
static bool set_parameter(struct text name, struct text value, struct buf *out,
                          struct fatal_error *error)
{
    enum service_parameter parameter = service_parameter_find(name);
    if (parameter == SERVICE_PARAMETER_REFUSED) {
        return fatal_error_set(error, "0A000",
                               "setting configuration parameter \"%.*s\" not supported",
                               shown_length(name), name.data);
    }
    if (parameter == SERVICE_PARAMETER_POSTGRESQL) {
        startup_add(out, name, value);
    }
    return true;
}

/*
 * Chooses a cluster where SNI cannot; a local gateway has only one.  AWS docs: for clients that
 * send no SNI, the id is in "options".
 */
static bool is_cluster_id(struct text option)
{
    return text_starts_with(option, "amzn-cluster-id=");
}

/*
 * The id comes first: it looks like a setting but has no rule.  42601 and its text are
 * PostgreSQL's, for "-c name" without a value.
 */
static bool set_setting(struct text assignment, struct buf *out, struct fatal_error *error)
{
    struct text name;
    struct text value;
    if (is_cluster_id(assignment)) {
        return true;
    }
    if (!text_cut(assignment, '=', &name, &value)) {
        return fatal_error_set(error, "42601", "-c %.*s requires a value", shown_length(assignment),
                               assignment.data);
    }
    return set_parameter(name, value, out, error);
}

static bool set_option(enum startup_option kind, struct text option, struct buf *out,
                       struct fatal_error *error)
{
    if (kind == STARTUP_OPTION_SETTING) {
        return set_setting(option, out, error);
    }
    if (is_cluster_id(option)) {
        return true;
    }
    return fatal_error_set(error, "0A000", "setting configuration parameter \"%.*s\" not supported",
                           shown_length(option), option.data);
}

/*
 * startup_options_ok() matters for safety: if memory ran out, the words end early, and the rest
 * would be dropped silently.
 */
static bool set_options(struct text value, struct buf *out, struct fatal_error *error)
{
    struct startup_options options;
    struct text option;
    startup_options_init(&options, value);
    bool is_fine = true;
    enum startup_option kind = startup_options_next(&options, &option);
    while (is_fine && kind != STARTUP_OPTION_END) {
        is_fine = set_option(kind, option, out, error);
        kind = startup_options_next(&options, &option);
    }
    is_fine = is_fine && startup_options_ok(&options);
    startup_options_clear(&options);
    return is_fine;
}

static bool translate_one(struct startup_parameter parameter, struct buf *out,
                          struct fatal_error *error)
{
    if (text_equal_string(parameter.name, "user") ||
        text_equal_string(parameter.name, "database") ||
        text_starts_with(parameter.name, "_pq_.")) {
        return true; /* the gateway sets user and database; _pq_ options are negotiated */
    }
    if (text_equal_string(parameter.name, "options")) {
        return set_options(parameter.value, out, error);
    }
    return set_parameter(parameter.name, parameter.value, out, error);
}

/* Aurora DSQL has one database.  As in PostgreSQL, the default is the name of the user. */
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

/*
 * user and database are written once, whatever the client repeated, so that the role which was
 * checked is the role that logs in.
 */
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
