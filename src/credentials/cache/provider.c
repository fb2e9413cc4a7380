/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * One mutex guards what the header calls the cache.  It is never held while the fetch
 * callback or the log function runs.  The thread that fetches is the only one that changes
 * the cached credentials, and the others wait for it on the condition variable.
 */
#include "credentials/cache/provider.h"

#include "base/cancellation.h"
#include "base/condition.h"
#include "base/error.h"
#include "base/fork.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

struct dsql_credentials_provider {
    atomic_int refs;
    dsql_credentials_fn fetch; /* these five never change once it is shared */
    void (*destroy)(void *arg);
    void *arg;
    struct logger logger;
    struct fork_hook fork_hook;

    pthread_mutex_t lock;
    pthread_cond_t fetch_ended;
    /* Guarded by lock: */
    bool is_fetching;
    bool is_rejected;               /* what is cached was refused by the server */
    pthread_t fetcher;              /* while is_fetching */
    struct dsql_credentials cached; /* empty: none yet; changed by the fetcher only */
    int64_t life_s;                 /* what was left when fetched; 0: never expires */
    int64_t fetched_ms;             /* monotonic */
    int64_t not_before_ms;          /* monotonic: no advisory fetch earlier */
    int64_t failed_ms;              /* monotonic, of last_failure */
    int64_t rejection_after_ms;     /* monotonic: a rejection does not count earlier */
    uint64_t fetches;               /* ended so far */
    uint64_t version;               /* of what is cached */
    struct provider_companion companion;
    dsql_error last_failure; /* status DSQL_OK: the last fetch succeeded */
};

enum need { NEED_NOTHING, NEED_ADVISORY, NEED_MANDATORY };

/* No thread is then in the middle of changing the cache, so the child gets consistent data. */
static void before_fork(void *arg)
{
    dsql_credentials_provider *provider = arg;
    pthread_mutex_lock(&provider->lock);
}

static void after_fork_in_parent(void *arg)
{
    dsql_credentials_provider *provider = arg;
    pthread_mutex_unlock(&provider->lock);
}

/* The thread that fetched is not here, and neither are those that waited for it. */
static void after_fork_in_child(void *arg)
{
    dsql_credentials_provider *provider = arg;
    provider->is_fetching = false;
    condition_init(&provider->fetch_ended);
    pthread_mutex_unlock(&provider->lock);
}

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
    if (!condition_init(&provider->fetch_ended)) {
        mem_free(provider);
        fail_nomem(err);
        return NULL;
    }
    provider->fork_hook = (struct fork_hook){
        .before = before_fork,
        .in_parent = after_fork_in_parent,
        .in_child = after_fork_in_child,
        .arg = provider,
    };
    if (!fork_hook_add(&provider->fork_hook)) {
        mem_free(provider);
        fail_nomem(err);
        return NULL;
    }
    return provider;
}

void provider_log_to(dsql_credentials_provider *provider, const struct logger *logger)
{
    provider->logger = *logger;
}

/* The count is atomic, so a reference may be taken without the lock. */
dsql_credentials_provider *dsql_credentials_ref(dsql_credentials_provider *provider)
{
    if (provider != NULL) {
        atomic_fetch_add(&provider->refs, 1);
    }
    return provider;
}

/* The hook goes first: a fork must not find a provider that is being destroyed. */
void dsql_credentials_unref(dsql_credentials_provider *provider)
{
    HOLD_CANCELLATION();
    if (provider == NULL || atomic_fetch_sub(&provider->refs, 1) != 1) {
        return;
    }
    fork_hook_remove(&provider->fork_hook);
    if (provider->destroy != NULL) {
        provider->destroy(provider->arg);
    }
    if (provider->companion.data != NULL) {
        provider->companion.destroy(provider->companion.data);
    }
    credentials_clear(&provider->cached);
    pthread_cond_destroy(&provider->fetch_ended);
    pthread_mutex_destroy(&provider->lock);
    mem_free(provider);
}

/* *to changes only if all copies succeeded. */
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

/* The smaller of two, by the wall clock and by the monotonic clock: see provider.h. */
static int64_t left_s(const dsql_credentials_provider *provider, const struct clock *clock)
{
    int64_t age_s = (clock_monotonic_ms(clock) - provider->fetched_ms) / 1000;
    return smaller(provider->cached.expires_at - clock_wall_s(clock), provider->life_s - age_s);
}

/* For credentials without an expiration: they are fetched again by age, as keys may be rotated. */
static bool is_old(const dsql_credentials_provider *provider, const struct clock *clock)
{
    return clock_monotonic_ms(clock) - provider->fetched_ms >= (int64_t)PROVIDER_ADVISORY_S * 1000;
}

/* A server that goes on refusing, say for a wrong clock, must not have each connect fetch. */
static bool must_replace_rejected(const dsql_credentials_provider *provider,
                                  const struct clock *clock)
{
    return provider->is_rejected && clock_monotonic_ms(clock) >= provider->rejection_after_ms;
}

/* With the lock held.  The windows shrink with the life of the credentials (see provider.h). */
static enum need need_of(const dsql_credentials_provider *provider, const struct clock *clock)
{
    if (secret_is_empty(&provider->cached.access_key_id) ||
        must_replace_rejected(provider, clock)) {
        return NEED_MANDATORY;
    }
    bool is_advised;
    if (provider->cached.expires_at == 0) {
        is_advised = is_old(provider, clock);
    } else {
        int64_t left = left_s(provider, clock);
        if (left <= smaller(PROVIDER_MANDATORY_S, provider->life_s / 3)) {
            return NEED_MANDATORY;
        }
        is_advised = left <= smaller(PROVIDER_ADVISORY_S, provider->life_s / 3 * 2);
    }
    return is_advised && clock_monotonic_ms(clock) >= provider->not_before_ms ? NEED_ADVISORY
                                                                              : NEED_NOTHING;
}

/* A status that concerns a statement, or that is unknown, cannot come from a source. */
static dsql_status status_of_source(dsql_status status)
{
    switch (status) {
    case DSQL_ERR_USAGE:
    case DSQL_ERR_NOMEM:
    case DSQL_ERR_CONNECT:
    case DSQL_ERR_TIMEOUT:
    case DSQL_ERR_CALLBACK:
        return status;
    default:
        return DSQL_ERR_CREDENTIALS;
    }
}

/* Trust neither the status nor the message of a callback: make one failure of both. */
static dsql_status name_failure(dsql_status given, dsql_error *err)
{
    char message[DSQL_ERROR_MESSAGE_SIZE];
    dsql_status status = status_of_source(given);
    int os_errno = err->os_errno;
    err->message[sizeof err->message - 1] = '\0';
    text_copy(text_of(err->message), message, sizeof message);
    if (message[0] == '\0') {
        return fail(err, status, "could not fetch AWS credentials: %s", dsql_status_name(status));
    }
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
        return fail(err, DSQL_ERR_CREDENTIALS,
                    "the AWS credentials provider returned no credentials");
    }
    if (credentials_have_expired(fresh, clock)) {
        return fail(err, DSQL_ERR_CREDENTIALS, "the AWS credentials have expired");
    }
    return DSQL_OK;
}

/* The last characters of an access key identify it for its owner and reveal nothing. */
static const char *key_end(const struct secret *access_key_id)
{
    enum { SHOWN = 4, LONG_ENOUGH = 16 }; /* "AKIA" and 16 more is what AWS gives */
    size_t len = access_key_id->len;
    return len < LONG_ENOUGH ? "?" : secret_string(access_key_id) + (len - SHOWN);
}

/* For a message: how long the credentials in use are still valid. */
static const char *describe_life(const struct dsql_credentials *credentials,
                                 const struct clock *clock, char *text, size_t size)
{
    if (credentials->expires_at == 0) {
        return "the current ones do not expire";
    }
    snprintf(text, size, "the current ones expire in %lld s",
             (long long)(credentials->expires_at - clock_wall_s(clock)));
    return text;
}

/*
 * Calls the program's log function, so the lock must not be held.  Only the fetching thread
 * changes what is cached, and this is that thread: it may read without the lock.
 */
static void log_outcome(const dsql_credentials_provider *provider, const struct clock *clock,
                        const struct dsql_credentials *fresh, const dsql_error *failure)
{
    const struct dsql_credentials *old = &provider->cached;
    char life[64];
    bool has_failed = failure->status != DSQL_OK;
    if (secret_is_empty(&old->access_key_id)) {
        return;
    }
    if (has_failed && !credentials_have_expired(old, clock)) { /* or else the caller hears it */
        log_write(&provider->logger, DSQL_LOG_WARN, "could not renew the AWS credentials; %s: %s",
                  describe_life(old, clock, life, sizeof life), failure->message);
    } else if (!has_failed && !text_equal_string(text_of(secret_string(&old->access_key_id)),
                                                 secret_string(&fresh->access_key_id))) {
        log_write(&provider->logger, DSQL_LOG_INFO,
                  "the AWS credentials have a new access key (...%s, previously ...%s)",
                  key_end(&fresh->access_key_id), key_end(&old->access_key_id));
    }
}

/* With the lock held. */
static void take_over(dsql_credentials_provider *provider, const struct clock *clock,
                      struct dsql_credentials *fresh)
{
    int64_t now_ms = clock_monotonic_ms(clock);
    bool is_newer = fresh->expires_at > provider->cached.expires_at;
    credentials_clear(&provider->cached);
    provider->cached = *fresh; /* its secrets belong to the cache now */
    *fresh = (struct dsql_credentials){0};
    provider->version++;
    if (provider->is_rejected) {
        provider->is_rejected = false;
        provider->rejection_after_ms = now_ms + PROVIDER_REJECTION_MS;
    }
    provider->fetched_ms = now_ms;
    provider->life_s =
        provider->cached.expires_at == 0 ? 0 : provider->cached.expires_at - clock_wall_s(clock);
    provider->not_before_ms = is_newer ? now_ms : now_ms + (int64_t)PROVIDER_BACKOFF_S * 1000;
}

/* With the lock held: takes over *fresh, or notes the failure, and wakes the threads that wait. */
static void end_fetch(dsql_credentials_provider *provider, const struct clock *clock,
                      struct dsql_credentials *fresh, const dsql_error *failure)
{
    provider->last_failure = *failure;
    if (failure->status == DSQL_OK) {
        take_over(provider, clock, fresh);
    } else {
        provider->failed_ms = clock_monotonic_ms(clock);
        provider->not_before_ms = provider->failed_ms + (int64_t)PROVIDER_BACKOFF_S * 1000;
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
    provider->fetcher = pthread_self();
    pthread_mutex_unlock(&provider->lock);
    dsql_status status = fetch_new(provider, clock, &fresh, &failure);
    failure.status = status;
    log_outcome(provider, clock, &fresh, &failure);
    pthread_mutex_lock(&provider->lock);
    end_fetch(provider, clock, &fresh, &failure);
    credentials_clear(&fresh);
}

/*
 * The count is compared and not is_fetching: another fetch may have begun before this thread
 * runs.  False: the deadline has passed; the fetch goes on.
 */
static bool wait_for_fetch(dsql_credentials_provider *provider, const struct clock *clock,
                           int64_t deadline_ms)
{
    uint64_t seen = provider->fetches;
    struct timespec until = {.tv_sec = 0};
    if (deadline_ms >= 0) {
        until = condition_deadline(deadline_ms - clock_monotonic_ms(clock));
    }
    bool is_in_time = true;
    while (provider->fetches == seen && is_in_time) {
        is_in_time = condition_wait(&provider->fetch_ended, &provider->lock,
                                    deadline_ms < 0 ? NULL : &until);
    }
    return provider->fetches != seen;
}

/* Callers that come within a second get the same error, so that they do not flood the source. */
static bool has_just_failed(const dsql_credentials_provider *provider, const struct clock *clock)
{
    return provider->last_failure.status != DSQL_OK &&
           clock_monotonic_ms(clock) - provider->failed_ms < PROVIDER_FAILURE_MS;
}

/* With the lock held: fetches, or waits for the thread that does, and shares the outcome. */
static dsql_status fetch_together(dsql_credentials_provider *provider, const struct clock *clock,
                                  int64_t deadline_ms, dsql_error *err)
{
    if (provider->is_fetching && pthread_equal(provider->fetcher, pthread_self())) {
        return fail(err, DSQL_ERR_USAGE,
                    "a credentials callback must not fetch from the provider that called it");
    }
    if (provider->is_fetching) {
        if (!wait_for_fetch(provider, clock, deadline_ms)) {
            return fail(err, DSQL_ERR_TIMEOUT,
                        "the AWS credentials did not arrive in time; another thread is still "
                        "fetching them");
        }
    } else if (!has_just_failed(provider, clock)) {
        fetch_unlocked(provider, clock);
    }
    if (provider->last_failure.status != DSQL_OK && err != NULL) {
        *err = provider->last_failure;
    }
    return provider->last_failure.status;
}

/* With the lock held. */
static dsql_status refresh(dsql_credentials_provider *provider, const struct clock *clock,
                           int64_t deadline_ms, dsql_error *err)
{
    switch (need_of(provider, clock)) {
    case NEED_MANDATORY:
        return fetch_together(provider, clock, deadline_ms, err);
    case NEED_ADVISORY:
        if (!provider->is_fetching) {
            fetch_unlocked(provider, clock);
        }
        break;
    case NEED_NOTHING:
        break;
    }
    return DSQL_OK;
}

dsql_status provider_use(dsql_credentials_provider *provider, const struct clock *clock,
                         int64_t deadline_ms, const struct provider_user *user, dsql_error *err)
{
    dsql_status status = DSQL_OK;
    pthread_mutex_lock(&provider->lock);
    if (user->wants == NULL || user->wants(user->arg, &provider->companion)) {
        status = refresh(provider, clock, deadline_ms, err);
        if (status == DSQL_OK) {
            status = user->use(user->arg, &provider->cached, provider->version,
                               &provider->companion, err);
        }
    }
    pthread_mutex_unlock(&provider->lock);
    return status;
}

static dsql_status copy_for_caller(void *arg, const struct dsql_credentials *credentials,
                                   uint64_t version, struct provider_companion *companion,
                                   dsql_error *err)
{
    (void)version;
    (void)companion;
    return copy_credentials(credentials, arg) ? DSQL_OK : fail_nomem(err);
}

dsql_status credentials_get_until(dsql_credentials_provider *provider, const struct clock *clock,
                                  int64_t deadline_ms, struct dsql_credentials *out,
                                  dsql_error *err)
{
    const struct provider_user user = {.use = copy_for_caller, .arg = out};
    return provider_use(provider, clock, deadline_ms, &user, err);
}

dsql_status credentials_get(dsql_credentials_provider *provider, const struct clock *clock,
                            struct dsql_credentials *out, dsql_error *err)
{
    return credentials_get_until(provider, clock, -1, out, err);
}

void provider_mark_rejected(dsql_credentials_provider *provider)
{
    pthread_mutex_lock(&provider->lock);
    provider->is_rejected = true;
    pthread_mutex_unlock(&provider->lock);
}

/* ---- A copy for the program ---- */

dsql_credentials *dsql_credentials_fetch(dsql_credentials_provider *provider, dsql_error *err)
{
    HOLD_CANCELLATION();
    if (provider == NULL) {
        fail(err, DSQL_ERR_USAGE, "the credentials provider is NULL");
        return NULL;
    }
    struct dsql_credentials *copy = mem_new(sizeof *copy);
    if (copy == NULL) {
        fail_nomem(err);
        return NULL;
    }
    if (credentials_get(provider, clock_system(), copy, err) != DSQL_OK) {
        mem_free(copy);
        return NULL;
    }
    return copy;
}
