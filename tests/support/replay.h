/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A struct http without a network.  It expects the recorded requests in their order and gives the
 * recorded answers; a request that differs from the next recorded one is an error.
 *
 *     static const struct replay_exchange exchanges[] = {
 *         {.method = "GET", .url = "http://169.254.170.2/x", .status = 200, .answer = "{}"},
 *     };
 *     struct replay replay;
 *     replay_init(&replay, exchanges, 1);
 *     world.http = &replay.http;
 *     ...
 *     assert_true(replay_done(&replay));
 *
 * A request that was not recorded gets DSQL_ERR_USAGE, which no source retries.  replay_done()
 * is false from then on, and prints the reason to stderr.
 */
#ifndef TEST_SUPPORT_REPLAY_H
#define TEST_SUPPORT_REPLAY_H

#include "http/http.h"

struct replay_exchange {
    /* The expected request.  Query parameters may come in any order. */
    const char *method;
    const char *url;
    const char *headers; /* required "name: value" lines.  "!name": must be absent.  NULL: any */
    const char *body;    /* form fields may come in any order.  NULL: any */

    /* The answer. */
    dsql_status failure;        /* unless DSQL_OK: fail with this status instead */
    int status;                 /* HTTP status */
    const char *answer_headers; /* "name: value" lines; NULL: none */
    const char *answer;         /* the body; NULL: empty */
};

/** One address of a name; a name may have several.  Names that are not listed do not resolve. */
struct replay_name {
    const char *host;
    const char *address;
};

struct replay {
    struct http http;
    const struct replay_exchange *exchanges; /* the caller's */
    size_t count;
    size_t next;
    const struct replay_name *names; /* the caller's; set after replay_init() */
    size_t name_count;
    bool ends_in_silence;   /* requests after the last one get no answer and are not an error */
    char last_address[256]; /* that the last request was pinned to, or "" */
    enum http_reach last_reach;
    char complaint[1024]; /* the first difference, or "" */
};

/** The struct must not be moved afterwards: http points into it. */
void replay_init(struct replay *replay, const struct replay_exchange *exchanges, size_t count);

/** True if exactly the recorded requests were sent; otherwise prints the difference to stderr. */
bool replay_done(const struct replay *replay);

#endif
