/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * struct http, implemented with libcurl: a handle of its own for every request, so that nothing (a
 * connection, a cookie, a password) outlives it and any number of threads may send.
 * Only curl_global_init() is kept; it is called by the first request, since most programs
 * never make one.
 *
 * What we hand to libcurl is wiped by us.  Its own buffers, and those of TLS, are not.
 */
#include "base/crypto_exit.h"
#include "base/error.h"
#include "base/platform.h"
#include "base/secret.h"
#include "http/answer.h"
#include "http/http.h"
#include "http/resolve.h"
#include "http/sigpipe.h"
#include "http/url.h"

#include <curl/curl.h>

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

enum {
    MAX_HEADER_LINE = 128 * 1024,
    MAX_HOST_TEXT = 254,
    MAX_RESOLVE_RULE = 16 + HTTP_MAX_ADDRESSES * HTTP_ADDRESS_SIZE,
    MIN_STATUS = 100,
    MAX_STATUS = 599
};

#define USER_AGENT "dsql-c"

/* All that lives as long as the request. */
struct transfer {
    CURL *handle;
    struct curl_slist *headers;
    struct curl_slist *resolved;
    struct answer answer;
    char host[MAX_HOST_TEXT + 1]; /* for messages */
    char reason[CURL_ERROR_SIZE];
    bool is_set_up;
};

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static CURLcode init_outcome = CURLE_FAILED_INIT;

/* curl_global_init() must not run twice at once; pthread_once() ensures that among our threads. */
static void init_libcurl(void)
{
    crypto_outlive_exit();
    init_outcome = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* libcurl aborts the transfer if a callback returns less than it was given. */
static size_t take_header(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    return answer_header(&transfer->answer, text_of_bytes(data, size * count)) ? size * count : 0;
}

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    return answer_body(&transfer->answer, text_of_bytes(data, size * count)) ? size * count : 0;
}

/*
 * Close-on-exec is set, because a program that another thread starts meanwhile must not inherit
 * the connection.
 */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)arg;
    (void)purpose;
    return platform_socket(address->family, address->socktype, address->protocol);
}

/* If it fails, the old list is unchanged and still belongs to the transfer. */
static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) {
        return false;
    }
    *list = longer;
    return true;
}

/* The list holds libcurl's copies of the headers, which contain tokens, so they are wiped. */
static void free_list(struct curl_slist *list)
{
    for (struct curl_slist *item = list; item != NULL; item = item->next) {
        secret_wipe(item->data, strlen(item->data));
    }
    curl_slist_free_all(list);
}

/*
 * An empty value is written with a semicolon: after a colon without a value, libcurl drops the
 * header.
 */
static bool append_header(struct curl_slist **list, const struct http_header *header)
{
    struct buf line AUTO_BUF;
    buf_init_secret(&line, MAX_HEADER_LINE);
    bool is_empty = header->value == NULL || header->value[0] == '\0';
    buf_add_string(&line, header->name);
    buf_add_string(&line, is_empty ? ";" : ": ");
    buf_add_string(&line, header->value);
    return buf_ok(&line) && append(list, line.data);
}

/*
 * Removes the headers that libcurl would add by itself, unless the request has them: a server
 * that does not know "Expect" would make a large POST wait for a second.
 */
static bool add_headers(struct transfer *transfer, const struct http_request *request)
{
    bool has_type = false;
    for (size_t i = 0; i < request->header_count; i++) {
        has_type |= text_equal_string(text_of(request->headers[i].name), "content-type");
        if (!append_header(&transfer->headers, &request->headers[i])) {
            return false;
        }
    }
    return append(&transfer->headers, "Expect:") &&
           (has_type || append(&transfer->headers, "Content-Type:"));
}

/* Remembers that one option failed. */
#define SET(option, value)                                                                         \
    (transfer->is_set_up = (curl_easy_setopt(transfer->handle, (option), (value)) == CURLE_OK) &&  \
                           transfer->is_set_up)

/* The body is not copied; it belongs to the request, which outlives the transfer. */
static void set_method(struct transfer *transfer, const struct http_request *request)
{
    struct text method = text_of(request->method);
    if (text_equal_string(method, "HEAD")) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (!text_equal_string(method, "GET")) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, text_is_empty(request->body) ? "" : request->body.data);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(CURLOPT_CUSTOMREQUEST, request->method);
    }
}

/*
 * NOSIGNAL: libcurl must not use SIGALRM in a program with threads.  Redirects are not followed,
 * because a token would go to a host that was not checked.
 */
static void set_limits(struct transfer *transfer, const struct http_request *request)
{
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_MAX_BODY);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_PATH_AS_IS, 1L); /* the path may have been signed */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

/* A file of the caller takes the place of the system's certificates and is not added to them. */
static void set_tls(struct transfer *transfer, const struct http_request *request)
{
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (request->ca_file != NULL) {
        SET(CURLOPT_CAINFO, request->ca_file);
        SET(CURLOPT_CAPATH, (char *)NULL);
    }
}

/*
 * A request for this machine that went through a proxy would reach the service of the proxy's
 * machine.
 */
static void set_reach(struct transfer *transfer, const struct http_request *request)
{
    if (request->reach == HTTP_LOCAL) {
        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_PROXY, "");
        SET(CURLOPT_NOPROXY, "*");
    } else {
        SET(CURLOPT_PROTOCOLS_STR, "https");
    }
}

/* "*:PORT:ADDRESS,ADDRESS": whatever the name is, it has these. */
static bool pin(struct transfer *transfer, const struct http_request *request)
{
    struct buf rule AUTO_BUF;
    struct url url;
    buf_init(&rule, MAX_RESOLVE_RULE);
    if (!url_parse(text_of(request->url), &url)) {
        return false;
    }
    buf_printf(&rule, "*:%d:%s", url.port, request->address);
    if (!buf_ok(&rule) || !append(&transfer->resolved, rule.data)) {
        return false;
    }
    SET(CURLOPT_RESOLVE, transfer->resolved);
    return true;
}

static void set_callbacks(struct transfer *transfer)
{
    SET(CURLOPT_ERRORBUFFER, transfer->reason);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
}

static bool set_up(struct transfer *transfer, const struct http_request *request)
{
    transfer->handle = curl_easy_init();
    if (transfer->handle == NULL || !add_headers(transfer, request)) {
        return false;
    }
    transfer->is_set_up = true;
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_USERAGENT, USER_AGENT);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    set_callbacks(transfer);
    set_limits(transfer, request);
    set_reach(transfer, request);
    set_tls(transfer, request);
    set_method(transfer, request);
    return (request->address == NULL || pin(transfer, request)) && transfer->is_set_up;
}

/*
 * libcurl's own text, for the failures where it says more and cannot quote what was sent or
 * received.
 */
static const char *reason_of(const struct transfer *transfer, CURLcode outcome)
{
    switch (outcome) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return transfer->reason[0] == '\0' ? curl_easy_strerror(outcome) : transfer->reason;
    default:
        return curl_easy_strerror(outcome);
    }
}

/*
 * A header line longer than libcurl's own limit is CURLE_TOO_LARGE since 8.6, and was out of
 * memory before.  By its number: which libcurl is loaded is not known here.
 */
static bool is_too_big(const struct transfer *transfer, CURLcode outcome)
{
    enum { TOO_LARGE = 100 };
    curl_off_t first_byte_us = 0;
    (void)curl_easy_getinfo(transfer->handle, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
    return transfer->answer.is_too_big || outcome == CURLE_FILESIZE_EXCEEDED ||
           (int)outcome == TOO_LARGE ||
           (outcome == CURLE_OUT_OF_MEMORY && first_byte_us > 0 && !transfer->answer.has_headers);
}

static dsql_status explain(const struct transfer *transfer, CURLcode outcome, dsql_error *err)
{
    if (is_too_big(transfer, outcome)) {
        return fail(err, DSQL_ERR_CONNECT, "the response from %s is too large", transfer->host);
    }
    switch (outcome) {
    case CURLE_OUT_OF_MEMORY:
    case CURLE_WRITE_ERROR: /* we stopped it, and it was not too big */
        return fail_nomem(err);
    case CURLE_OPERATION_TIMEDOUT:
        return fail(err, DSQL_ERR_TIMEOUT, "%s did not answer in time", transfer->host);
    default:
        return fail(err, DSQL_ERR_CONNECT, "could not get a response from %s: %s", transfer->host,
                    reason_of(transfer, outcome));
    }
}

/* libcurl reports success for a response that ended in the middle of its headers. */
static dsql_status finish(struct transfer *transfer, dsql_error *err)
{
    long status = 0;
    (void)curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
    if (!transfer->answer.has_headers || status < MIN_STATUS || status > MAX_STATUS) {
        return fail(err, DSQL_ERR_CONNECT, "%s sent an invalid HTTP response", transfer->host);
    }
    transfer->answer.response->status = (int)status;
    return DSQL_OK;
}

static dsql_status run(struct transfer *transfer, const struct http_request *request,
                       dsql_error *err)
{
    if (!set_up(transfer, request)) {
        return fail_nomem(err);
    }
    CURLcode outcome = curl_easy_perform(transfer->handle);
    return outcome == CURLE_OK ? finish(transfer, err) : explain(transfer, outcome, err);
}

/*
 * After a failure the response is emptied, so that no part of it can be used.  SIGPIPE is blocked
 * until libcurl has closed the connection, which TLS does with a message.
 */
static dsql_status send_by_libcurl(void *arg, const struct http_request *request,
                                   struct http_response *response, dsql_error *err)
{
    (void)arg;
    struct url url;
    struct transfer transfer = {0};
    pthread_once(&init_once, init_libcurl);
    if (init_outcome != CURLE_OK) {
        return fail(err, DSQL_ERR_CONNECT, "libcurl could not be initialised: %s",
                    curl_easy_strerror(init_outcome));
    }
    if (url_parse(text_of(request->url), &url)) { /* it was checked already */
        (void)text_copy(url.host, transfer.host, sizeof transfer.host);
    }
    answer_init(&transfer.answer, response);
    struct sigpipe sigpipe;
    sigpipe_hold(&sigpipe);
    dsql_status status = run(&transfer, request, err);
    curl_easy_cleanup(transfer.handle);
    sigpipe_release(&sigpipe);
    free_list(transfer.headers);
    curl_slist_free_all(transfer.resolved);
    if (status != DSQL_OK) {
        http_response_clear(response);
    }
    return status;
}

const struct http *http_system(void)
{
    static const struct http system = {.send = send_by_libcurl, .resolve = resolve_system};
    return &system;
}
