/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Static stability: during an outage the service returns credentials that have expired, or
 * none, and AWS accepts the old ones meanwhile.  So the old ones are kept and their
 * expiration is extended, but not before it is near: credentials of a proxy like kube2iam
 * expire within minutes and must not be used for longer.
 *
 * A struct imds has no lock, because one thread at a time uses it (see imds.h).
 */
#include "credentials/sources/imds.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/percent.h"
#include "config/environment.h"
#include "credentials/sources/agent.h"
#include "credentials/sources/imds_session.h"
#include "credentials/sources/sources.h"

#include <string.h>

#define IMDS        "the instance metadata service"
#define ROLES_PATH  "/latest/meta-data/iam/security-credentials/"
#define REGION_PATH "/latest/meta-data/placement/region"

enum {
    MAX_PATH = 1024,
    MAX_ROLE = 256,       /* a name has at most 64 characters */
    STALE_MIN_S = 5 * 60, /* the next request is sent after 5 to 10 minutes... */
    STALE_SPREAD_S = 5 * 60,
    STALE_GRACE_S = 5 * 60 /* ...while the credentials are still good for that long */
};

struct imds {
    struct imds_session session;
    struct dsql_credentials held; /* returned last; empty: none */
    int64_t not_before_s;         /* wall: no request earlier, held is returned */
    bool is_stale;                /* and that has been logged */
    bool has_no_role;             /* according to the last response */
};

struct imds *imds_new(void)
{
    return mem_new(sizeof(struct imds));
}

static void clear(struct imds *imds)
{
    imds_session_clear(&imds->session);
    credentials_clear(&imds->held);
}

void imds_free(struct imds *imds)
{
    if (imds != NULL) {
        clear(imds);
        mem_free(imds);
    }
}

/* ---- Responses of the service ---- */

/* After a session token was issued, any unexpected status is a failure, not a missing service. */
static enum source_result bad_status(const char *what, int status, dsql_error *err)
{
    return source_failed(err, IMDS " did not return %s: status %d", what, status);
}

/* An instance without a role is the usual case outside production, so it is not an error. */
static enum source_result no_role(struct imds *imds, dsql_error *err)
{
    imds->has_no_role = true;
    fail(err, DSQL_ERR_CREDENTIALS, "the instance has no IAM role");
    return SOURCE_NOT_CONFIGURED;
}

/*
 * The name is on the first line; an instance has at most one role.  It is percent-encoded,
 * because it becomes part of the next request's path.
 */
static enum source_result read_role(struct imds *imds, const struct http_response *response,
                                    struct buf *path, dsql_error *err)
{
    struct text lines = text_trim(buf_text(&response->body));
    struct text role = text_of("");
    if (response->status == HTTP_NOT_FOUND) {
        return no_role(imds, err);
    }
    if (response->status != HTTP_OK) {
        return bad_status("the role of the instance", response->status, err);
    }
    (void)text_next_line(&lines, &role);
    if (text_is_empty(text_trim(role))) {
        return no_role(imds, err);
    }
    if (text_trim(role).len > MAX_ROLE) {
        return source_failed(err, IMDS " returned a role name that is too long");
    }
    buf_add_string(path, ROLES_PATH);
    percent_encode(path, text_trim(role));
    if (!buf_ok(path)) {
        fail_nomem(err);
        return SOURCE_FAILED;
    }
    return SOURCE_GOT;
}

static enum source_result find_role(struct imds *imds, const struct source_context *context,
                                    const struct imds_settings *settings, struct buf *path,
                                    dsql_error *err)
{
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    enum source_result result =
        imds_session_get(&imds->session, context, settings, ROLES_PATH, NULL, &response, err);
    return result == SOURCE_GOT ? read_role(imds, &response, path, err) : result;
}

/* A 200 without JSON is repeated: the service may answer so while it starts. */
static enum source_result fetch_role(struct imds *imds, const struct source_context *context,
                                     const struct imds_settings *settings, const char *path,
                                     struct dsql_credentials *out, dsql_error *err)
{
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    enum source_result result = imds_session_get(&imds->session, context, settings, path,
                                                 agent_is_transient, &response, err);
    if (result != SOURCE_GOT) {
        return result;
    }
    if (response.status != HTTP_OK) {
        return bad_status("the credentials of the role", response.status, err);
    }
    return agent_read_credentials(buf_text(&response.body),
                                  text_of(secret_string(&imds->session.token)), IMDS, out, err);
}

static enum source_result fetch_from_service(struct imds *imds,
                                             const struct source_context *context,
                                             const struct imds_settings *settings,
                                             struct dsql_credentials *out, dsql_error *err)
{
    struct buf path AUTO_BUF;
    buf_init(&path, MAX_PATH);
    enum source_result result = find_role(imds, context, settings, &path, err);
    return result == SOURCE_GOT ? fetch_role(imds, context, settings, path.data, out, err) : result;
}

/* ---- Static stability ---- */

static enum source_result copy(const struct dsql_credentials *from, struct dsql_credentials *to,
                               dsql_error *err)
{
    dsql_status status =
        credentials_fill(to, text_of(secret_string(&from->access_key_id)),
                         text_of(secret_string(&from->secret_access_key)),
                         text_of(secret_string(&from->session_token)), from->expires_at);
    return source_filled(status, IMDS, err);
}

/* Takes over *fresh and leaves it empty. */
static void hold(struct imds *imds, struct dsql_credentials *fresh)
{
    credentials_clear(&imds->held);
    imds->held = *fresh;
    *fresh = (struct dsql_credentials){0};
}

/* One warning for each outage, and not one for each fetch during it. */
static void log_once(struct imds *imds, const struct source_context *context, const char *why)
{
    if (!imds->is_stale) {
        log_write(context->logger, DSQL_LOG_WARN, "%s; the previous AWS credentials stay in use",
                  why);
    }
    imds->is_stale = true;
}

/*
 * Returns the held credentials for some minutes more.  Their expiration is moved only if it has
 * passed; otherwise the next request is made when they expire, at the latest.  The random part
 * keeps the instances of a fleet from asking at the same moment after an outage.
 */
static enum source_result give_stale(struct imds *imds, const struct source_context *context,
                                     struct dsql_credentials *out, dsql_error *err)
{
    int64_t now_s = clock_wall_s(context->clock);
    int64_t wait_s = STALE_MIN_S + random_up_to(context->random, STALE_SPREAD_S);
    imds->not_before_s = now_s + wait_s;
    if (imds->held.expires_at <= now_s) {
        imds->held.expires_at = now_s + wait_s + STALE_GRACE_S;
    } else if (imds->held.expires_at < imds->not_before_s) {
        imds->not_before_s = imds->held.expires_at;
    }
    return copy(&imds->held, out, err);
}

/* The service returned expired credentials: that is an outage, too (see the head of this file). */
static enum source_result give_fresh(struct imds *imds, const struct source_context *context,
                                     struct dsql_credentials *fresh, struct dsql_credentials *out,
                                     dsql_error *err)
{
    hold(imds, fresh);
    if (credentials_have_expired(&imds->held, context->clock)) {
        log_once(imds, context, IMDS " gives credentials that have expired");
        return give_stale(imds, context, out, err);
    }
    imds->is_stale = false;
    imds->not_before_s = 0;
    return copy(&imds->held, out, err);
}

static bool is_holding(const struct imds *imds)
{
    return !secret_is_empty(&imds->held.access_key_id);
}

/*
 * The upper limit matters if the wall clock was put back: without it no request would be made
 * until the clock reaches the old time again.
 */
static bool is_too_early(const struct imds *imds, const struct source_context *context)
{
    int64_t now_s = clock_wall_s(context->clock);
    return is_holding(imds) && now_s < imds->not_before_s &&
           imds->not_before_s - now_s <= STALE_MIN_S + STALE_SPREAD_S &&
           imds->held.expires_at > now_s;
}

/* A role that was removed (404) is not an outage: its credentials must not stay in use. */
static enum source_result fetch(struct imds *imds, const struct source_context *context,
                                const struct imds_settings *settings, struct dsql_credentials *out,
                                dsql_error *err)
{
    struct dsql_credentials fresh = {0};
    dsql_error reason = {0};
    if (is_too_early(imds, context)) {
        return copy(&imds->held, out, err);
    }
    imds->has_no_role = false;
    enum source_result result = fetch_from_service(imds, context, settings, &fresh, &reason);
    if (result == SOURCE_GOT) {
        return give_fresh(imds, context, &fresh, out, err);
    }
    if (is_holding(imds) && !imds->has_no_role) { /* a removed role is not an outage */
        log_once(imds, context, reason.message);
        return give_stale(imds, context, out, err);
    }
    if (err != NULL) {
        *err = reason;
    }
    return result;
}

/* ---- For others ---- */

/* Without a memory in the context (the report of explain.c) the session lives for this call. */
enum source_result imds_fetch(const struct source_context *context, const struct profile *profile,
                              struct dsql_credentials *out, dsql_error *err)
{
    struct imds for_this_once = {0};
    struct imds *imds = context->imds != NULL ? context->imds : &for_this_once;
    struct imds_settings settings;
    enum source_result result = imds_settings_read(profile, &settings, err);
    if (result != SOURCE_GOT) {
        return result;
    }
    source_used(context, "the role of the EC2 instance, from %s", settings.url);
    result = fetch(imds, context, &settings, out, err);
    clear(&for_this_once);
    return result;
}

/* The region becomes part of host names that receive secrets. */
static bool is_region(struct text region)
{
    for (size_t i = 0; i < region.len; i++) {
        char c = region.data[i];
        if (!char_is_lower(c) && !char_is_digit(c) && c != '-') {
            return false;
        }
    }
    return !text_is_empty(region);
}

static enum source_result read_region(const struct http_response *response, char *region,
                                      size_t region_size, dsql_error *err)
{
    struct text name = text_trim(buf_text(&response->body));
    if (response->status != HTTP_OK) {
        return bad_status("the region of the instance", response->status, err);
    }
    if (!is_region(name) || !text_copy(name, region, region_size)) {
        return source_failed(err, IMDS " returned an invalid region");
    }
    return SOURCE_GOT;
}

enum source_result imds_region(const struct source_context *context, const struct profile *profile,
                               char *region, size_t region_size, dsql_error *err)
{
    struct imds for_this_once = {0};
    struct imds *imds = context->imds != NULL ? context->imds : &for_this_once;
    struct imds_settings settings;
    struct http_response response AUTO_HTTP_RESPONSE;
    http_response_init(&response);
    enum source_result result = imds_settings_read(profile, &settings, err);
    if (result == SOURCE_GOT) {
        result =
            imds_session_get(&imds->session, context, &settings, REGION_PATH, NULL, &response, err);
    }
    clear(&for_this_once);
    return result == SOURCE_GOT ? read_region(&response, region, region_size, err) : result;
}

/* The profile is read only for the settings of the endpoint; it need not exist. */
static enum source_result fetch_for_profile(const struct source_context *context,
                                            struct dsql_credentials *out, dsql_error *err)
{
    struct chosen_profile chosen;
    if (profile_choose(context->profile, context->files, &chosen, err) != DSQL_OK) {
        return SOURCE_FAILED;
    }
    enum source_result result = imds_fetch(context, &chosen.profile, out, err);
    profile_clear(&chosen);
    return result;
}

const struct credentials_source credentials_source_imds = {
    .name = "instance",
    .fetch = fetch_for_profile,
};
