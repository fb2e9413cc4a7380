/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of Signature Version 4 in the order of the IAM User Guide: canonical request, string
 * to sign, signing key, signature.  Each text is built in a buffer with a maximum, and a buffer
 * that broke makes its function return false, so a half text is never signed.
 *
 * What must not be done here: decode, trim or lower anything that the caller gives.  The service
 * repeats the calculation from what it received, and any difference is reported only as "the
 * signature does not match".  Tests compare each step with AWS's published examples.
 */
#include "sigv4/sigv4.h"

#include "base/percent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * In bytes.  MAX_KEY_TEXT is far above the 40 characters of a secret key; MAX_SCOPE holds a
 * credential ("key/date/region/service/aws4_request") or a string to sign.
 */
enum {
    DATE_LENGTH = 8,
    MAX_SCOPE = 1024,
    USUAL_SCOPE = 120,
    MAX_KEY_TEXT = 4096,
    PRESIGN_PARAMS = 6 /* those SigV4 itself adds to a query, at most */
};

/* The last part of every scope and of the derivation of the key (IAM User Guide). */
#define TERMINATOR "aws4_request"

bool sigv4_sha256_hex(struct text data, char out[SIGV4_HEX_SIZE])
{
    unsigned char digest[SHA256_SIZE];
    struct sha256 hash AUTO_SHA256 = {0};
    if (!sha256_init(&hash) || !sha256_digest(&hash, data, digest)) {
        out[0] = '\0';
        return false;
    }
    text_hex(digest, sizeof digest, out);
    return true;
}

/*
 * In the order of bytes, not of a locale: the service sorts by code point.  unsigned, because
 * char may be signed and bytes above 127 would come first.
 */
static bool comes_before(struct text a, struct text b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < shorter; i++) {
        if (a.data[i] != b.data[i]) {
            return (unsigned char)a.data[i] < (unsigned char)b.data[i];
        }
    }
    return a.len < b.len;
}

/*
 * Insertion sort: a query has seven parameters.  By name before encoding, which gives the same
 * order as after it, because names have unreserved characters only (sigv4.h).
 */
static void sort_params(struct sigv4_param *params, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct sigv4_param moving = params[i];
        size_t place = i;
        while (place > 0 && comes_before(text_of(moving.name), text_of(params[place - 1].name))) {
            params[place] = params[place - 1];
            place--;
        }
        params[place] = moving;
    }
}

/*
 * Works on a copy, so the caller's array keeps its order.  A parameter with an empty value has
 * its "=" all the same, as the guide demands.
 */
bool sigv4_canonical_query(const struct sigv4_param *params, size_t count, struct buf *out)
{
    struct sigv4_param sorted[SIGV4_MAX_PARAMS];
    if (count > SIGV4_MAX_PARAMS) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = params[i];
    }
    sort_params(sorted, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_add_char(out, '&');
        }
        buf_add_string(out, sorted[i].name); /* would not change by encoding */
        buf_add_char(out, '=');
        percent_encode(out, text_of(sorted[i].value));
    }
    return buf_ok(out);
}

/* The caller gives the headers in their order; the guide wants them sorted by name. */
void sigv4_signed_headers(const struct sigv4_request *request, struct buf *out)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (i > 0) {
            buf_add_char(out, ';');
        }
        buf_add_string(out, request->headers[i].name);
    }
}

/* The date of the signature's own time: a scope with another date is rejected by the service. */
static struct text scope_date(const struct sigv4_scope *scope)
{
    return text_slice(text_of(scope->time), 0, DATE_LENGTH);
}

void sigv4_scope_text(const struct sigv4_scope *scope, struct buf *out)
{
    buf_add_text(out, scope_date(scope));
    buf_add_char(out, '/');
    buf_add_string(out, scope->region);
    buf_add_char(out, '/');
    buf_add_string(out, scope->service);
    buf_add_string(out, "/" TERMINATOR);
}

static void add_line(struct buf *out, const char *line)
{
    buf_add_string(out, line);
    buf_add_char(out, '\n');
}

/* An empty line follows the headers, and then the list of their names. */
static void add_headers(const struct sigv4_request *request, struct buf *out)
{
    for (size_t i = 0; i < request->header_count; i++) {
        buf_add_string(out, request->headers[i].name);
        buf_add_char(out, ':');
        add_line(out, request->headers[i].value);
    }
    buf_add_char(out, '\n');
    sigv4_signed_headers(request, out);
    buf_add_char(out, '\n');
}

/* The empty payload has a hash too, which is always the same. */
static bool hash_payload(struct text payload, char out[SIGV4_HEX_SIZE])
{
    static const char of_nothing[] =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    if (!text_is_empty(payload)) {
        return sigv4_sha256_hex(payload, out);
    }
    memcpy(out, of_nothing, sizeof of_nothing);
    return true;
}

/* Six parts, one to a line, and no line break after the last. */
bool sigv4_canonical_request(const struct sigv4_request *request, struct buf *out)
{
    char payload[SIGV4_HEX_SIZE];
    if (!hash_payload(request->payload, payload)) {
        return false;
    }
    add_line(out, request->method);
    add_line(out, request->path);
    buf_add_text(out, request->query);
    buf_add_char(out, '\n');
    add_headers(request, out);
    buf_add_string(out, payload);
    return buf_ok(out);
}

void sigv4_string_to_sign_start(const struct sigv4_scope *scope, struct buf *out)
{
    add_line(out, SIGV4_ALGORITHM);
    add_line(out, scope->time);
    sigv4_scope_text(scope, out);
    buf_add_char(out, '\n');
}

/*
 * Contains the hash of the canonical request and not the request, so it holds no session token.
 * Its buffer may be an ordinary one.
 */
bool sigv4_string_to_sign(const struct sigv4_scope *scope, struct text canonical_request,
                          struct buf *out)
{
    char digest[SIGV4_HEX_SIZE];
    if (!sigv4_sha256_hex(canonical_request, digest)) {
        return false;
    }
    sigv4_string_to_sign_start(scope, out);
    buf_add_string(out, digest);
    return buf_ok(out);
}

/* key = HMAC(key, part); both sides of each step have the same size. */
static bool derive(struct sha256 *hash, unsigned char key[SIGV4_KEY_SIZE], struct text part)
{
    return sha256_hmac(hash, text_of_bytes(key, SIGV4_KEY_SIZE), part, key);
}

/*
 * HMAC of date, region, service and terminator in turn, beginning with "AWS4" and the secret.
 * The result is valid for one day, region and service.
 */
bool sigv4_signing_key(struct sha256 *hash, const struct secret *secret_access_key,
                       const struct sigv4_scope *scope, unsigned char key[SIGV4_KEY_SIZE])
{
    struct buf first AUTO_BUF;
    buf_init_secret(&first, MAX_KEY_TEXT);
    buf_add_string(&first, "AWS4");
    buf_add_string(&first, secret_string(secret_access_key));
    bool ok = buf_ok(&first) && sha256_hmac(hash, buf_text(&first), scope_date(scope), key) &&
              derive(hash, key, text_of(scope->region)) &&
              derive(hash, key, text_of(scope->service)) && derive(hash, key, text_of(TERMINATOR));
    if (!ok) {
        secret_wipe(key, SIGV4_KEY_SIZE);
    }
    return ok;
}

/* Hex in lower case, as the service writes it. */
bool sigv4_signature(const unsigned char key[SIGV4_KEY_SIZE], struct text string_to_sign,
                     char out[SIGV4_HEX_SIZE])
{
    unsigned char mac[SHA256_SIZE];
    struct sha256 hash AUTO_SHA256 = {0};
    out[0] = '\0';
    if (!sha256_init(&hash) ||
        !sha256_hmac(&hash, text_of_bytes(key, SIGV4_KEY_SIZE), string_to_sign, mac)) {
        return false;
    }
    text_hex(mac, sizeof mac, out);
    secret_wipe(mac, sizeof mac); /* who has a token's signature can log in with it */
    return true;
}

/*
 * The key is wiped on every way out, also if a step before it failed: then it is not initialized,
 * and wiping does no harm.
 */
static bool sign_canonical(const struct sigv4_scope *scope, struct text canonical_request,
                           const struct secret *secret_access_key, char signature[SIGV4_HEX_SIZE])
{
    unsigned char key[SIGV4_KEY_SIZE];
    struct buf string_to_sign AUTO_BUF;
    struct sha256 hash AUTO_SHA256 = {0};
    buf_init_secret(&string_to_sign, MAX_SCOPE);
    bool ok = sigv4_string_to_sign(scope, canonical_request, &string_to_sign) &&
              sha256_init(&hash) && sigv4_signing_key(&hash, secret_access_key, scope, key) &&
              sigv4_signature(key, buf_text(&string_to_sign), signature);
    secret_wipe(key, sizeof key);
    return ok;
}

bool sigv4_sign(const struct sigv4_request *request, const struct sigv4_scope *scope,
                const struct secret *secret_access_key, char signature[SIGV4_HEX_SIZE])
{
    struct buf canonical AUTO_BUF;
    buf_init_secret(&canonical, SIGV4_MAX_TEXT);
    return sigv4_canonical_request(request, &canonical) &&
           sign_canonical(scope, buf_text(&canonical), secret_access_key, signature);
}

/*
 * The request's own parameters and those of SigV4; false when there are too many.  The session
 * token is part of what is signed (as the guide says for most services, among them Aurora DSQL).
 * Order does not matter here.
 */
static bool collect_params(const struct sigv4_presign *presign, const char *credential,
                           const char *expires, struct sigv4_param all[SIGV4_MAX_PARAMS],
                           size_t *count)
{
    if (presign->param_count > SIGV4_MAX_PARAMS - PRESIGN_PARAMS) {
        return false;
    }
    size_t n = 0;
    while (n < presign->param_count) {
        all[n] = presign->params[n];
        n++;
    }
    all[n++] = (struct sigv4_param){"X-Amz-Algorithm", SIGV4_ALGORITHM};
    all[n++] = (struct sigv4_param){"X-Amz-Credential", credential};
    all[n++] = (struct sigv4_param){"X-Amz-Date", presign->scope.time};
    all[n++] = (struct sigv4_param){"X-Amz-Expires", expires};
    if (presign->session_token != NULL) {
        all[n++] = (struct sigv4_param){"X-Amz-Security-Token", presign->session_token};
    }
    all[n++] = (struct sigv4_param){"X-Amz-SignedHeaders", "host"};
    *count = n;
    return true;
}

/* The credential contains slashes; percent-encoding makes them %2F, as the guide shows. */
bool sigv4_presign_query(const struct sigv4_presign *presign, struct buf *out)
{
    struct sigv4_param all[SIGV4_MAX_PARAMS];
    size_t count = 0;
    char expires[24];
    struct buf credential AUTO_BUF;
    buf_init(&credential, MAX_SCOPE);
    buf_reserve(&credential, USUAL_SCOPE);
    buf_add_string(&credential, presign->access_key_id);
    buf_add_char(&credential, '/');
    sigv4_scope_text(&presign->scope, &credential);
    snprintf(expires, sizeof expires, "%" PRId64, presign->expires_s);
    return buf_ok(&credential) && collect_params(presign, credential.data, expires, all, &count) &&
           sigv4_canonical_query(all, count, out);
}

/* The payload is the empty text and not UNSIGNED-PAYLOAD, which only S3 accepts. */
bool sigv4_presign_canonical_request(const struct sigv4_presign *presign, struct text query,
                                     struct buf *out)
{
    const struct sigv4_param host = {"host", presign->host};
    const struct sigv4_request request = {
        .method = "GET",
        .path = "/",
        .query = query,
        .headers = &host,
        .header_count = 1,
        .payload = text_of(NULL),
    };
    return sigv4_canonical_request(&request, out);
}

/*
 * The signature is not part of the query that it signs; the caller appends it.  On failure *query
 * is unchanged or broken, never half a query that could be used.
 */
bool sigv4_presign(const struct sigv4_presign *presign, const struct secret *secret_access_key,
                   struct buf *query, char signature[SIGV4_HEX_SIZE])
{
    struct buf unsigned_query AUTO_BUF;
    struct buf canonical AUTO_BUF;
    buf_init_secret(&unsigned_query, SIGV4_MAX_TEXT);
    buf_init_secret(&canonical, SIGV4_MAX_TEXT);
    if (!sigv4_presign_query(presign, &unsigned_query) ||
        !sigv4_presign_canonical_request(presign, buf_text(&unsigned_query), &canonical) ||
        !sign_canonical(&presign->scope, buf_text(&canonical), secret_access_key, signature)) {
        return false;
    }
    buf_add_text(query, buf_text(&unsigned_query));
    return buf_ok(query);
}
