/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and suffixes are those of AWS's published endpoint rules and of its list of partitions.
 * A region becomes part of a host name that receives secrets, so it must be one DNS label.
 *
 * This file builds endpoints and reads settings.  It sends nothing; service_send.c and sts.c do.
 */
#include "credentials/aws/service.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/endpoint.h"
#include "config/environment.h"
#include "http/url.h"

#include <arpa/inet.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443, MAX_ATTEMPTS = 10 };

/* ---- What AWS publishes ---- */

/* The labels begin the host name.  The variable and the key replace the endpoint. */
struct service_names {
    const char *name; /* for messages */
    const char *label;
    const char *fips_label;
    const char *url_variable;
    const char *section_key; /* in a "services" section */
};

static const struct service_names services[] = {
    [SERVICE_STS] = {"STS", "sts", "sts-fips", "AWS_ENDPOINT_URL_STS", "sts"},
    [SERVICE_SSO] = {"SSO", "portal.sso", "portal.sso-fips", "AWS_ENDPOINT_URL_SSO", "sso"},
    [SERVICE_SSO_OIDC] = {"SSO OIDC", "oidc", "oidc-fips", "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc"},
    [SERVICE_SIGNIN] = {"sign-in", "signin", "signin-fips", "AWS_ENDPOINT_URL_SIGNIN", "signin"},
};

struct partition {
    const char *prefix; /* of its regions */
    const char *suffix;
    const char *dual_stack_suffix;
    const char *signin_suffix; /* after REGION.signin */
    bool is_gov;               /* its ordinary endpoints are FIPS endpoints */
};

static const struct partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "amazonaws.cn", false},
    {"us-gov-", "amazonaws.com", "api.aws", "amazonaws-us-gov.com", true},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "c2shome.ic.gov", false},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "sc2shome.sgov.gov", false},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "csphome.adc-e.uk", false},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "csphome.hci.ic.gov", false},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "amazonaws-eusc.eu", false},
    {"", "amazonaws.com", "api.aws", "aws.amazon.com", false}, /* all others */
};

#define GLOBAL_REGION        "aws-global"
#define GLOBAL_SIGNED_REGION "us-east-1"

/* Those that STS's global endpoint served before regional ones were the rule. */
static const char *const legacy_regions[] = {
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",
    "sa-east-1",      "us-east-1",  "us-east-2",      "us-west-1",      "us-west-2",
};

/*
 * The order of the table does not matter, except that the partition for all other regions is the
 * last: no prefix is the beginning of another one because of the hyphen.
 */
static const struct partition *partition_of(const char *region)
{
    size_t i = 0;
    while (!text_starts_with(text_of(region), partitions[i].prefix)) {
        i++; /* the last one fits all */
    }
    return &partitions[i];
}

/* ---- Settings: the environment, then the profile ---- */

/* The name of a setting in the environment and in a profile. */
struct setting {
    const char *variable;
    const char *key;
};

static const char *setting_get(struct setting setting, const struct profile *profile)
{
    const char *value = environment_get(setting.variable);
    if (value == NULL && profile != NULL) {
        value = profile_get(profile, setting.key);
    }
    return value;
}

/*
 * A value that is neither true nor false is an error.  A FIPS endpoint that is silently not used
 * would be worse.
 */
static dsql_status setting_bool(struct setting setting, const struct profile *profile, bool *out,
                                dsql_error *err)
{
    const char *value = setting_get(setting, profile);
    struct text text = text_trim(text_of(value));
    *out = text_equal_nocase(text, text_of("true"));
    if (value != NULL && !*out && !text_equal_nocase(text, text_of("false"))) {
        return fail(err, DSQL_ERR_CREDENTIALS, "%s (%s in a profile) must be true or false",
                    setting.variable, setting.key);
    }
    return DSQL_OK;
}

/* The kind of endpoint that the settings ask for. */
struct variants {
    bool is_fips;
    bool is_dual_stack;
    bool is_legacy; /* STS only */
};

/*
 * The default is "regional", as in the current SDKs: an outage of us-east-1 then does not concern
 * the other regions.
 */
static dsql_status read_legacy(const struct profile *profile, bool *out, dsql_error *err)
{
    static const struct setting setting = {"AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints"};
    const char *value = setting_get(setting, profile);
    struct text text = text_trim(text_of(value));
    *out = text_equal_nocase(text, text_of("legacy"));
    if (value != NULL && !*out && !text_equal_nocase(text, text_of("regional"))) {
        return fail(err, DSQL_ERR_CREDENTIALS, "%s (%s in a profile) must be regional or legacy",
                    setting.variable, setting.key);
    }
    return DSQL_OK;
}

static dsql_status read_variants(const struct profile *profile, struct variants *out,
                                 dsql_error *err)
{
    static const struct setting fips = {"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"};
    static const struct setting dual = {"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"};
    dsql_status status = setting_bool(fips, profile, &out->is_fips, err);
    if (status == DSQL_OK) {
        status = setting_bool(dual, profile, &out->is_dual_stack, err);
    }
    return status == DSQL_OK ? read_legacy(profile, &out->is_legacy, err) : status;
}

/* ---- The region ---- */

/* AWS_DEFAULT_REGION is the variable of the AWS CLI; AWS_REGION, that of the SDKs, precedes it. */
static const char *find_region(const struct profile *profile)
{
    static const struct setting settings[] = {{"AWS_REGION", "region"},
                                              {"AWS_DEFAULT_REGION", "region"}};
    const char *region = setting_get(settings[0], NULL);
    return region != NULL ? region : setting_get(settings[1], profile);
}

/* Only STS works without a region, because it has a global endpoint. */
static dsql_status resolve_region(enum service service, const struct profile *profile,
                                  const char *wanted, char out[SERVICE_REGION_SIZE],
                                  dsql_error *err)
{
    const char *given = wanted != NULL ? wanted : find_region(profile);
    struct text region = text_trim(text_of(given));
    if (given == NULL && service == SERVICE_STS) {
        region = text_of(GLOBAL_REGION);
    }
    if (text_is_empty(region)) {
        return fail(err, DSQL_ERR_CREDENTIALS,
                    "no region for AWS %s: set AWS_REGION, or region in the profile",
                    services[service].name);
    }
    if (!endpoint_is_region(region) || !text_copy(region, out, SERVICE_REGION_SIZE)) {
        return fail(err, DSQL_ERR_CREDENTIALS,
                    "the region for AWS %s is not valid: it may contain only lower-case letters, "
                    "digits and '-'",
                    services[service].name);
    }
    return DSQL_OK;
}

static bool is_legacy_region(const char *region)
{
    for (size_t i = 0; i < sizeof legacy_regions / sizeof legacy_regions[0]; i++) {
        if (text_equal_string(text_of(region), legacy_regions[i])) {
            return true;
        }
    }
    return false;
}

/* ---- The usual endpoint ---- */

/*
 * Sign-in has host names of its own, such as REGION.signin.aws.amazon.com.  In AWS GovCloud the
 * FIPS name of us-gov-west-1 has no region.
 */
static void add_signin_host(const char *region, const struct variants *variants, struct buf *host)
{
    const struct partition *partition = partition_of(region);
    if (variants->is_dual_stack) {
        buf_printf(host, "%s.%s.%s", variants->is_fips ? "signin-fips" : "signin", region,
                   partition->dual_stack_suffix);
    } else if (!variants->is_fips) {
        buf_printf(host, "%s.signin.%s", region, partition->signin_suffix);
    } else if (!partition->is_gov) {
        buf_printf(host, "signin-fips.%s.%s", region, partition->suffix);
    } else if (text_equal_string(text_of(region), "us-gov-west-1")) {
        buf_add_string(host, "signin-fips.amazonaws-us-gov.com");
    } else {
        buf_printf(host, "%s.signin-fips.amazonaws-us-gov.com", region);
    }
}

/* In AWS GovCloud the ordinary endpoints are FIPS endpoints, so they have no separate label. */
static void add_host(enum service service, const char *region, const struct variants *variants,
                     struct buf *host)
{
    const struct partition *partition = partition_of(region);
    bool is_plain = !variants->is_fips || (partition->is_gov && !variants->is_dual_stack);
    buf_printf(host, "%s.%s.%s", is_plain ? services[service].label : services[service].fips_label,
               region, variants->is_dual_stack ? partition->dual_stack_suffix : partition->suffix);
}

/* Only STS has a global endpoint, and it is neither FIPS nor dual-stack. */
static bool is_global(enum service service, const char *region, const struct variants *variants)
{
    bool is_variant = variants->is_fips || variants->is_dual_stack;
    return service == SERVICE_STS && !is_variant &&
           (text_equal_string(text_of(region), GLOBAL_REGION) ||
            (variants->is_legacy && is_legacy_region(region)));
}

/* The host is kept apart from the URL, because it is signed as a header. */
static bool copy_url(struct text scheme, struct text host, struct service_endpoint *out)
{
    struct buf url AUTO_BUF;
    buf_init(&url, SERVICE_URL_SIZE - 1);
    buf_add_text(&url, scheme);
    buf_add_text(&url, host);
    return buf_ok(&url) && text_copy(buf_text(&url), out->url, sizeof out->url) &&
           text_copy(host, out->host, sizeof out->host);
}

/* The global endpoint is signed for us-east-1; "aws-global" is not a region of SigV4. */
static dsql_status use_standard(enum service service, const struct variants *variants,
                                struct service_endpoint *out, dsql_error *err)
{
    struct buf host AUTO_BUF;
    buf_init(&host, SERVICE_URL_SIZE / 2);
    bool has_global = is_global(service, out->region, variants);
    if (has_global || text_equal_string(text_of(out->region), GLOBAL_REGION)) {
        text_copy(text_of(GLOBAL_SIGNED_REGION), out->region, sizeof out->region);
    }
    if (has_global) {
        buf_add_string(&host, "sts.amazonaws.com");
    } else if (service == SERVICE_SIGNIN) {
        add_signin_host(out->region, variants, &host);
    } else {
        add_host(service, out->region, variants, &host);
    }
    out->reach = HTTP_PUBLIC;
    out->is_exposed = false;
    bool is_copied = buf_ok(&host) && copy_url(text_of("https://"), buf_text(&host), out);
    return is_copied ? DSQL_OK : fail_nomem(err);
}

/* ---- A configured one ---- */

/* Decides only whether a warning is logged, so it resolves no names. */
static bool is_loopback(struct text host)
{
    char name[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (text_equal_nocase(host, text_of("localhost"))) {
        return true;
    }
    if (!text_copy(host, name, sizeof name)) {
        return false;
    }
    return (inet_pton(AF_INET, name, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET) ||
           (inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

/*
 * The host as libcurl will send it: in lower case, and with the port only if it is not the usual
 * one.  It is signed, so a difference would be a wrong signature.
 */
static bool copy_authority(const struct url *url, struct service_endpoint *out)
{
    struct buf authority AUTO_BUF;
    size_t colon = 0;
    bool is_v6 = text_find(url->host, ':', &colon);
    buf_init(&authority, SERVICE_URL_SIZE / 2);
    buf_add_string(&authority, is_v6 ? "[" : "");
    for (size_t i = 0; i < url->host.len; i++) {
        buf_add_char(&authority, char_to_lower(url->host.data[i]));
    }
    buf_add_string(&authority, is_v6 ? "]" : "");
    if (url->port != (url->is_https ? HTTPS_PORT : HTTP_PORT)) {
        buf_printf(&authority, ":%d", url->port);
    }
    return buf_ok(&authority) &&
           copy_url(text_of(url->is_https ? "https://" : "http://"), buf_text(&authority), out);
}

/* A path is not allowed, because the requests have paths of their own. */
bool service_parse_url(struct text text, struct service_endpoint *out)
{
    struct url url;
    if (!url_parse(text_trim(text), &url) ||
        !(text_is_empty(url.path) || text_equal_string(url.path, "/"))) {
        return false;
    }
    out->is_exposed = !url.is_https && !is_loopback(url.host);
    out->reach = url.is_https ? HTTP_PUBLIC : HTTP_LOCAL;
    return copy_authority(&url, out);
}

void service_warn(const struct source_context *context, const struct service_endpoint *endpoint)
{
    if (endpoint->is_exposed) {
        log_write(
            context->logger, DSQL_LOG_WARN,
            "AWS credentials are exchanged with %s without encryption, because the configured "
            "endpoint uses http. Use https",
            endpoint->url);
    }
}

/*
 * The environment comes before the profile, and in each the setting for one service before the
 * one for all.  *where names the setting for messages.
 */
static const char *configured_url(enum service service, const struct profile *profile,
                                  const char **where)
{
    const struct service_names *names = &services[service];
    *where = names->url_variable;
    const char *url = environment_get(names->url_variable);
    if (url == NULL) {
        *where = "AWS_ENDPOINT_URL";
        url = environment_get(*where);
    }
    if (url != NULL || profile == NULL) {
        return url;
    }
    *where = "endpoint_url of the profile";
    const char *section = profile_get(profile, "services");
    if (section != NULL) {
        url = profile_set_get_nested(profile->set, PROFILE_SECTION_SERVICES, section,
                                     names->section_key, "endpoint_url");
    }
    return text_is_empty(text_trim(text_of(url))) ? profile_get(profile, "endpoint_url") : url;
}

/* The URL is not shown in the message, because it may contain a password. */
static dsql_status use_configured(enum service service, const char *url, const char *where,
                                  struct service_endpoint *out, dsql_error *err)
{
    if (!service_parse_url(text_of(url), out)) {
        return fail(err, DSQL_ERR_CREDENTIALS,
                    "%s, for AWS %s, must be https://HOST[:PORT] (or http)", where,
                    services[service].name);
    }
    if (text_equal_string(text_of(out->region), GLOBAL_REGION)) {
        text_copy(text_of(GLOBAL_SIGNED_REGION), out->region, sizeof out->region);
    }
    return DSQL_OK;
}

/* ---- Both ---- */

/* A configured endpoint is used as it is: FIPS and dual stack do not apply to it. */
static dsql_status find_endpoint(enum service service, const struct profile *profile,
                                 struct service_endpoint *out, dsql_error *err)
{
    static const struct setting ignore = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                          "ignore_configured_endpoint_urls"};
    struct variants variants = {0};
    bool is_ignored = false;
    const char *where = NULL;
    dsql_status status = setting_bool(ignore, profile, &is_ignored, err);
    const char *url = is_ignored ? NULL : configured_url(service, profile, &where);
    if (status == DSQL_OK && url != NULL) {
        return use_configured(service, url, where, out, err);
    }
    if (status == DSQL_OK) {
        status = read_variants(profile, &variants, err);
    }
    return status == DSQL_OK ? use_standard(service, &variants, out, err) : status;
}

/* *out changes only on success. */
dsql_status service_endpoint(enum service service, const struct profile *profile,
                             const char *region, struct service_endpoint *out, dsql_error *err)
{
    struct service_endpoint endpoint = {0};
    dsql_status status = resolve_region(service, profile, region, endpoint.region, err);
    if (status == DSQL_OK) {
        status = find_endpoint(service, profile, &endpoint, err);
    }
    if (status == DSQL_OK) {
        *out = endpoint;
    }
    return status;
}

dsql_status service_ca_file(const struct profile *profile, char **out, dsql_error *err)
{
    static const struct setting setting = {"AWS_CA_BUNDLE", "ca_bundle"};
    const char *path = setting_get(setting, profile);
    *out = mem_strdup(path);
    return path != NULL && *out == NULL ? fail_nomem(err) : DSQL_OK;
}

/* More than MAX_ATTEMPTS would keep a connect waiting for minutes, so it is an error. */
dsql_status service_retry(const struct source_context *context, const struct profile *profile,
                          struct http_retry *out, dsql_error *err)
{
    static const struct setting setting = {"AWS_MAX_ATTEMPTS", "max_attempts"};
    const char *value = setting_get(setting, profile);
    int64_t attempts = 0;
    *out = http_retry_standard(context->clock, context->random);
    if (value == NULL) {
        return DSQL_OK;
    }
    if (!text_to_int64(text_trim(text_of(value)), 1, MAX_ATTEMPTS, &attempts)) {
        return fail(err, DSQL_ERR_CREDENTIALS, "%s (%s in a profile) must be a number from 1 to %d",
                    setting.variable, setting.key, MAX_ATTEMPTS);
    }
    out->max_attempts = (int)attempts;
    return DSQL_OK;
}
