/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proxy has done for one cluster, and what it has now.  Plain numbers that only the thread
 * of the event loop changes and reads; how they are shown is not known here.  Totals never go
 * down.
 */
#ifndef DSQL_PROXY_PROXY_COUNTERS_H
#define DSQL_PROXY_PROXY_COUNTERS_H

#include <stdint.h>

enum { PROXY_WAIT_BUCKETS = 12 };

/** The upper bounds of the buckets of a wait, in ms; the last bucket has none. */
extern const int proxy_wait_bounds_ms[PROXY_WAIT_BUCKETS - 1];

/** How long clients have waited for a server connection. */
struct proxy_waits {
    uint64_t buckets[PROXY_WAIT_BUCKETS]; /* not cumulative */
    uint64_t count;
    uint64_t sum_ms;
};

/** Why a connection to the cluster was not made. */
enum proxy_refusal {
    PROXY_REFUSAL_UNREACHABLE,    /* no address, refused, reset or closed early */
    PROXY_REFUSAL_TLS,            /* the certificate is not trusted, or no TLS */
    PROXY_REFUSAL_AUTHENTICATION, /* the token or the password was not accepted */
    PROXY_REFUSAL_LIMIT,          /* too many connections, in all or per second */
    PROXY_REFUSAL_WAKING,         /* the cluster wakes up, starts or stops */
    PROXY_REFUSAL_OTHER,
    PROXY_REFUSALS
};

/** What became of a statement that failed with a conflict. */
enum proxy_retry_outcome {
    PROXY_RETRY_SUCCEEDED,   /* it was run again and did not fail with a conflict */
    PROXY_RETRY_GAVE_UP,     /* the last attempt failed too: the client has the error */
    PROXY_RETRY_NOT_ALLOWED, /* in a transaction block, or rows had already left the proxy */
    PROXY_RETRY_OUTCOMES
};

struct proxy_counters {
    /* ---- Now ---- */
    uint64_t clients;            /* that have logged in ... */
    uint64_t clients_waiting;    /* ... of which so many wait for a server connection */
    uint64_t servers_connecting; /* until the login is complete */
    uint64_t servers_idle;
    uint64_t servers_active; /* lent to a client */
    uint64_t server_queue;   /* connects that wait for their turn */
    int64_t token_made_s;    /* Unix time of the newest token; 0: none was made */

    /* ---- Since the start ---- */
    uint64_t clients_total;
    uint64_t clients_refused;   /* wrong password, user or parameters */
    uint64_t clients_timed_out; /* they waited for wait_ms */
    struct proxy_waits waits;
    uint64_t tokens;
    uint64_t token_failures;
    uint64_t connects;
    uint64_t refusals[PROXY_REFUSALS];
    uint64_t rollovers;        /* sessions that moved to a fresh connection */
    uint64_t rollovers_ended;  /* sessions that could not, and were ended with 57P01 */
    uint64_t cancels;          /* requests that were passed on */
    uint64_t cancels_unknown;  /* with a key that no session has */
    uint64_t conflicts_data;   /* OC000 */
    uint64_t conflicts_schema; /* OC001 */
    uint64_t retries[PROXY_RETRY_OUTCOMES];
    uint64_t bytes_from_clients;
    uint64_t bytes_from_servers;
};

/** Counts one wait. */
void proxy_waits_add(struct proxy_waits *waits, int64_t ms);

#endif
