/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a token gets its parts from: the caller's request, complete settings, or options.  Signing
 * uses no network; only completing the settings and fetching credentials may.
 */
#include "token/token.h"

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/error.h"
#include "credentials/cache/provider.h"
#include "token/complete.h"
#include "token/signer.h"

/* ---- With the credentials of a provider ---- */

/* One token, while it is made with the provider's lock held. */
struct job {
    struct token_request request;
    struct endpoint endpoint;    /* the request's, if it was known */
    const dsql_options *options; /* to be remembered, or looked up; may be NULL */
    const struct clock *clock;
    char **token;
    int64_t *expires_at;
};

/* The signer that is kept with the provider. */
static struct token_signer *signer_of(struct provider_companion *companion)
{
    if (companion->data == NULL) {
        *companion = (struct provider_companion){token_signer_new(), token_signer_free};
    }
    return companion->data;
}

/* The time is read after the fetch, which may take its time. */
static dsql_status sign(void *arg, const struct dsql_credentials *credentials, uint64_t version,
                        struct provider_companion *companion, dsql_error *err)
{
    struct job *job = arg;
    struct token_signer *signer = signer_of(companion);
    if (signer == NULL) {
        return fail_nomem(err);
    }
    job->request.now = clock_wall_s(job->clock);
    dsql_status status = token_signer_sign(signer, &job->request, credentials, version, job->token,
                                           job->expires_at, err);
    if (status == DSQL_OK && job->options != NULL) {
        known_options_set(token_signer_known_options(signer), job->options, &job->request);
    }
    return status;
}

static dsql_status make_for_settings(const struct settings *settings, const dsql_options *options,
                                     const struct clock *clock, int64_t deadline_ms, char **token,
                                     int64_t *expires_at, dsql_error *err)
{
    struct job job = {
        .request = {.endpoint = &settings->endpoint,
                    .action = token_action_for_user(settings->user),
                    .seconds = settings->token_seconds},
        .options = options,
        .clock = clock,
        .token = token,
        .expires_at = expires_at,
    };
    const struct provider_user user = {.use = sign, .arg = &job};
    return provider_use(settings->credentials, clock, deadline_ms, &user, err);
}

/* settings must be complete.  Any thread may call this: settings do not change any more. */
dsql_status token_for_settings(const struct settings *settings, const struct clock *clock,
                               int64_t deadline_ms, char **token, int64_t *expires_at,
                               dsql_error *err)
{
    return make_for_settings(settings, NULL, clock, deadline_ms, token, expires_at, err);
}

/* ---- With options ---- */

/* A copy: the lock is given back if the credentials must be fetched. */
static bool is_known(void *arg, const struct provider_companion *companion)
{
    struct job *job = arg;
    if (companion->data == NULL) {
        return false;
    }
    const struct token_request *known =
        known_options_request(token_signer_known_options(companion->data), job->options);
    if (known == NULL) {
        return false;
    }
    job->request = *known;
    job->endpoint = *known->endpoint;
    job->request.endpoint = &job->endpoint;
    job->options = NULL;
    return true;
}

/* *token stays NULL if the options are not known. */
static dsql_status make_for_known(const dsql_options *options, char **token, int64_t *expires_at,
                                  dsql_error *err)
{
    const struct clock *clock = clock_system();
    struct job job = {.options = options, .clock = clock, .token = token, .expires_at = expires_at};
    const struct provider_user user = {.wants = is_known, .use = sign, .arg = &job};
    if (options->struct_size != sizeof *options || options->credentials == NULL) {
        return DSQL_OK;
    }
    return provider_use(options->credentials, clock, -1, &user, err);
}

static dsql_status make_for_options(const dsql_options *options, char **token, int64_t *expires_at,
                                    dsql_error *err)
{
    struct settings settings;
    dsql_status status = settings_open(options, &settings, err);
    if (status != DSQL_OK) {
        return status;
    }
    status = make_for_settings(&settings, options, clock_system(), -1, token, expires_at, err);
    settings_clear(&settings);
    return status;
}

char *dsql_token(const dsql_options *options, int64_t *expires_at, dsql_error *err)
{
    HOLD_CANCELLATION();
    char *token = NULL;
    if (options == NULL) {
        fail(err, DSQL_ERR_USAGE, "the options are NULL");
        return NULL;
    }
    dsql_status status = make_for_known(options, &token, expires_at, err);
    if (status == DSQL_OK && token == NULL) {
        status = make_for_options(options, &token, expires_at, err);
    }
    return status == DSQL_OK ? token : NULL;
}

void dsql_token_free(char *token)
{
    secret_free_string(token);
}
