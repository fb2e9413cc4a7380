/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One small blocking request, sent through a table of functions: the real table uses
 * libcurl, the tests' table replays recorded exchanges.  Redirects are never followed,
 * bodies are bounded, both connecting and the whole have a time limit, and nothing of a
 * request or an answer is ever logged: both carry secrets.
 */
#ifndef DSQL_HTTP_HTTP_H
#define DSQL_HTTP_HTTP_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"

#include <dsql.h>

enum {
    HTTP_MAX_HEADERS = 16,
    HTTP_MAX_BODY = 256 * 1024, /* of an answer; a session token is some KB */
    HTTP_MAX_ADDRESSES = 16,
    HTTP_ADDRESS_SIZE = 46 /* INET6_ADDRSTRLEN */
};

struct http_header {
    const char *name; /* lower case */
    const char *value;
};

/** The statuses that callers distinguish. */
enum {
    HTTP_OK = 200,
    HTTP_BAD_REQUEST = 400,
    HTTP_UNAUTHORIZED = 401,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_TOO_MANY_REQUESTS = 429,
    HTTP_SERVER_ERROR = 500 /* and above */
};

enum http_reach {
    HTTP_PUBLIC, /* https only, the server verified; the proxy of the environment applies */
    HTTP_LOCAL   /* http or https (then verified) on this machine or its link: never by a proxy */
};

struct http_request {
    const char *method; /* GET, POST, PUT, HEAD */
    const char *url;    /* absolute, http: or https: */
    enum http_reach reach;
    const struct http_header *headers;
    size_t header_count;
    struct text body;       /* empty: none */
    const char *address;    /* numeric, or several with commas: connect to one of them, whatever the
                               name resolves to.  NULL: resolve */
    const char *ca_file;    /* NULL: the system's */
    int connect_timeout_ms; /* milliseconds; both limits are > 0 */
    int timeout_ms;         /* of the whole exchange */
};

struct http_response {
    int status;      /* 100..599 */
    struct buf body; /* secret */
    /* Header fields that callers need; "" if they were not sent. */
    char date[40];
    char retry_after[40];
    char imds_token_ttl[24]; /* x-aws-ec2-metadata-token-ttl-seconds */
    char error_type[96];     /* x-amzn-errortype */
};

void http_response_init(struct http_response *response);
void http_response_clear(struct http_response *response);
void http_response_clear_at(struct http_response *response);
#define AUTO_HTTP_RESPONSE __attribute__((cleanup(http_response_clear_at)))

/** Keeps a header of the answer if it is one of those above; for implementations of struct http. */
void http_response_field(struct http_response *response, struct text name, struct text value);

struct http_addresses {
    size_t count;
    char address[HTTP_MAX_ADDRESSES][HTTP_ADDRESS_SIZE];
};

struct http {
    /**
     * DSQL_OK: an answer came, whatever its status.  DSQL_ERR_CONNECT: none (refused,
     * unreachable, TLS, cut off, too big); DSQL_ERR_TIMEOUT; DSQL_ERR_USAGE: the request is
     * not allowed; DSQL_ERR_NOMEM.  The message names the host, never path, query, header or body.
     */
    dsql_status (*send)(void *arg, const struct http_request *request,
                        struct http_response *response, dsql_error *err);
    /** All addresses of a name, numeric. */
    dsql_status (*resolve)(void *arg, const char *host, struct http_addresses *out,
                           dsql_error *err);
    void *arg;
};

/** libcurl and the system's resolver; libcurl is initialised by the first request. */
const struct http *http_system(void);

/** One request, checked, and one answer, which is emptied first. */
dsql_status http_send(const struct http *http, const struct http_request *request,
                      struct http_response *response, dsql_error *err);

dsql_status http_resolve(const struct http *http, const char *host, struct http_addresses *out,
                         dsql_error *err);

struct http_retry {
    const struct clock *clock;
    const struct random_source *random;
    int max_attempts;          /* the first one included; 3 is the AWS SDKs' standard */
    int base_ms;               /* doubled each time, full jitter */
    int max_ms;                /* the longest wait before jitter */
    bool is_no_response_final; /* a request without a response is not repeated */
    /** Other responses to retry, besides 5xx, 429 and no response.  NULL: none. */
    bool (*is_transient)(const struct http_response *response);
};

/** The standard policy: 3 attempts, 100 ms doubled up to 20 s, full jitter. */
struct http_retry http_retry_standard(const struct clock *clock,
                                      const struct random_source *random);

/** Sends until an answer is final.  The outcome of the last attempt is returned. */
dsql_status http_send_retrying(const struct http *http, const struct http_request *request,
                               const struct http_retry *retry, struct http_response *response,
                               dsql_error *err);

#endif
