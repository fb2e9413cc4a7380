/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See provider.h. */
#include "credentials/provider.h"

#include "base/error.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>

struct dsql_credentials_provider {
    atomic_int refs;
    dsql_credentials_fn fetch; /* these three never change */
    void (*destroy)(void *arg);
    void *arg;

    pthread_mutex_t lock;
    pthread_cond_t fetch_ended;
    /* Guarded by lock: */
    bool is_fetching;
    struct dsql_credentials cached; /* empty: none yet */
    int64_t life_s;                 /* what was left when fetched; 0: never expires */
    int64_t fetched_ms;             /* monotonic */
    int64_t not_before_ms;          /* monotonic: no advisory fetch earlier */
    uint64_t fetches;               /* ended so far */
    dsql_error last_failure;        /* status DSQL_OK: the last fetch succeeded */
};

enum need { NEED_NOTHING, NEED_ADVISORY, NEED_MANDATORY };

dsql_credentials_provider *provider_new(dsql_credentials_fn fetch, void (*destroy)(void *arg),
                                        void *arg, dsql_error *err)
{
    dsql_credentials_provider *provider = mem_new(sizeof *provider);
    if (provider == NULL) {
        fail_nomem(err);
        return NULL;
    }
    atomic_init(&provider->refs, 1);
    provider->fetch = fetch;
    provider->destroy = destroy;
    provider->arg = arg;
    pthread_mutex_init(&provider->lock, NULL); /* cannot fail without attributes on Linux */
    pthread_cond_init(&provider->fetch_ended, NULL);
    return provider;
}

dsql_credentials_provider *dsql_credentials_ref(dsql_credentials_provider *provider)
{
    if (provider != NULL) {
        atomic_fetch_add(&provider->refs, 1);
    }
    return provider;
}

void dsql_credentials_unref(dsql_credentials_provider *provider)
{
    if (provider == NULL || atomic_fetch_sub(&provider->refs, 1) != 1) {
        return;
    }
    if (provider->destroy != NULL) {
        provider->destroy(provider->arg);
    }
    credentials_clear(&provider->cached);
    pthread_cond_destroy(&provider->fetch_ended);
    pthread_mutex_destroy(&provider->lock);
    mem_free(provider);
}

static bool copy_credentials(const struct dsql_credentials *from, struct dsql_credentials *to)
{
    struct dsql_credentials copy = {.expires_at = from->expires_at};
    if (!secret_set(&copy.access_key_id, from->access_key_id.data, from->access_key_id.len) ||
        !secret_set(&copy.secret_access_key, from->secret_access_key.data,
                    from->secret_access_key.len) ||
        !secret_set(&copy.session_token, from->session_token.data, from->session_token.len)) {
        credentials_clear(&copy);
        return false;
    }
    *to = copy;
    return true;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum need need_of(const dsql_credentials_provider *provider, const struct clock *clock)
{
    if (secret_is_empty(&provider->cached.access_key_id)) {
        return NEED_MANDATORY;
    }
    int64_t now_ms = clock_monotonic_ms(clock);
    bool is_advised;
    if (provider->cached.expires_at == 0) {
        is_advised = now_ms - provider->fetched_ms >= (int64_t)PROVIDER_ADVISORY_S * 1000;
    } else {
        int64_t left_s = provider->cached.expires_at - clock_wall_s(clock);
        if (left_s <= smaller(PROVIDER_MANDATORY_S, provider->life_s / 3)) {
            return NEED_MANDATORY;
        }
        is_advised = left_s <= smaller(PROVIDER_ADVISORY_S, provider->life_s / 3 * 2);
    }
    return is_advised && now_ms >= provider->not_before_ms ? NEED_ADVISORY : NEED_NOTHING;
}

/* Trust neither the status nor the message of a callback: make one failure of both. */
static dsql_status name_failure(dsql_status status, dsql_error *err)
{
    char message[DSQL_ERROR_MESSAGE_SIZE];
    err->message[sizeof err->message - 1] = '\0';
    text_copy(text_of(err->message), message, sizeof message);
    if (message[0] == '\0') {
        return fail(err, status, "fetching AWS credentials failed: %s", dsql_status_name(status));
    }
    int os_errno = err->os_errno;
    fail(err, status, "%s", message);
    err->os_errno = os_errno;
    return status;
}

/* Calls out: never with the lock held. */
static dsql_status fetch_new(dsql_credentials_provider *provider, const struct clock *clock,
                             struct dsql_credentials *fresh, dsql_error *err)
{
    dsql_status status = provider->fetch(provider->arg, fresh, err);
    if (status != DSQL_OK) {
        return name_failure(status, err);
    }
    if (secret_is_empty(&fresh->access_key_id) || secret_is_empty(&fresh->secret_access_key)) {
        return fail(err, DSQL_ERR_CREDENTIALS, "the source of the AWS credentials gave none");
    }
    if (credentials_have_expired(fresh, clock)) {
        return fail(err, DSQL_ERR_CREDENTIALS, "the AWS credentials have expired");
    }
    return DSQL_OK;
}

/* With the lock held: takes over *fresh, or notes the failure, and wakes those who wait. */
static void end_fetch(dsql_credentials_provider *provider, const struct clock *clock,
                      struct dsql_credentials *fresh, const dsql_error *failure)
{
    int64_t now_ms = clock_monotonic_ms(clock);
    provider->last_failure = *failure;
    if (failure->status == DSQL_OK) {
        credentials_clear(&provider->cached);
        provider->cached = *fresh; /* handed over */
        *fresh = (struct dsql_credentials){0};
        provider->fetched_ms = now_ms;
        provider->life_s = provider->cached.expires_at == 0
                               ? 0
                               : provider->cached.expires_at - clock_wall_s(clock);
    } else {
        provider->not_before_ms = now_ms + (int64_t)PROVIDER_BACKOFF_S * 1000;
    }
    provider->is_fetching = false;
    provider->fetches++;
    pthread_cond_broadcast(&provider->fetch_ended);
}

/* Enters and leaves with the lock held, but gives it back while fetching. */
static void fetch_unlocked(dsql_credentials_provider *provider, const struct clock *clock)
{
    struct dsql_credentials fresh = {0};
    dsql_error failure = {0};
    provider->is_fetching = true;
    pthread_mutex_unlock(&provider->lock);
    dsql_status status = fetch_new(provider, clock, &fresh, &failure);
    failure.status = status;
    pthread_mutex_lock(&provider->lock);
    end_fetch(provider, clock, &fresh, &failure);
    credentials_clear(&fresh);
}

static void wait_for_fetch(dsql_credentials_provider *provider)
{
    uint64_t seen = provider->fetches;
    while (provider->fetches == seen) {
        pthread_cond_wait(&provider->fetch_ended, &provider->lock);
    }
}

/* With the lock held.  Those who had to wait share the outcome of the fetch. */
static dsql_status refresh(dsql_credentials_provider *provider, const struct clock *clock,
                           dsql_error *err)
{
    enum need need = need_of(provider, clock);
    if (need == NEED_NOTHING || (need == NEED_ADVISORY && provider->is_fetching)) {
        return DSQL_OK;
    }
    if (provider->is_fetching) {
        wait_for_fetch(provider);
    } else {
        fetch_unlocked(provider, clock);
    }
    if (provider->last_failure.status == DSQL_OK || need == NEED_ADVISORY) {
        return DSQL_OK;
    }
    if (err != NULL) {
        *err = provider->last_failure;
    }
    return provider->last_failure.status;
}

dsql_status credentials_get(dsql_credentials_provider *provider, const struct clock *clock,
                            struct dsql_credentials *out, dsql_error *err)
{
    pthread_mutex_lock(&provider->lock);
    dsql_status status = refresh(provider, clock, err);
    if (status == DSQL_OK && !copy_credentials(&provider->cached, out)) {
        status = fail_nomem(err);
    }
    pthread_mutex_unlock(&provider->lock);
    return status;
}
