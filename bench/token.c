/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The cost of a token, beside the least that OpenSSL needs for a signature.  With the signing key
 * of the day at hand that is one SHA-256 of the canonical request and one HMAC; without it, four
 * more HMACs.  dsql_token() signs once a second, so its ratio may be greater than 1.  The rounds
 * "cached", "derived", "floor_cached" and "floor_derived" (see rounds.h) are answered with the
 * nanoseconds of one token, the mean of as many as the number says.
 *
 * usage: bench_token
 */
#include "token/token.h"

#include "base/clock.h"
#include "credentials/credentials.h"
#include "rounds.h"
#include "sigv4/sigv4.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char host[] = "foo0bar1baz2quux3quuux4abc.dsql.us-east-1.on.aws";

/* Bytes, for this host and a key of the usual length. */
enum { CANONICAL_SIZE = 339, STRING_TO_SIGN_SIZE = 135 };

static void expect(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "bench_token: %s failed\n", what);
        exit(1);
    }
}

/* ---- The floor ---- */

struct floor {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    EVP_MAC *hmac;
    EVP_MAC_CTX *mac;
};

static void floor_init(struct floor *floor)
{
    char name[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    static const unsigned char key[SIGV4_KEY_SIZE] = {1};
    floor->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    floor->digest = EVP_MD_CTX_new();
    floor->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    floor->mac = EVP_MAC_CTX_new(floor->hmac);
    expect(EVP_MAC_init(floor->mac, key, sizeof key, params) == 1, "EVP_MAC_init");
}

static void floor_clear(struct floor *floor)
{
    EVP_MD_CTX_free(floor->digest);
    EVP_MD_free(floor->sha256);
    EVP_MAC_CTX_free(floor->mac);
    EVP_MAC_free(floor->hmac);
}

/* key: NULL keeps the one before. */
static void floor_mac(const struct floor *floor, const unsigned char *key, const char *data,
                      size_t len, unsigned char out[SIGV4_KEY_SIZE])
{
    size_t written = 0;
    expect(EVP_MAC_init(floor->mac, key, key == NULL ? 0 : SIGV4_KEY_SIZE, NULL) == 1 &&
               EVP_MAC_update(floor->mac, (const unsigned char *)data, len) == 1 &&
               EVP_MAC_final(floor->mac, out, &written, SIGV4_KEY_SIZE) == 1,
           "EVP_MAC");
}

static void floor_digest(const struct floor *floor, unsigned char out[SIGV4_KEY_SIZE])
{
    static const char canonical[CANONICAL_SIZE];
    expect(EVP_DigestInit_ex2(floor->digest, floor->sha256, NULL) == 1 &&
               EVP_DigestUpdate(floor->digest, canonical, sizeof canonical) == 1 &&
               EVP_DigestFinal_ex(floor->digest, out, NULL) == 1,
           "EVP_Digest");
}

static void floor_cached(const void *arg)
{
    static const char text[STRING_TO_SIGN_SIZE];
    unsigned char out[SIGV4_KEY_SIZE];
    floor_digest(arg, out);
    floor_mac(arg, NULL, text, sizeof text, out);
}

static void floor_derived(const void *arg)
{
    static const char text[STRING_TO_SIGN_SIZE];
    unsigned char out[SIGV4_KEY_SIZE];
    unsigned char key[SIGV4_KEY_SIZE] = {2};
    floor_digest(arg, out);
    floor_mac(arg, key, "20261128", 8, key);
    floor_mac(arg, key, "us-east-1", 9, key);
    floor_mac(arg, key, "dsql", 4, key);
    floor_mac(arg, key, "aws4_request", 12, key);
    floor_mac(arg, key, text, sizeof text, out);
}

/* ---- Ours ---- */

static void token_cached(const void *arg)
{
    dsql_error err = {0};
    char *token = dsql_token(arg, NULL, &err);
    expect(token != NULL, err.message);
    dsql_token_free(token);
}

static void token_derived(const void *arg)
{
    static const struct endpoint endpoint = {
        .host = "foo0bar1baz2quux3quuux4abc.dsql.us-east-1.on.aws", .region = "us-east-1"};
    const struct token_request request = {.endpoint = &endpoint,
                                          .action = TOKEN_CONNECT_ADMIN,
                                          .seconds = 900,
                                          .now = clock_wall_s(clock_system())};
    char *token = NULL;
    dsql_error err = {0};
    expect(token_make(&request, arg, &token, NULL, &err) == DSQL_OK, err.message);
    dsql_token_free(token);
}

/* ---- Measuring ---- */

struct bench {
    struct floor floor;
    dsql_options options;
    struct dsql_credentials keys;
};

static double time_of(void (*run)(const void *arg), const void *arg, int count)
{
    double start = rounds_now_ns();
    for (int i = 0; i < count; i++) {
        run(arg);
    }
    return (rounds_now_ns() - start) / count;
}

static double measure_cached(void *arg, int count)
{
    const struct bench *bench = arg;
    return time_of(token_cached, &bench->options, count);
}

static double measure_derived(void *arg, int count)
{
    const struct bench *bench = arg;
    return time_of(token_derived, &bench->keys, count);
}

static double measure_floor_cached(void *arg, int count)
{
    const struct bench *bench = arg;
    return time_of(floor_cached, &bench->floor, count);
}

static double measure_floor_derived(void *arg, int count)
{
    const struct bench *bench = arg;
    return time_of(floor_derived, &bench->floor, count);
}

int main(void)
{
    static const struct round_kind kinds[] = {
        {"cached", measure_cached},
        {"derived", measure_derived},
        {"floor_cached", measure_floor_cached},
        {"floor_derived", measure_floor_derived},
        {NULL, NULL},
    };
    dsql_error err = {0};
    struct bench bench = {0};
    floor_init(&bench.floor);
    expect(dsql_credentials_set(&bench.keys, "AKIAIOSFODNN7EXAMPLE",
                                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX", NULL, 0) == DSQL_OK,
           "dsql_credentials_set");
    dsql_credentials_provider *provider = dsql_credentials_static(
        "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX", NULL, &err);
    expect(provider != NULL, err.message);
    bench.options = *DSQL_OPTIONS(.host = host, .credentials = provider);
    int status = rounds_answer(kinds, &bench);
    dsql_credentials_unref(provider);
    credentials_clear(&bench.keys);
    floor_clear(&bench.floor);
    return status;
}
