/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides are changed by what succeeds while the connection is lent.  They differ in one case:
 * RESET leads the server to its own default and the client to that of its startup message, which
 * the next connection gets.
 *
 * Parameters that are reported take their values from the reports only, since these have the form
 * that the server uses, and tell of rollbacks too.
 */
#include "proxy/session_parameters.h"

#include "base/memory.h"
#include "wire/backend.h"
#include "wire/message.h"

#include <string.h>

enum { SNAPSHOTS_MAX = 64, SQL_MAX = 1024 * 1024 };

/* Reported, but not settable. */
static const char *const read_only[] = {
    "server_version",        "server_encoding",   "is_superuser",
    "session_authorization", "integer_datetimes", "in_hot_standby",
};

static bool is_settable(struct text name)
{
    for (size_t i = 0; i < sizeof read_only / sizeof read_only[0]; i++) {
        if (text_equal_nocase(name, text_of(read_only[i]))) {
            return false;
        }
    }
    return true;
}

/* ---- Snapshots ---- */

static void drop_snapshots(struct parameter_state *state, size_t keep)
{
    while (state->snapshot_count > keep) {
        state->snapshot_count--;
        parameter_list_clear(&state->snapshots[state->snapshot_count].list);
    }
    if (keep == 0) {
        mem_free(state->snapshots);
        state->snapshots = NULL;
    }
}

static bool add_snapshot(struct parameter_state *state, const char *savepoint)
{
    if (state->snapshot_count >= SNAPSHOTS_MAX) {
        return false;
    }
    struct parameter_snapshot *snapshots = mem_resize_array(
        state->snapshots, state->snapshot_count + 1, sizeof(struct parameter_snapshot));
    if (snapshots == NULL) {
        return false;
    }
    state->snapshots = snapshots;
    struct parameter_snapshot *added = &snapshots[state->snapshot_count];
    *added = (struct parameter_snapshot){0};
    (void)text_copy(text_of(savepoint), added->savepoint, sizeof added->savepoint);
    if (!parameter_list_copy(&added->list, &state->list)) {
        return false;
    }
    state->snapshot_count++;
    return true;
}

/* The first change in a transaction keeps what was before. */
static bool begin_change(struct parameter_state *state)
{
    return state->snapshot_count > 0 || add_snapshot(state, "");
}

static bool go_back(struct parameter_state *state, size_t snapshot)
{
    if (snapshot >= state->snapshot_count) {
        return true;
    }
    struct parameter_list list;
    if (!parameter_list_copy(&list, &state->snapshots[snapshot].list)) {
        return false;
    }
    parameter_list_clear(&state->list);
    state->list = list;
    return true;
}

/* The newest savepoint of that name; SIZE_MAX: none. */
static size_t find_savepoint(const struct parameter_state *state, const char *name)
{
    size_t i = state->snapshot_count;
    while (i > 1) {
        i--;
        if (text_equal_string(text_of(name), state->snapshots[i].savepoint)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool undo_to(struct parameter_state *state, const char *name)
{
    size_t found = find_savepoint(state, name);
    if (found == SIZE_MAX) {
        return true;
    }
    drop_snapshots(state, found + 1);
    return go_back(state, found);
}

static void release(struct parameter_state *state, const char *name)
{
    size_t found = find_savepoint(state, name);
    if (found != SIZE_MAX) {
        drop_snapshots(state, found);
    }
}

static bool end(struct parameter_state *state, bool is_committed)
{
    bool is_fine = is_committed || go_back(state, 0);
    drop_snapshots(state, 0);
    return is_fine;
}

static void clear_state(struct parameter_state *state)
{
    parameter_list_clear(&state->list);
    drop_snapshots(state, 0);
}

/* ---- Beginning and end ---- */

void session_parameters_init(struct session_parameters *client,
                             const struct parameter_defaults *defaults)
{
    *client = (struct session_parameters){.defaults = defaults};
}

void session_parameters_clear(struct session_parameters *client)
{
    clear_state(&client->state);
    parameter_list_clear(&client->base);
    parameter_list_clear(&client->resets);
    parameter_list_clear(&client->shown);
}

void server_parameters_init(struct server_parameters *server,
                            const struct parameter_defaults *defaults)
{
    *server = (struct server_parameters){.defaults = defaults};
}

void server_parameters_clear(struct server_parameters *server)
{
    clear_state(&server->state);
}

/* A value that is the default is not listed, so that equal sessions have equal lists. */
static bool put_reported(struct parameter_list *list, const struct parameter_defaults *defaults,
                         struct text name, struct text value)
{
    const struct parameter *usual = parameter_list_find(&defaults->reported, name);
    if (usual != NULL && text_equal(text_of(usual->value), value)) {
        parameter_list_remove(list, name);
        return true;
    }
    return parameter_list_set(list, name, value, false);
}

bool session_parameters_start(struct session_parameters *client, struct text name,
                              struct text value)
{
    return parameter_list_set(&client->base, name, value, false) &&
           put_reported(&client->state.list, client->defaults, name, value);
}

bool session_parameters_show(struct session_parameters *client, struct text name, struct text value)
{
    return put_reported(&client->shown, client->defaults, name, value);
}

bool server_parameters_login(struct server_parameters *server, struct parameter_defaults *defaults,
                             struct text name, struct text value)
{
    if (!is_settable(name)) {
        return true;
    }
    if (parameter_list_find(&defaults->reported, name) == NULL) {
        return parameter_list_set(&defaults->reported, name, value, false);
    }
    return put_reported(&server->state.list, defaults, name, value);
}

/* ---- Setting a connection up ---- */

bool session_parameters_differ(const struct session_parameters *client,
                               const struct server_parameters *server)
{
    return client->state.list.fingerprint != server->state.list.fingerprint;
}

static void add_quoted(struct buf *out, struct text value, char quote)
{
    buf_add_char(out, quote);
    for (size_t i = 0; i < value.len; i++) {
        bool is_doubled = value.data[i] == quote || (quote == '\'' && value.data[i] == '\\');
        buf_add_char(out, value.data[i]);
        if (is_doubled) {
            buf_add_char(out, value.data[i]);
        }
    }
    buf_add_char(out, quote);
}

/* E'' means the same whatever standard_conforming_strings is. */
static void add_literal(struct buf *out, struct text value)
{
    buf_add_string(out, text_contains(value, "\\") ? "E" : "");
    add_quoted(out, value, '\'');
}

/* "a"."b" */
static void add_name(struct buf *out, struct text name)
{
    struct text part;
    while (text_cut(name, '.', &part, &name)) {
        add_quoted(out, part, '"');
        buf_add_char(out, '.');
    }
    add_quoted(out, part, '"');
}

/* The value as the configuration file has it: the lists of search_path are one string here. */
static void add_set_config(struct buf *sql, const struct parameter *parameter, struct text value)
{
    buf_add_string(sql, "SELECT pg_catalog.set_config(");
    add_literal(sql, text_of(parameter->name));
    buf_add_string(sql, ", ");
    add_literal(sql, value);
    buf_add_string(sql, ", false)");
}

static void add_set(struct buf *sql, const struct parameter *parameter)
{
    buf_add_string(sql, "SET ");
    add_name(sql, text_of(parameter->name));
    buf_add_string(sql, " TO ");
    buf_add_string(sql, parameter->value);
}

static void add_reset(struct buf *sql, const struct parameter *parameter)
{
    buf_add_string(sql, "RESET ");
    add_name(sql, text_of(parameter->name));
}

/* One statement a message: a service may refuse several in one. */
static size_t send(struct buf *sql, struct buf *out)
{
    buf_add_char(sql, '\0');
    if (!buf_ok(sql)) {
        out->is_broken = true;
    }
    frame_write(out, FRONTEND_QUERY, buf_text(sql));
    buf_reset(sql);
    return 1;
}

/* These two decide how the others are read, so they come first. */
static bool is_first(const char *name)
{
    struct text text = text_of(name);
    return text_equal_string(text, "client_encoding") ||
           text_equal_string(text, "standard_conforming_strings");
}

/* What the server has and the client does not.  A reported one may differ from the start. */
static size_t send_resets(const struct session_parameters *client,
                          const struct server_parameters *server, bool first, struct buf *out)
{
    struct buf sql AUTO_BUF;
    buf_init(&sql, SQL_MAX);
    size_t count = 0;
    for (size_t i = 0; i < server->state.list.count; i++) {
        const struct parameter *it = &server->state.list.items[i];
        if (is_first(it->name) != first ||
            parameter_list_find(&client->state.list, text_of(it->name)) != NULL) {
            continue;
        }
        const struct parameter *usual =
            parameter_list_find(&client->defaults->reported, text_of(it->name));
        if (usual != NULL) {
            add_set_config(&sql, it, text_of(usual->value));
        } else {
            add_reset(&sql, it);
        }
        count += send(&sql, out);
    }
    return count;
}

static size_t send_settings(const struct session_parameters *client,
                            const struct server_parameters *server, bool first, struct buf *out)
{
    struct buf sql AUTO_BUF;
    buf_init(&sql, SQL_MAX);
    size_t count = 0;
    for (size_t i = 0; i < client->state.list.count; i++) {
        const struct parameter *it = &client->state.list.items[i];
        if (is_first(it->name) != first ||
            parameter_list_agree(&client->state.list, &server->state.list, text_of(it->name))) {
            continue;
        }
        if (it->is_sql) {
            add_set(&sql, it);
        } else {
            add_set_config(&sql, it, text_of(it->value));
        }
        count += send(&sql, out);
    }
    return count;
}

size_t session_parameters_set_up(struct session_parameters *client,
                                 struct server_parameters *server, struct buf *out)
{
    size_t count = send_resets(client, server, true, out);
    count += send_settings(client, server, true, out);
    count += send_resets(client, server, false, out);
    count += send_settings(client, server, false, out);
    clear_state(&server->state);
    bool is_fine = parameter_list_copy(&server->state.list, &client->state.list);
    return is_fine && buf_ok(out) ? count : SIZE_MAX;
}

/* ---- While it is lent ---- */

static const char *shown_value(const struct session_parameters *client, struct text name)
{
    const struct parameter *found = parameter_list_find(&client->shown, name);
    if (found == NULL) {
        found = parameter_list_find(&client->defaults->reported, name);
    }
    return found == NULL ? NULL : found->value;
}

static bool is_default(const struct session_parameters *client, struct text name, struct text value)
{
    const struct parameter *usual = parameter_list_find(&client->defaults->reported, name);
    return usual != NULL && text_equal(text_of(usual->value), value);
}

/*
 * Servers report a change after its statement, or before ReadyForQuery.  After RESET this is the
 * server's own default, which is not the client's if its startup message had another value.
 */
bool session_parameters_report(struct session_parameters *client, struct server_parameters *server,
                               struct text name, struct text value, bool *is_news)
{
    const char *shown = shown_value(client, name);
    *is_news = shown == NULL || !text_equal(text_of(shown), value);
    if (*is_news && !session_parameters_show(client, name, value)) {
        return false;
    }
    if (!is_settable(name)) {
        return true;
    }
    bool is_reset =
        is_default(client, name, value) && parameter_list_find(&client->resets, name) != NULL;
    return (is_reset || put_reported(&client->state.list, client->defaults, name, value)) &&
           put_reported(&server->state.list, server->defaults, name, value);
}

static bool is_reported(const struct session_parameters *client, struct text name)
{
    return parameter_list_find(&client->defaults->reported, name) != NULL;
}

/* The client's value after RESET: that of its startup message, or none. */
static bool reset_to_base(struct session_parameters *client, struct text name)
{
    const struct parameter *base = parameter_list_find(&client->base, name);
    if (base != NULL) {
        return (!is_reported(client, name) ||
                parameter_list_set(&client->resets, name, text_of(""), false)) &&
               put_reported(&client->state.list, client->defaults, name, text_of(base->value));
    }
    parameter_list_remove(&client->state.list, name);
    return true;
}

static bool apply_set(struct session_parameters *client, struct server_parameters *server,
                      struct text name, const char *value)
{
    parameter_list_remove(&client->resets, name);
    return is_reported(client, name) ||
           (parameter_list_set(&client->state.list, name, text_of(value), true) &&
            parameter_list_set(&server->state.list, name, text_of(value), true));
}

static bool apply_reset(struct session_parameters *client, struct server_parameters *server,
                        struct text name)
{
    if (is_reported(client, name)) {
        return parameter_list_find(&client->base, name) == NULL || reset_to_base(client, name);
    }
    parameter_list_remove(&server->state.list, name);
    return reset_to_base(client, name);
}

/* The reported ones are reported, too. */
static bool remove_unreported(const struct session_parameters *client, struct parameter_list *list)
{
    size_t i = 0;
    while (i < list->count) {
        struct text name = text_of(list->items[i].name);
        if (is_reported(client, name)) {
            i++;
        } else {
            parameter_list_remove(list, name);
        }
    }
    return true;
}

static bool apply_reset_all(struct session_parameters *client, struct server_parameters *server)
{
    bool is_fine = remove_unreported(client, &server->state.list) &&
                   remove_unreported(client, &client->state.list);
    for (size_t i = 0; is_fine && i < client->base.count; i++) {
        is_fine = reset_to_base(client, text_of(client->base.items[i].name));
    }
    return is_fine;
}

static bool begin_changes(struct session_parameters *client, struct server_parameters *server)
{
    return begin_change(&client->state) && begin_change(&server->state);
}

static bool end_both(struct session_parameters *client, struct server_parameters *server,
                     bool is_committed)
{
    bool is_fine = end(&client->state, is_committed);
    return end(&server->state, is_committed) && is_fine;
}

bool session_parameters_apply(struct session_parameters *client, struct server_parameters *server,
                              const struct statement_effect *effect)
{
    struct text name = text_of(effect->name);
    switch (effect->kind) {
    case STATEMENT_SET:
        return begin_changes(client, server) && apply_set(client, server, name, effect->value);
    case STATEMENT_RESET:
        return begin_changes(client, server) && apply_reset(client, server, name);
    case STATEMENT_RESET_ALL:
    case STATEMENT_DISCARD_ALL:
        return begin_changes(client, server) && apply_reset_all(client, server);
    case STATEMENT_SAVEPOINT:
        return begin_changes(client, server) && add_snapshot(&client->state, effect->name) &&
               add_snapshot(&server->state, effect->name);
    case STATEMENT_UNDO_TO:
        return undo_to(&client->state, effect->name) && undo_to(&server->state, effect->name);
    case STATEMENT_RELEASE:
        release(&client->state, effect->name);
        release(&server->state, effect->name);
        return true;
    case STATEMENT_COMMIT:
        return end_both(client, server, true);
    case STATEMENT_ROLLBACK:
        return end_both(client, server, false);
    default:
        return true;
    }
}

bool session_parameters_end_transaction(struct session_parameters *client,
                                        struct server_parameters *server, bool is_failed)
{
    return end_both(client, server, !is_failed);
}

/* ---- How texts are read ---- */

static struct text value_of(const struct session_parameters *client, const char *name)
{
    const struct parameter *found = parameter_list_find(&client->state.list, text_of(name));
    if (found == NULL) {
        found = parameter_list_find(&client->defaults->reported, text_of(name));
    }
    return text_of(found == NULL ? "" : found->value);
}

/* Asked for each statement, and mostly the same as before. */
struct lexer_rules session_parameters_rules(struct session_parameters *client)
{
    uint64_t own = client->state.list.fingerprint;
    uint64_t reported = client->defaults->reported.fingerprint;
    if (own != client->rules_of.own || reported != client->rules_of.reported) {
        struct text strings = value_of(client, "standard_conforming_strings");
        client->rules.encoding = lexer_encoding(value_of(client, "client_encoding"));
        client->rules.has_backslashes = text_equal_string(strings, "off");
        client->rules_of.own = own;
        client->rules_of.reported = reported;
    }
    return client->rules;
}
