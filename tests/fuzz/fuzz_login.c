/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The cached login and the answers of services when it is renewed, for both kinds of login.  Each
 * 0x1e in the input ends a part: first the cache, then the answers.
 */
#include "base/json.h"
#include "credentials/sources/login.h"
#include "credentials/sources/sso.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct text cache;
    struct text answers;
};

static int64_t wall_s(void *arg)
{
    (void)arg;
    return 1700000000;
}

static int64_t monotonic_ms(void *arg)
{
    return wall_s(arg) * 1000;
}

static void sleep_ms(void *arg, int64_t ms)
{
    (void)arg;
    (void)ms;
}

static uint64_t next(void *arg)
{
    (void)arg;
    return 1;
}

static bool read_file(void *arg, const char *path, struct buf *content)
{
    const struct world *world = arg;
    (void)path;
    buf_add_text(content, world->cache);
    errno = EFBIG;
    return buf_ok(content);
}

/* A cache that is written must be readable. */
static bool replace_file(void *arg, const char *path, struct text content)
{
    (void)arg;
    (void)path;
    struct json *json = json_parse(content);
    if (json == NULL) {
        abort();
    }
    json_free(json);
    return true;
}

/* The first byte of an answer chooses its HTTP status. */
static dsql_status send(void *arg, const struct http_request *request,
                        struct http_response *response, dsql_error *err)
{
    static const int statuses[] = {200, 400, 401, 403, 500};
    struct world *world = arg;
    struct text answer;
    (void)request;
    (void)err;
    text_cut(world->answers, '\x1e', &answer, &world->answers);
    size_t which = 0;
    while (which < sizeof statuses / sizeof statuses[0] - 1 && !text_is_empty(answer) &&
           answer.data[0] != '0' + (char)which) {
        which++;
    }
    response->status = statuses[which];
    buf_add_text(&response->body, text_slice(answer, 1, answer.len));
    return DSQL_OK;
}

typedef enum source_result (*fetch_fn)(const struct source_context *context,
                                       const struct profile *profile, struct dsql_credentials *out,
                                       dsql_error *err);

static void run(fetch_fn fetch, struct text input)
{
    struct world world;
    struct dsql_credentials got = {0};
    dsql_error err = {0};
    const struct clock clock = {
        .wall_s = wall_s, .monotonic_ms = monotonic_ms, .sleep_ms = sleep_ms};
    const struct random_source random = {next, NULL};
    const struct http http = {.send = send, .arg = &world};
    const struct file_system files = {read_file, replace_file, &world};
    const struct source_context context = {
        .clock = &clock, .random = &random, .http = &http, .files = &files};
    struct profile_set *set =
        profile_set_parse(text_of("[profile p]\nsso_start_url=s\nsso_region=r\nsso_account_id=1\n"
                                  "sso_role_name=r\nlogin_session=l\nregion=r\n"),
                          text_of(""), NULL);
    const struct profile profile = {.set = set, .name = "p"};
    if (set == NULL) {
        return;
    }
    text_cut(input, '\x1e', &world.cache, &world.answers);
    enum source_result result = fetch(&context, &profile, &got, &err);
    if ((result == SOURCE_GOT) == secret_is_empty(&got.secret_access_key) ||
        (result != SOURCE_GOT && err.message[0] == '\0')) {
        abort();
    }
    credentials_clear(&got);
    profile_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = text_of_bytes(data, size);
    setenv("HOME", "/home", 1);
    run(sso_fetch, input);
    run(login_fetch, input);
    return 0;
}
