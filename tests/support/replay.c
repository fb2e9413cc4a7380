/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

static dsql_status complain(struct replay *replay, dsql_error *err, const char *what,
                            const struct http_request *request, const char *detail)
{
    if (replay->complaint[0] == '\0') {
        const struct replay_exchange *next =
            replay->next < replay->count ? &replay->exchanges[replay->next] : NULL;
        snprintf(replay->complaint, sizeof replay->complaint,
                 "request %zu (%s %s) %s %s; recorded: %s %s", replay->next + 1, request->method,
                 request->url, what, detail, next == NULL ? "nothing" : next->method,
                 next == NULL ? "" : next->url);
        fprintf(stderr, "replay: %s\n", replay->complaint);
    }
    return fail(err, DSQL_ERR_USAGE, "replay: %s", replay->complaint);
}

static int count_part(struct text all, struct text part)
{
    int count = 0;
    while (!text_is_empty(all)) {
        struct text one;
        text_cut(all, '&', &one, &all);
        count += text_equal(one, part) ? 1 : 0;
    }
    return count;
}

/* a=1&b=2 is the same as b=2&a=1. */
static bool same_parts(struct text a, struct text b)
{
    struct text rest = a;
    while (!text_is_empty(rest)) {
        struct text one;
        text_cut(rest, '&', &one, &rest);
        if (count_part(a, one) != count_part(b, one)) {
            return false;
        }
    }
    return a.len == b.len;
}

/* "https://host" and "https://host/" are the same URL. */
static struct text without_root(struct text url)
{
    struct text host = text_slice(url, strlen("https://"), url.len);
    size_t slash = 0;
    bool is_root = text_find(host, '/', &slash) && slash + 1 == host.len;
    return is_root ? text_slice(url, 0, url.len - 1) : url;
}

static bool same_url(const char *a, const char *b)
{
    struct text a_path;
    struct text b_path;
    struct text a_query;
    struct text b_query;
    text_cut(text_of(a), '?', &a_path, &a_query);
    text_cut(text_of(b), '?', &b_path, &b_query);
    return text_equal(without_root(a_path), without_root(b_path)) && same_parts(a_query, b_query);
}

static const char *header_of(const struct http_request *request, struct text name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (text_equal_nocase(text_of(request->headers[i].name), name)) {
            return request->headers[i].value;
        }
    }
    return NULL;
}

/* line: "name: value", or "!name". */
static bool has_header(const struct http_request *request, struct text line)
{
    struct text name;
    struct text value;
    if (text_starts_with(line, "!")) {
        return header_of(request, text_slice(line, 1, line.len)) == NULL;
    }
    text_cut(line, ':', &name, &value);
    const char *sent = header_of(request, name);
    return sent != NULL && text_equal(text_of(sent), text_trim(value));
}

static dsql_status compare(struct replay *replay, const struct http_request *request,
                           dsql_error *err)
{
    const struct replay_exchange *next = &replay->exchanges[replay->next];
    struct text lines = text_of(next->headers);
    struct text line;
    if (!text_equal_string(text_of(request->method), next->method) ||
        !same_url(request->url, next->url)) {
        return complain(replay, err, "is another one", request, "");
    }
    while (text_next_line(&lines, &line)) {
        if (!has_header(request, line)) {
            return complain(replay, err, "differs in", request, line.data);
        }
    }
    if (next->body != NULL && !same_parts(request->body, text_of(next->body))) {
        return complain(replay, err, "has another body than", request, next->body);
    }
    return DSQL_OK;
}

static void answer(const struct replay_exchange *exchange, struct http_response *response)
{
    struct text lines = text_of(exchange->answer_headers);
    struct text line;
    response->status = exchange->status;
    while (text_next_line(&lines, &line)) {
        struct text name;
        struct text value;
        text_cut(line, ':', &name, &value);
        http_response_field(response, name, value);
    }
    buf_add_string(&response->body, exchange->answer);
}

static dsql_status replay_send(void *arg, const struct http_request *request,
                               struct http_response *response, dsql_error *err)
{
    struct replay *replay = arg;
    snprintf(replay->last_address, sizeof replay->last_address, "%s",
             request->address == NULL ? "" : request->address);
    replay->last_reach = request->reach;
    if (replay->next >= replay->count && replay->ends_in_silence) {
        return fail(err, DSQL_ERR_CONNECT, "no answer (not recorded)");
    }
    if (replay->next >= replay->count) {
        return complain(replay, err, "is one too many", request, "");
    }
    dsql_status status = compare(replay, request, err);
    if (status != DSQL_OK) {
        return status;
    }
    const struct replay_exchange *exchange = &replay->exchanges[replay->next++];
    if (exchange->failure != DSQL_OK) {
        return fail(err, exchange->failure, "no answer (recorded)");
    }
    answer(exchange, response);
    return buf_ok(&response->body) ? DSQL_OK : fail_nomem(err);
}

static dsql_status replay_resolve(void *arg, const char *host, struct http_addresses *out,
                                  dsql_error *err)
{
    const struct replay *replay = arg;
    for (size_t i = 0; i < replay->name_count && out->count < HTTP_MAX_ADDRESSES; i++) {
        if (text_equal_nocase(text_of(replay->names[i].host), text_of(host))) {
            snprintf(out->address[out->count++], HTTP_ADDRESS_SIZE, "%s", replay->names[i].address);
        }
    }
    return out->count > 0 ? DSQL_OK : fail(err, DSQL_ERR_CONNECT, "\"%s\" has no address", host);
}

void replay_init(struct replay *replay, const struct replay_exchange *exchanges, size_t count)
{
    *replay = (struct replay){.exchanges = exchanges, .count = count};
    replay->http = (struct http){.send = replay_send, .resolve = replay_resolve, .arg = replay};
}

bool replay_done(const struct replay *replay)
{
    if (replay->complaint[0] != '\0') {
        fprintf(stderr, "replay: %s\n", replay->complaint);
        return false;
    }
    if (replay->next != replay->count) {
        fprintf(stderr, "replay: only %zu of %zu requests came; missing: %s %s\n", replay->next,
                replay->count, replay->exchanges[replay->next].method,
                replay->exchanges[replay->next].url);
        return false;
    }
    return true;
}
