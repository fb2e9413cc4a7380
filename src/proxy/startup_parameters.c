/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * "options" is taken apart, because it may hold a parameter that is accepted beside one that is
 * not.  With is_strict it is passed on as it is.
 */
#include "proxy/startup_parameters.h"

#include "config/service_parameters.h"
#include "session/startup_options.h"

struct translation {
    const struct startup_rules *rules;
    struct buf *out;
    struct buf application_name; /* the last that the client has sent */
};

enum { APPLICATION_NAME_MAX = STARTUP_MAX_SIZE };

static void pass_or_drop(struct translation *translation, struct text name, struct text value)
{
    if (text_equal_nocase(name, text_of("application_name"))) {
        buf_reset(&translation->application_name);
        buf_add_text(&translation->application_name, value);
    } else if (translation->rules->is_strict ||
               service_parameter_find(name) != SERVICE_PARAMETER_REFUSED) {
        startup_add(translation->out, name, value);
    } else {
        translation->rules->on_dropped(translation->rules->arg, name);
    }
}

/* Options that are not settings, such as "-e", are for other purposes than a session. */
static void translate_options(struct translation *translation, struct text value)
{
    struct startup_options options;
    struct text option;
    struct text name;
    struct text setting;
    startup_options_init(&options, value);
    enum startup_option kind = startup_options_next(&options, &option);
    while (kind != STARTUP_OPTION_END) {
        if (kind == STARTUP_OPTION_SETTING && text_cut(option, '=', &name, &setting)) {
            pass_or_drop(translation, name, setting);
        } else {
            translation->rules->on_dropped(translation->rules->arg, option);
        }
        kind = startup_options_next(&options, &option);
    }
    if (!startup_options_ok(&options)) {
        translation->out->is_broken = true; /* the rest was not read */
    }
    startup_options_clear(&options);
}

/* The proxy sets user and database; _pq_ options are negotiated between two sides only. */
static void translate_one(struct translation *translation, struct startup_parameter parameter)
{
    if (text_equal_string(parameter.name, "user") ||
        text_equal_string(parameter.name, "database") ||
        text_starts_with(parameter.name, "_pq_.")) {
        return;
    }
    if (text_equal_string(parameter.name, "options") && !translation->rules->is_strict) {
        translate_options(translation, parameter.value);
    } else {
        pass_or_drop(translation, parameter.name, parameter.value);
    }
}

/*
 * "PREFIX:NAME", so that the cluster shows both.  The server would cut it at 63 bytes, perhaps in
 * the middle of a character.
 */
static void add_application_name(struct translation *translation)
{
    struct text name = buf_text(&translation->application_name);
    struct buf whole AUTO_BUF;
    buf_init(&whole, 2 * APPLICATION_NAME_MAX);
    buf_add_string(&whole, translation->rules->application_name);
    if (!text_is_empty(name)) {
        buf_add_char(&whole, ':');
        buf_add_text(&whole, name);
    }
    struct text all = buf_text(&whole);
    size_t len = text_utf8_prefix(all, STARTUP_PARAMETERS_NAME_MAX);
    startup_add(translation->out, text_of("application_name"), text_slice(all, 0, len));
    if (!buf_ok(&whole) || !buf_ok(&translation->application_name)) {
        translation->out->is_broken = true;
    }
}

struct text startup_parameters_role(const struct startup *startup,
                                    const struct startup_rules *rules)
{
    return rules->user != NULL ? text_of(rules->user) : startup_value(startup, "user");
}

/* As in PostgreSQL, the default is the name of the user. */
static struct text database_of(const struct startup *startup, const struct startup_rules *rules)
{
    if (rules->dbname != NULL) {
        return text_of(rules->dbname);
    }
    struct text database = startup_value(startup, "database");
    return text_is_empty(database) ? startup_value(startup, "user") : database;
}

bool startup_parameters_write(const struct startup *startup, const struct startup_rules *rules,
                              struct buf *out, struct fatal_error *error)
{
    struct text role = startup_parameters_role(startup, rules);
    if (text_is_empty(role)) {
        return fatal_error_set(error, "28000",
                               "no PostgreSQL user name specified in startup packet");
    }
    struct translation translation = {.rules = rules, .out = out};
    buf_init(&translation.application_name, APPLICATION_NAME_MAX);
    startup_begin(out);
    startup_add(out, text_of("user"), role);
    startup_add(out, text_of("database"), database_of(startup, rules));
    for (size_t i = 0; i < startup->parameter_count; i++) {
        translate_one(&translation, startup->parameters[i]);
    }
    add_application_name(&translation);
    startup_end(out);
    buf_clear(&translation.application_name);
    return buf_ok(out) || fatal_error_set(error, "08P01", "invalid length of startup packet");
}
