/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster that is offered, with its settings and pools, from the start or a reload of the proxy
 * until the last client is gone that came while it was offered.
 */
#ifndef DSQL_PROXY_OFFER_H
#define DSQL_PROXY_OFFER_H

#include "proxy/cluster.h"
#include "proxy/pools.h"

enum { OFFER_STRINGS = 7 };

struct offer {
    struct proxy_cluster_options own; /* a copy, of which this is the memory: */
    char *strings[OFFER_STRINGS];
    struct secret password;
    struct cluster cluster;
    uv_timer_t drain; /* after it is withdrawn */
    void (*on_drained)(void *arg, struct offer *offer);
    int closing;
    bool is_closing;
    void (*on_closed)(void *arg, struct offer *offer);
    void *arg;
    struct offer *next;
    struct offer *previous;
};

/** NULL: see *err. */
struct offer *offer_new(uv_loop_t *loop, const struct proxy_options *options,
                        const struct proxy_cluster_options *own, dsql_error *err);

/** Whether these are the settings of the offer. */
bool offer_has_options(const struct offer *offer, const struct proxy_cluster_options *own);

/**
 * No new client comes to it.  on_drained is called once when the time is over.  With the last
 * client it is closed, and then on_closed is called; the caller calls offer_free() in it.
 */
void offer_withdraw(struct offer *offer, int64_t drain_ms,
                    void (*on_drained)(void *arg, struct offer *offer),
                    void (*on_closed)(void *arg, struct offer *offer), void *arg);

/** The same at once: it has no clients. */
void offer_close(struct offer *offer, void (*on_closed)(void *arg, struct offer *offer), void *arg);
void offer_free(struct offer *offer);

#endif
