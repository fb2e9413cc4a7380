/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens of one cluster.  Credentials may block, so they and the token are made in a thread of
 * libuv's pool; all that want a token at that time get the same.  A token that was made is renewed
 * in the background before it expires.  No token is logged or part of an error.
 */
#ifndef DSQL_PROXY_MINT_H
#define DSQL_PROXY_MINT_H

#include "base/clock.h"
#include "base/secret.h"
#include "config/settings.h"
#include "proxy/proxy_counters.h"
#include "proxy/token_age.h"
#include "token/token.h"

#include <uv.h>

enum { MINT_ACTIONS = 2 };

struct mint;

/** One that wants a token.  A part of its owner. */
struct mint_waiter {
    /** token is valid during the call only. */
    void (*on_token)(void *arg, struct text token);
    void (*on_failure)(void *arg, const dsql_error *err);
    void *arg;
    struct mint_waiter *next;
    struct mint_waiter **link; /* NULL: it waits for nothing */
};

/** The token for one action (see token_action_for_user()). */
struct mint_entry {
    struct mint *mint;
    enum token_action action;
    struct secret token;
    struct token_age age;
    struct mint_waiter *waiters;
    uv_timer_t renew;
    uv_work_t work;
    bool is_refused; /* the credentials are to be fetched anew */
    bool is_working; /* the fields below belong to the thread */
    bool is_fetching_anew;
    bool is_failing; /* the log has said so */
    dsql_status status;
    char *made;
    int64_t expires_s;
    int64_t made_s;
    dsql_error error;
};

struct mint {
    const struct settings *settings; /* complete; belongs to the cluster, as the next two */
    const struct clock *clock;
    struct proxy_counters *counters;
    uv_loop_t *loop;
    struct mint_entry entries[MINT_ACTIONS];
    int open_handles;
    bool is_closing;
    void (*on_closed)(void *arg);
    void *arg;
};

void mint_init(struct mint *mint, uv_loop_t *loop, const struct settings *settings,
               const struct clock *clock, struct proxy_counters *counters);

/** Calls one of the waiter's functions, perhaps before it returns. */
void mint_get(struct mint *mint, enum token_action action, struct mint_waiter *waiter);
/** Makes a token before anyone wants it. */
void mint_begin(struct mint *mint, enum token_action action);

/** Neither of its functions is called any more. */
void mint_leave(struct mint_waiter *waiter);

/** The server has refused the newest token as expired: the next one is made with new credentials.
 */
void mint_refuse(struct mint *mint, enum token_action action);

/** on_closed is called from the loop, after a thread at work has ended. */
void mint_close(struct mint *mint, void (*on_closed)(void *arg), void *arg);

#endif
