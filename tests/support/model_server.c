/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "model_server.h"

#include "base/reader.h"
#include "wire/backend.h"
#include "wire/message.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_MAX = 1 << 24 };

void model_server_init(struct model_server *server, struct model_world *world)
{
    *server = (struct model_server){.world = world, .status = 'I'};
    buf_init(&server->in, BUFFER_MAX);
    buf_init(&server->out, BUFFER_MAX);
    (void)snprintf(server->now.timezone, sizeof server->now.timezone, "UTC");
    (void)snprintf(server->now.work_mem, sizeof server->now.work_mem, "4MB");
    (void)snprintf(server->reported, sizeof server->reported, "UTC");
}

void model_server_clear(struct model_server *server)
{
    buf_clear(&server->in);
    buf_clear(&server->out);
}

/* ---- Answers ---- */

static void send(struct model_server *server, char type, const char *body, size_t len)
{
    frame_write(&server->out, type, text_of_bytes(body, len));
}

static void send_tag(struct model_server *server, const char *tag)
{
    send(server, 'C', tag, strlen(tag) + 1);
}

static void send_row(struct model_server *server, const char *value)
{
    struct buf body AUTO_BUF;
    buf_init(&body, BUFFER_MAX);
    buf_add_u16(&body, 1);
    buf_add_u32(&body, (uint32_t)strlen(value));
    buf_add_string(&body, value);
    frame_write(&server->out, 'D', buf_text(&body));
}

static void drop_portals(struct model_server *server)
{
    memset(server->portals, 0, sizeof server->portals);
}

static void begin_if_none(struct model_server *server)
{
    if (!server->is_open) {
        server->is_open = true;
        server->before = server->now;
        server->pending = 0;
    }
}

static void end_transaction(struct model_server *server, bool is_committed)
{
    if (server->is_open && is_committed) {
        server->world->sum += server->pending;
    } else if (server->is_open) {
        server->now = server->before;
    }
    server->is_open = false;
    server->pending = 0;
    server->status = 'I';
    drop_portals(server);
}

/* Always false. */
static bool fail(struct model_server *server, const char *sqlstate, const char *message)
{
    const struct error_fields fields = {.severity = text_of("ERROR"),
                                        .sqlstate = text_of(sqlstate),
                                        .message = text_of(message),
                                        .detail = text_of(""),
                                        .hint = text_of("")};
    backend_write_error(&server->out, &fields);
    server->is_in_copy = false;
    if (server->status == 'I') {
        end_transaction(server, false);
    } else {
        server->status = 'E';
    }
    return false;
}

/* what "name" problem */
static bool fail_name(struct model_server *server, const char *sqlstate, const char *what,
                      const char *name, const char *problem)
{
    char message[256];
    (void)snprintf(message, sizeof message, "%s \"%s\" %s", what, name, problem);
    return fail(server, sqlstate, message);
}

static void ready(struct model_server *server)
{
    if (strcmp(server->reported, server->now.timezone) != 0) {
        (void)snprintf(server->reported, sizeof server->reported, "%s", server->now.timezone);
        backend_write_parameter(&server->out, text_of("TimeZone"), text_of(server->reported));
    }
    send(server, 'Z', &server->status, 1);
}

/* ---- Names ---- */

static struct model_named *find(struct model_named *table, const char *name)
{
    for (size_t i = 0; i < MODEL_NAMES; i++) {
        if (table[i].is_used && strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static void put(struct model_named *table, const char *name, const char *text)
{
    struct model_named *place = find(table, name);
    for (size_t i = 0; place == NULL && i < MODEL_NAMES; i++) {
        place = table[i].is_used ? NULL : &table[i];
    }
    assert(place != NULL);
    place->is_used = true;
    (void)snprintf(place->name, sizeof place->name, "%s", name);
    (void)snprintf(place->text, sizeof place->text, "%s", text);
}

static void drop(struct model_named *table, const char *name)
{
    struct model_named *place = find(table, name);
    if (place != NULL) {
        place->is_used = false;
    }
}

static void drop_named_statements(struct model_server *server)
{
    for (size_t i = 0; i < MODEL_NAMES; i++) {
        if (server->statements[i].name[0] != '\0') {
            server->statements[i].is_used = false;
        }
    }
}

/* ---- Statements ---- */

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static char *parameter(struct model_parameters *parameters, const char *name)
{
    return strstr(name, "imezone") != NULL || strstr(name, "imeZone") != NULL
               ? parameters->timezone
               : parameters->work_mem;
}

static bool set_parameter(struct model_server *server, const char *name, const char *value,
                          const char *tag)
{
    char clean[32];
    size_t len = 0;
    for (; *value != '\0' && *value != ',' && len + 1 < sizeof clean; value++) {
        if (*value != '\'' && *value != ' ') {
            clean[len++] = *value;
        }
    }
    clean[len] = '\0';
    (void)snprintf(parameter(&server->now, name), sizeof clean, "%s", clean);
    send_tag(server, tag);
    return true;
}

static bool run_setting(struct model_server *server, const char *sql)
{
    char name[MODEL_TEXT];
    if (sscanf(sql, "set %95s", name) == 1 || sscanf(sql, "SET %95s", name) == 1) {
        const char *value = strstr(sql, " to ");
        value = value != NULL ? value : strstr(sql, " TO ");
        return set_parameter(server, name, value + 4, "SET");
    }
    if (sscanf(sql, "reset %95s", name) == 1 || sscanf(sql, "RESET %95s", name) == 1) {
        bool is_zone = parameter(&server->now, name) == server->now.timezone;
        return set_parameter(server, name, is_zone ? "UTC" : "4MB", "RESET");
    }
    if (starts(sql, "SELECT pg_catalog.set_config(")) {
        const char *value = strchr(sql, ',');
        send_row(server, "");
        return set_parameter(server, sql, value + 1, "SELECT 1");
    }
    if (sscanf(sql, "show %95s", name) == 1) {
        send_row(server, parameter(&server->now, name));
        send_tag(server, "SHOW");
        return true;
    }
    return fail(server, "42601", "syntax error");
}

static bool run_deallocate(struct model_server *server, const char *name)
{
    if (strcmp(name, "all") == 0) {
        drop_named_statements(server);
        send_tag(server, "DEALLOCATE ALL");
        return true;
    }
    if (find(server->statements, name) == NULL) {
        return fail_name(server, "26000", "prepared statement", name, "does not exist");
    }
    drop(server->statements, name);
    send_tag(server, "DEALLOCATE");
    return true;
}

static bool run_query(struct model_server *server, const char *sql)
{
    if (starts(sql, "select ")) {
        send_row(server, sql + strlen("select "));
        send_tag(server, "SELECT 1");
    } else {
        server->pending += strtol(sql + strlen("update "), NULL, 10);
        send_tag(server, "UPDATE 1");
    }
    return true;
}

static bool is_query(const char *sql)
{
    return starts(sql, "select ") || starts(sql, "update ");
}

static bool run_execute(struct model_server *server, const char *name)
{
    const struct model_named *found = find(server->statements, name);
    if (found == NULL) {
        return fail_name(server, "26000", "prepared statement", name, "does not exist");
    }
    return is_query(found->text) ? run_query(server, found->text)
                                 : fail(server, "0A000", "EXECUTE of this is not supported");
}

/* name as query */
static bool run_prepare(struct model_server *server, const char *sql)
{
    char name[MODEL_TEXT];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(sql, " "), sql);
    if (find(server->statements, name) != NULL) {
        return fail_name(server, "42P05", "prepared statement", name, "already exists");
    }
    put(server->statements, name, strstr(sql, " as ") + strlen(" as "));
    send_tag(server, "PREPARE");
    return true;
}

static bool run_control(struct model_server *server, const char *sql)
{
    if (strcmp(sql, "begin") == 0) {
        server->status = 'T';
        send_tag(server, "BEGIN");
        return true;
    }
    bool is_committed = strcmp(sql, "commit") == 0 && server->status != 'E';
    end_transaction(server, is_committed);
    send_tag(server, is_committed ? "COMMIT" : "ROLLBACK");
    return true;
}

static bool is_exit(const char *sql)
{
    return strcmp(sql, "commit") == 0 || strcmp(sql, "rollback") == 0;
}

static bool run(struct model_server *server, const char *sql)
{
    if (server->status == 'E' && !is_exit(sql)) {
        return fail(server, "25P02", "current transaction is aborted");
    }
    begin_if_none(server);
    if (is_query(sql)) {
        return run_query(server, sql);
    }
    if (*sql == '\0') {
        send(server, 'I', "", 0);
        return true;
    }
    if (strcmp(sql, "fail") == 0) {
        send_row(server, "half");
        return fail(server, "22012", "division by zero");
    }
    if (strcmp(sql, "copy in") == 0) {
        server->is_in_copy = true;
        send(server, 'G', "\0\0\0", 3);
        return true;
    }
    if (strcmp(sql, "discard all") == 0) {
        drop_named_statements(server);
        (void)set_parameter(server, "timezone", "UTC", "DISCARD ALL");
        (void)snprintf(server->now.work_mem, sizeof server->now.work_mem, "4MB");
        return true;
    }
    if (starts(sql, "deallocate ")) {
        return run_deallocate(server, sql + strlen("deallocate "));
    }
    if (starts(sql, "execute ")) {
        return run_execute(server, sql + strlen("execute "));
    }
    if (starts(sql, "prepare ")) {
        return run_prepare(server, sql + strlen("prepare "));
    }
    return strcmp(sql, "begin") == 0 || is_exit(sql) ? run_control(server, sql)
                                                     : run_setting(server, sql);
}

/* ---- Messages ---- */

/* Without the semicolons around it; false at the end. */
static bool next_statement(const char **rest, char *out)
{
    size_t len = strcspn(*rest, ";");
    (void)snprintf(out, MODEL_TEXT, "%.*s", (int)len, *rest);
    *rest += len + ((*rest)[len] == ';' ? 1 : 0);
    return len > 0;
}

/* A conflict is found at the commit; the statement is the whole transaction. */
static bool is_conflict_due(struct model_server *server, const char *sql)
{
    bool is_due = server->status == 'I' && !server->is_open && server->world->conflicts_due > 0 &&
                  starts(sql, "update ") && strchr(sql, ';') == NULL;
    if (is_due) {
        server->world->conflicts_due--;
        server->world->conflicts_raised++;
    }
    return is_due;
}

static void on_query(struct model_server *server, const char *sql)
{
    char statement[MODEL_TEXT];
    drop(server->statements, "");
    bool is_conflict = is_conflict_due(server, sql);
    begin_if_none(server);
    const char *rest = sql;
    bool is_fine = true;
    if (*sql == '\0') {
        send(server, 'I', "", 0);
    }
    while (is_fine && !server->is_in_copy && next_statement(&rest, statement)) {
        is_fine = strcmp(statement, "syntax") == 0 ? fail(server, "42601", "syntax error")
                                                   : run(server, statement);
    }
    if (is_conflict) {
        (void)fail(server, "40001", "change conflicts with another transaction (OC000)");
    }
    server->is_copy_simple = server->is_in_copy;
    if (server->is_in_copy) {
        return;
    }
    if (server->status == 'I') {
        end_transaction(server, is_fine);
    }
    ready(server);
}

static bool on_parse(struct model_server *server, const char *name, const char *sql)
{
    if (*name == '\0') {
        drop(server->statements, "");
    }
    if (*name != '\0' && find(server->statements, name) != NULL) {
        return fail_name(server, "42P05", "prepared statement", name, "already exists");
    }
    if (strcmp(sql, "syntax") == 0) {
        return fail(server, "42601", "syntax error");
    }
    begin_if_none(server);
    server->parses += *name != '\0' ? 1 : 0;
    put(server->statements, name, sql);
    int count = 0;
    for (size_t i = 0; i < MODEL_NAMES; i++) {
        count += server->statements[i].is_used && server->statements[i].name[0] != '\0' ? 1 : 0;
    }
    server->max_statements = count > server->max_statements ? count : server->max_statements;
    send(server, '1', "", 0);
    return true;
}

static bool no_statement(struct model_server *server, const char *name)
{
    return *name == '\0' ? fail(server, "26000", "unnamed prepared statement does not exist")
                         : fail_name(server, "26000", "prepared statement", name, "does not exist");
}

static bool on_bind(struct model_server *server, const char *portal, const char *name)
{
    const struct model_named *statement = find(server->statements, name);
    if (statement == NULL) {
        return no_statement(server, name);
    }
    if (server->status == 'E' && !is_exit(statement->text)) {
        return fail(server, "25P02", "current transaction is aborted");
    }
    if (*portal != '\0' && find(server->portals, portal) != NULL) {
        return fail_name(server, "42P03", "cursor", portal, "already exists");
    }
    begin_if_none(server);
    put(server->portals, portal, statement->text);
    send(server, '2', "", 0);
    return true;
}

static bool on_describe(struct model_server *server, char which, const char *name)
{
    const struct model_named *found =
        find(which == 'S' ? server->statements : server->portals, name);
    if (found == NULL) {
        return which == 'S' ? no_statement(server, name)
                            : fail_name(server, "34000", "portal", name, "does not exist");
    }
    begin_if_none(server);
    if (which == 'S') {
        send(server, 't', "\0\0", 2);
    }
    if (starts(found->text, "select ")) {
        send(server, 'T', found->text, strlen(found->text)); /* not read by anybody */
    } else {
        send(server, 'n', "", 0);
    }
    return true;
}

static bool on_execute(struct model_server *server, const char *portal)
{
    char sql[MODEL_TEXT];
    const struct model_named *found = find(server->portals, portal);
    if (found == NULL) {
        return fail_name(server, "34000", "portal", portal, "does not exist");
    }
    (void)snprintf(sql, sizeof sql, "%s", found->text);
    bool is_fine = run(server, sql);
    server->is_copy_simple = false;
    return is_fine;
}

static bool on_close(struct model_server *server, char which, const char *name)
{
    drop(which == 'S' ? server->statements : server->portals, name);
    begin_if_none(server);
    send(server, '3', "", 0);
    return true;
}

static bool on_extended(struct model_server *server, char type, struct text body)
{
    struct reader reader;
    reader_init(&reader, body);
    char which = type == 'D' || type == 'C' ? (char)reader_u8(&reader) : '\0';
    const char *first = reader_cstring(&reader).data;
    const char *second = type == 'P' || type == 'B' ? reader_cstring(&reader).data : "";
    if (!reader_ok(&reader)) {
        return fail(server, "08P01", "invalid message format");
    }
    switch (type) {
    case 'P':
        return on_parse(server, first, second);
    case 'B':
        return on_bind(server, first, second);
    case 'D':
        return on_describe(server, which, first);
    case 'C':
        return on_close(server, which, first);
    default:
        return on_execute(server, first);
    }
}

static void on_sync(struct model_server *server)
{
    server->is_skipping = false;
    if (server->status == 'I') {
        end_transaction(server, true);
    }
    ready(server);
}

static void end_copy(struct model_server *server)
{
    server->is_in_copy = false;
    send_tag(server, "COPY 1");
    if (server->is_copy_simple) {
        if (server->status == 'I') {
            end_transaction(server, true);
        }
        ready(server);
    }
}

static void on_copy_message(struct model_server *server, char type)
{
    if (type == 'c') {
        end_copy(server);
    } else if (type != 'd' && type != 'S' && type != 'H') {
        bool is_simple = server->is_copy_simple;
        (void)fail(server, "57014", "COPY from stdin failed");
        if (is_simple) {
            ready(server);
        } else {
            server->is_skipping = true;
        }
    }
}

static void on_message(struct model_server *server, const struct frame *message)
{
    if (server->is_in_copy) {
        on_copy_message(server, message->type);
    } else if (message->type == 'S') {
        on_sync(server);
    } else if (server->is_skipping) {
        return;
    } else if (message->type == 'Q') {
        on_query(server, message->body.data);
    } else if (strchr("PBDCE", message->type) != NULL) {
        server->is_skipping = !on_extended(server, message->type, message->body);
    }
}

void model_server_take(struct model_server *server, struct text bytes)
{
    struct frame message;
    buf_add_text(&server->in, bytes);
    while (frame_next(buf_text(&server->in), FRAME_SERVER_MAX, &message) == FRAME_COMPLETE) {
        on_message(server, &message);
        buf_drop(&server->in, message.size);
    }
    assert(buf_ok(&server->out));
}

/* ---- Messages of a client ---- */

static void write_strings(struct buf *out, char type, char which, const char *first,
                          const char *second, const char *tail, size_t tail_len)
{
    struct buf body AUTO_BUF;
    buf_init(&body, BUFFER_MAX);
    if (which != '\0') {
        buf_add_char(&body, which);
    }
    buf_add(&body, first, strlen(first) + 1);
    if (second != NULL) {
        buf_add(&body, second, strlen(second) + 1);
    }
    buf_add(&body, tail, tail_len);
    frame_write(out, type, buf_text(&body));
}

void model_query(struct buf *out, const char *sql)
{
    write_strings(out, 'Q', '\0', sql, NULL, "", 0);
}

void model_parse(struct buf *out, const char *name, const char *sql)
{
    write_strings(out, 'P', '\0', name, sql, "\0\0", 2);
}

void model_bind(struct buf *out, const char *portal, const char *name)
{
    write_strings(out, 'B', '\0', portal, name, "\0\0\0\0\0\0", 6);
}

void model_describe(struct buf *out, char which, const char *name)
{
    write_strings(out, 'D', which, name, NULL, "", 0);
}

void model_close(struct buf *out, char which, const char *name)
{
    write_strings(out, 'C', which, name, NULL, "", 0);
}

void model_execute(struct buf *out, const char *portal)
{
    write_strings(out, 'E', '\0', portal, NULL, "\0\0\0\0", 4);
}

void model_message(struct buf *out, char type)
{
    frame_write(out, type, text_of(""));
}
