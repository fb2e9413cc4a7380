/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The instance metadata service: each line of the input is one answer.  The results are complete
 * credentials, a valid region, or nothing, and requests stay below the known paths.
 */
#include "base/error.h"
#include "credentials/sources/imds.h"

#define ROLES  "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
#define REGION "http://169.254.169.254/latest/meta-data/placement/region"
#define TOKEN  "http://169.254.169.254/latest/api/token"

enum { MAX_REQUESTS = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct service {
    struct text rest;
    int requests;
};

static int64_t now(void *arg)
{
    (void)arg;
    return 1700000000;
}

static void no_wait(void *arg, int64_t ms)
{
    (void)arg;
    (void)ms;
}

static uint64_t no_chance(void *arg)
{
    (void)arg;
    return 0;
}

static bool no_file(void *arg, const char *path, struct buf *content)
{
    (void)arg;
    (void)path;
    (void)content;
    return false;
}

/* No slash, dot segment or query in the name of the role. */
static void check_url(const char *url)
{
    struct text text = text_of(url);
    size_t position = 0;
    if (text_equal_string(text, TOKEN) || text_equal_string(text, REGION)) {
        return;
    }
    struct text role = text_slice(text, sizeof ROLES - 1, text.len);
    if (!text_starts_with(text, ROLES) || text_find(role, '/', &position) ||
        text_find(role, '?', &position)) {
        __builtin_trap();
    }
}

/* "S...": the first byte chooses the status. */
static dsql_status answer(void *arg, const struct http_request *request,
                          struct http_response *response, dsql_error *err)
{
    static const int statuses[] = {200, 401, 404, 500};
    struct service *service = arg;
    struct text line;
    check_url(request->url);
    if (++service->requests > MAX_REQUESTS || !text_next_line(&service->rest, &line)) {
        return fail(err, DSQL_ERR_CONNECT, "no answer");
    }
    unsigned char kind = line.len == 0 ? 0 : (unsigned char)line.data[0];
    response->status = statuses[kind % 4];
    buf_add_text(&response->body, text_slice(line, 1, line.len));
    return DSQL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct service service = {.rest = text_of_bytes(data, size)};
    const struct http http = {.send = answer, .arg = &service};
    const struct clock clock = {.wall_s = now, .monotonic_ms = now, .sleep_ms = no_wait};
    const struct random_source random = {.next = no_chance};
    const struct file_system files = {.read = no_file};
    struct source_context world = {
        .clock = &clock, .random = &random, .http = &http, .files = &files, .imds = imds_new()};
    char region[16] = "";
    for (int i = 0; i < 3; i++) {
        struct dsql_credentials got = {0};
        enum source_result result = imds_fetch(&world, NULL, &got, NULL);
        if ((result == SOURCE_GOT) == secret_is_empty(&got.access_key_id)) {
            __builtin_trap();
        }
        credentials_clear(&got);
    }
    (void)imds_region(&world, NULL, region, sizeof region, NULL);
    imds_free(world.imds);
    return 0;
}
