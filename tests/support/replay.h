/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A struct http that has no network: it answers what was recorded, in that order, and
 * complains of any request that differs from the next one.
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
 * A request that nobody recorded gets DSQL_ERR_USAGE, which no source retries, and
 * replay_done() is false ever after, with the reason on stderr.
 */
#ifndef TEST_SUPPORT_REPLAY_H
#define TEST_SUPPORT_REPLAY_H

#include "http/http.h"

struct replay_exchange {
    /* What must be asked.  The parameters of a query may come in any order. */
    const char *method;
    const char *url;
    const char *headers; /* "name: value" lines that must be there, NULL: any.  "!name": must not */
    const char *body;    /* NULL: any; form fields may come in any order */

    /* What comes back. */
    dsql_status failure;        /* other than DSQL_OK: no answer, but that failure */
    int status;                 /* 200 and so on */
    const char *answer_headers; /* "name: value" lines; NULL: none */
    const char *answer;         /* the body; NULL: empty */
};

/** One name may stand here several times.  Whatever does not stand here does not resolve. */
struct replay_name {
    const char *host;
    const char *address;
};

struct replay {
    struct http http;
    const struct replay_exchange *exchanges; /* the caller's */
    size_t count;
    size_t next;
    const struct replay_name *names; /* the caller's; set it after replay_init() */
    size_t name_count;
    bool ends_in_silence;   /* requests behind the last one get no answer, and are no mistake */
    char last_address[256]; /* that the last request was pinned to; "": none */
    enum http_reach last_reach;
    char complaint[1024]; /* what differed first; "": nothing yet */
};

/** Its own address must not change afterwards: http points into it. */
void replay_init(struct replay *replay, const struct replay_exchange *exchanges, size_t count);

/** Everything was asked for and nothing else; says on stderr what was not so. */
bool replay_done(const struct replay *replay);

#endif
