/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS SDKs and Tools Reference Guide, "IMDS credential provider".  Most machines are not
 * instances.  If the number of attempts is not configured, the request for the session token is
 * therefore sent once if nothing answers, and a program waits one second at most.
 */
#include "credentials/sources/imds_settings.h"

#include "base/error.h"
#include "config/environment.h"
#include "http/url.h"

#define URL_IPV4 "http://169.254.169.254"
#define URL_IPV6 "http://[fd00:ec2::254]"

enum { DEFAULT_TIMEOUT_S = 1, MAX_TIMEOUT_S = 300, DEFAULT_ATTEMPTS = 3, MAX_ATTEMPTS = 20 };

/* The name of a setting in the environment and in a profile. */
struct setting {
    const char *variable;
    const char *key;
};

static const struct setting endpoint_setting = {"AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                                "ec2_metadata_service_endpoint"};
static const struct setting mode_setting = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                            "ec2_metadata_service_endpoint_mode"};
static const struct setting timeout_setting = {"AWS_METADATA_SERVICE_TIMEOUT",
                                               "metadata_service_timeout"};
static const struct setting attempts_setting = {"AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                                                "metadata_service_num_attempts"};

/* The environment takes precedence over the profile. */
static struct text get(struct setting setting, const struct profile *profile)
{
    const char *value = environment_get(setting.variable);
    if (value == NULL && profile != NULL) {
        value = profile_get(profile, setting.key);
    }
    return text_trim(text_of(value));
}

/* Paths are appended that begin with "/", so a slash at the end would be doubled. */
static enum source_result keep_url(struct text url, struct imds_settings *out, dsql_error *err)
{
    struct url parsed;
    struct text without_slash = text_ends_with(url, "/") ? text_slice(url, 0, url.len - 1) : url;
    if (!url_parse(url, &parsed) || !text_copy(without_slash, out->url, sizeof out->url)) {
        return source_failed(err, "%s (%s in a profile) must be a URL, such as " URL_IPV4,
                             endpoint_setting.variable, endpoint_setting.key);
    }
    return SOURCE_GOT;
}

/* An explicit endpoint takes precedence over the mode, as in the SDKs. */
static enum source_result read_url(const struct profile *profile, struct imds_settings *out,
                                   dsql_error *err)
{
    struct text endpoint = get(endpoint_setting, profile);
    struct text mode = get(mode_setting, profile);
    if (!text_is_empty(endpoint)) {
        return keep_url(endpoint, out, err);
    }
    if (text_is_empty(mode) || text_equal_nocase(mode, text_of("IPv4"))) {
        return keep_url(text_of(URL_IPV4), out, err);
    }
    if (text_equal_nocase(mode, text_of("IPv6"))) {
        return keep_url(text_of(URL_IPV6), out, err);
    }
    return source_failed(err, "%s (%s in a profile) must be IPv4 or IPv6", mode_setting.variable,
                         mode_setting.key);
}

/* *number keeps its default if the setting is missing. */
static enum source_result read_number(struct setting setting, const struct profile *profile,
                                      int max, int64_t *number, dsql_error *err)
{
    struct text text = get(setting, profile);
    if (!text_is_empty(text) && !text_to_int64(text, 1, max, number)) {
        return source_failed(err, "%s (%s in a profile) must be a number from 1 to %d",
                             setting.variable, setting.key, max);
    }
    return SOURCE_GOT;
}

static enum source_result read_patience(const struct profile *profile, struct imds_settings *out,
                                        dsql_error *err)
{
    int64_t timeout_s = DEFAULT_TIMEOUT_S;
    int64_t attempts = DEFAULT_ATTEMPTS;
    enum source_result result =
        read_number(timeout_setting, profile, MAX_TIMEOUT_S, &timeout_s, err);
    if (result == SOURCE_GOT) {
        result = read_number(attempts_setting, profile, MAX_ATTEMPTS, &attempts, err);
    }
    out->timeout_ms = (int)timeout_s * 1000;
    out->attempts = (int)attempts;
    out->retries_unanswered = !text_is_empty(get(attempts_setting, profile));
    return result;
}

enum source_result imds_settings_read(const struct profile *profile, struct imds_settings *out,
                                      dsql_error *err)
{
    struct text disabled = text_trim(text_of(environment_get("AWS_EC2_METADATA_DISABLED")));
    *out = (struct imds_settings){0};
    if (text_equal_nocase(disabled, text_of("true"))) {
        fail(err, DSQL_ERR_CREDENTIALS, "AWS_EC2_METADATA_DISABLED is true");
        return SOURCE_NOT_CONFIGURED;
    }
    enum source_result result = read_url(profile, out, err);
    return result == SOURCE_GOT ? read_patience(profile, out, err) : result;
}
