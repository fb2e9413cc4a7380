/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* libcurl is initialised once, by the first request, and not for a token. */
#include "credentials/cache/provider.h"
#include "credentials/credentials.h"
#include "http/http.h"
#include "unit.h"

#include <curl/curl.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 8 };

static atomic_int inits;

/* The linker takes this one instead of libcurl's. */
CURLcode curl_global_init(long flags)
{
    CURLcode (*original)(long) = NULL;
    *(void **)(&original) = dlsym(RTLD_NEXT, "curl_global_init");
    assert_non_null(original);
    atomic_fetch_add(&inits, 1);
    return original(flags);
}

static void token_from_keys_does_not_touch_libcurl(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    struct dsql_credentials got = {0};
    dsql_credentials_provider *provider = dsql_credentials_default(NULL, NULL);
    assert_int_equal(credentials_get(provider, clock_system(), &got, NULL), DSQL_OK);
    credentials_clear(&got);
    dsql_credentials_unref(provider);
    assert_int_equal(atomic_load(&inits), 0);
}

static void *ask(void *arg)
{
    (void)arg;
    static const struct http_request request = {
        .method = "GET",
        .url = "http://127.0.0.1:1/",
        .reach = HTTP_LOCAL,
        .connect_timeout_ms = 1000,
        .timeout_ms = 1000,
    };
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    (void)http_send(http_system(), &request, &response, NULL);
    return NULL;
}

static void first_requests_of_many_threads_initialise_once(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&inits), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_from_keys_does_not_touch_libcurl),
        cmocka_unit_test(first_requests_of_many_threads_initialise_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
