/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Strings that are not allocated here belong to the JSON. */
#include "recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_LINES = 64 * 1024, MAX_STATUS = 599 };

static _Noreturn void die(const char *what, const char *detail)
{
    fprintf(stderr, "credential_chain: http-traffic.json: %s %s\n", what, detail);
    exit(2);
}

static const char *string_in(const json_t *object, const char *name)
{
    const char *string = json_string_value(json_object_get(object, name));
    if (string == NULL) {
        die("there is no string", name);
    }
    return string;
}

static struct replay_exchange *add_exchange(struct recording *recording)
{
    if (recording->count == RECORDING_MAX) {
        die("too many exchanges", "");
    }
    struct replay_exchange *exchange = &recording->exchanges[recording->count++];
    *exchange = (struct replay_exchange){0};
    return exchange;
}

static char *take(struct buf *lines)
{
    char *taken = buf_take(lines);
    if (taken == NULL) {
        die("out of memory, or too many headers", "");
    }
    return taken;
}

static void read_status(const json_t *response, struct replay_exchange *exchange)
{
    json_int_t status = json_integer_value(json_object_get(response, "status"));
    if (status < 100 || status > MAX_STATUS) {
        die("there is no", "status");
    }
    exchange->status = (int)status;
}

/* ---- Our own format ---- */

/* "name: value" lines; a null is "!name". */
static char *own_headers(json_t *headers)
{
    const char *name;
    json_t *value;
    struct buf lines;
    buf_init(&lines, MAX_LINES);
    json_object_foreach(headers, name, value)
    {
        if (json_is_null(value)) {
            buf_printf(&lines, "!%s\n", name);
        } else {
            buf_printf(&lines, "%s: %s\n", name, string_in(headers, name));
        }
    }
    return take(&lines);
}

static void read_failure(const char *failure, struct replay_exchange *exchange)
{
    if (strcmp(failure, "timeout") == 0) {
        exchange->failure = DSQL_ERR_TIMEOUT;
    } else if (strcmp(failure, "connect") == 0) {
        exchange->failure = DSQL_ERR_CONNECT;
    } else {
        die("there is no such failure:", failure);
    }
}

static void read_own(json_t *item, struct recording *out)
{
    const json_t *request = json_object_get(item, "request");
    const json_t *response = json_object_get(item, "response");
    const char *failure = json_string_value(json_object_get(item, "failure"));
    struct replay_exchange *exchange = add_exchange(out);
    exchange->method = string_in(request, "method");
    exchange->url = string_in(request, "url");
    exchange->headers = own_headers(json_object_get(request, "headers"));
    exchange->body = json_string_value(json_object_get(request, "body"));
    if (failure != NULL) {
        read_failure(failure, exchange);
        return;
    }
    read_status(response, exchange);
    exchange->answer_headers = own_headers(json_object_get(response, "headers"));
    exchange->answer = json_string_value(json_object_get(response, "body"));
}

static void read_names(json_t *names, struct recording *out)
{
    const char *name;
    json_t *addresses;
    json_object_foreach(names, name, addresses)
    {
        size_t i;
        json_t *address;
        json_array_foreach(addresses, i, address)
        {
            if (out->name_count == RECORDING_MAX || !json_is_string(address)) {
                die("wrong, or too many, addresses of", name);
            }
            out->names[out->name_count++] =
                (struct replay_name){.host = name, .address = json_string_value(address)};
        }
    }
}

/* ---- The format of the AWS SDK for Rust: requests, data and answers of numbered connections */

static bool is_compared(const char *name, const char *value)
{
    static const char *const names[] = {
        "x-aws-ec2-metadata-token",
        "x-aws-ec2-metadata-token-ttl-seconds",
        "x-amz-sso_bearer_token",
        "content-type",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return true;
        }
    }
    return strcasecmp(name, "authorization") == 0 && strncmp(value, "AWS4-", strlen("AWS4-")) != 0;
}

/* Each header has a list of values, which in practice has one element. */
static char *rust_headers(json_t *headers, bool is_request)
{
    const char *name;
    json_t *values;
    struct buf lines;
    buf_init(&lines, MAX_LINES);
    json_object_foreach(headers, name, values)
    {
        const char *value = json_string_value(json_array_get(values, 0));
        if (value != NULL && (!is_request || is_compared(name, value))) {
            buf_printf(&lines, "%s: %s\n", name, value);
        }
    }
    return take(&lines);
}

static void begin(json_t *request, struct replay_exchange *exchange)
{
    exchange->method = string_in(request, "method");
    exchange->url = string_in(request, "uri");
    exchange->headers = rust_headers(json_object_get(request, "headers"), true);
}

static void respond(json_t *response, struct replay_exchange *exchange)
{
    json_t *answer = json_object_get(response, "Ok");
    if (answer == NULL) {
        exchange->failure = DSQL_ERR_CONNECT;
        return;
    }
    read_status(answer, exchange);
    exchange->answer_headers = rust_headers(json_object_get(answer, "headers"), false);
}

/* Request bodies are not compared: many were anonymised after the recording. */
static void add_piece(const json_t *piece, struct replay_exchange *exchange)
{
    const char *string = string_in(json_object_get(piece, "data"), "Utf8");
    if (strcmp(string_in(piece, "direction"), "Request") == 0) {
        return;
    }
    if (exchange->answer != NULL) {
        die("more than one piece of", "a body");
    }
    exchange->answer = string;
}

static void read_event(const json_t *event, json_int_t connections[RECORDING_MAX],
                       struct recording *out)
{
    json_t *action = json_object_get(event, "action");
    json_int_t connection = json_integer_value(json_object_get(event, "connection_id"));
    json_t *request = json_object_get(json_object_get(action, "Request"), "request");
    if (request != NULL) {
        struct replay_exchange *exchange = add_exchange(out);
        connections[out->count - 1] = connection;
        begin(request, exchange);
        return;
    }
    for (size_t i = 0; i < out->count; i++) {
        json_t *response = json_object_get(json_object_get(action, "Response"), "response");
        const json_t *piece = json_object_get(action, "Data");
        if (connections[i] == connection && response != NULL) {
            respond(response, &out->exchanges[i]);
        } else if (connections[i] == connection && piece != NULL) {
            add_piece(piece, &out->exchanges[i]);
        }
    }
}

void recording_read(json_t *root, struct recording *out)
{
    json_int_t connections[RECORDING_MAX] = {0};
    size_t i;
    json_t *item;
    *out = (struct recording){0};
    if (!json_is_array(json_object_get(root, "events")) &&
        !json_is_array(json_object_get(root, "exchanges"))) {
        die("there are neither", "events nor exchanges");
    }
    json_array_foreach(json_object_get(root, "exchanges"), i, item)
    {
        read_own(item, out);
    }
    json_array_foreach(json_object_get(root, "events"), i, item)
    {
        read_event(item, connections, out);
    }
    read_names(json_object_get(root, "names"), out);
    out->ends_in_silence = json_object_get(root, "events") != NULL;
}

void recording_free(struct recording *recording)
{
    for (size_t i = 0; i < recording->count; i++) {
        free((void *)(uintptr_t)recording->exchanges[i].headers);
        free((void *)(uintptr_t)recording->exchanges[i].answer_headers);
    }
}
