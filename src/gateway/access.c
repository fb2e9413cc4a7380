/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the checks is that of their usefulness: the claims first, because "the token is
 * for another host" helps more than "the signature does not match", and the secrets last.  Every
 * text is the service's where it was seen (docs/design/gateway.md); the hint holds the reason,
 * because the message of an access error is always the same.
 *
 * This file knows no sockets, no clock and no list of identities: all three are passed in, so
 * each rule has a test without a cluster.
 */
#include "gateway/access.h"

#include "config/settings.h"
#include "gateway/access_denied.h"
#include "token/verify.h"

/*
 * SHOWN_NAME_MAX: a host name has at most 253 bytes, but SNI may hold any length.  An error
 * quotes no more than this.
 */
enum { MINUTE_S = 60, SHOWN_NAME_MAX = 255 };

/* The endpoint, or another name that the cluster was given. */
static bool is_name_of_cluster(const struct gateway_options *options, struct text name)
{
    bool is_found = text_equal_nocase(name, text_of(options->endpoint));
    const char *const *other = options->other_names;
    for (; !is_found && other != NULL && *other != NULL; other++) {
        is_found = text_equal_nocase(name, text_of(*other));
    }
    return is_found;
}

/*
 * Without SNI the service cannot tell which cluster is meant, and it does not fall back to one.
 * localhost is accepted so that a client can connect with sslmode=require and no change to
 * /etc/hosts.
 */
bool access_check_server_name(const struct gateway_options *options, struct text name,
                              struct fatal_error *error)
{
    if (text_is_empty(name)) {
        return fatal_error_set(error, "08006", "unable to accept connection, sni was not received");
    }
    if (!is_name_of_cluster(options, name) && !text_equal_nocase(name, text_of("localhost"))) {
        return access_denied(error, "No cluster has this name: %.*s",
                             (int)(name.len < SHOWN_NAME_MAX ? name.len : SHOWN_NAME_MAX),
                             name.data);
    }
    return true;
}

/*
 * Roles of PostgreSQL (pg_) and of the extension (dsql_, among them the owner of the database)
 * have rights that no IAM identity may get, so they are rejected before a token is looked at.  A
 * name of 64 bytes or more is rejected rather than cut: PostgreSQL would cut it, and the login
 * would be that of another role.
 */
bool access_is_user_name(struct text user)
{
    return !text_is_empty(user) && user.len < SETTINGS_NAME_SIZE &&
           !text_starts_with(user, "dsql_") && !text_starts_with(user, "pg_");
}

bool access_check_user(struct text user, struct fatal_error *error)
{
    if (text_is_empty(user)) {
        return fatal_error_set(error, "28000",
                               "no PostgreSQL user name specified in startup packet");
    }
    if (!access_is_user_name(user)) {
        return access_denied(error, "Role %.*s not supported",
                             (int)(user.len < SETTINGS_NAME_SIZE ? user.len : SETTINGS_NAME_SIZE),
                             user.data);
    }
    return true;
}

/*
 * In the format of AWS: the time of the signature, the limit that it is beyond, and the time now,
 * from which a client can measure how far its clock is off.  libdsql does that in
 * connect/signature_skew.c.  distance_s is the offset from now to the limit, negative for the
 * past.
 */
static bool set_time_error(const char *what, int64_t signed_at, const char *than, int64_t now,
                           int64_t distance_s, struct fatal_error *error)
{
    char signed_text[CLOCK_BASIC_SIZE] = "";
    char limit_text[CLOCK_BASIC_SIZE] = "";
    char now_text[CLOCK_BASIC_SIZE] = "";
    clock_format_basic(signed_at, signed_text);
    clock_format_basic(now + distance_s, limit_text);
    clock_format_basic(now, now_text);
    long long minutes = (distance_s < 0 ? -distance_s : distance_s) + MINUTE_S - 1;
    return access_denied(error, "%s: %s %s %s (%s %c %lld min.)", what, signed_text, than,
                         limit_text, now_text, distance_s < 0 ? '-' : '+', minutes / MINUTE_S);
}

/*
 * A token is still valid in the second in which it expires.  A signature from the future is
 * accepted up to TOKEN_MAX_CLOCK_SKEW_S, since the client's clock may be ahead of this one.
 */
static bool check_time(const struct token_claims *claims, int64_t now, struct fatal_error *error)
{
    int64_t life_s = claims->expires_at - claims->signed_at;
    if (now > claims->expires_at) {
        return set_time_error("Signature expired", claims->signed_at, "is now earlier than", now,
                              -life_s, error);
    }
    if (claims->signed_at > now + TOKEN_MAX_CLOCK_SKEW_S) {
        return set_time_error("Signature not yet current", claims->signed_at, "is still later than",
                              now, TOKEN_MAX_CLOCK_SKEW_S, error);
    }
    return true;
}

/*
 * Checked before the signature, as these errors are more useful than "does not match".  They
 * reveal nothing: the claims are the client's own.  The host is compared without case, as DNS
 * names are; the region is not a DNS name.
 */
static bool check_claims(const struct gateway_options *options, const char *user,
                         const struct token_claims *claims, int64_t now, struct fatal_error *error)
{
    if (!check_time(claims, now, error)) {
        return false;
    }
    if (claims->action != token_action_for_user(user)) {
        return access_denied(error, "Wrong user to action mapping. user: %s, action: %s", user,
                             token_action_name(claims->action));
    }
    if (!is_name_of_cluster(options, text_of(claims->host))) {
        return access_denied(error, "The token is for another host: %s", claims->host);
    }
    if (!text_equal_string(text_of(claims->region), options->region)) {
        return access_denied(error, "The token is for another region: %s", claims->region);
    }
    return true;
}

/* In constant time, as the session token is a secret. */
static bool has_session_token(const struct token_claims *claims, const struct secret *expected)
{
    struct text sent = text_of(claims->session_token);
    return secret_equal(sent.data, sent.len, secret_string(expected), expected->len);
}

/*
 * Signature first: until it has been verified, nothing may be said about the identity, whose ARN
 * the last error contains.  A temporary key's token must carry its session token, and a long-term
 * key's none (both are covered by the comparison with an empty secret).
 */
static bool check_identity(const struct gateway_identity *identity,
                           const struct token_claims *claims, struct fatal_error *error)
{
    /* With an empty key, anybody could sign. */
    if (secret_is_empty(&identity->secret_access_key) ||
        !token_claims_signed_by(claims, &identity->secret_access_key)) {
        return access_denied(error, "The signature does not match. Check the secret access key");
    }
    if (!has_session_token(claims, &identity->session_token)) {
        return access_denied(error, "The session token is missing or does not match");
    }
    bool is_admin = claims->action == TOKEN_CONNECT_ADMIN;
    if (is_admin ? !identity->may_connect_admin : !identity->may_connect) {
        return access_denied(error, "User: %s is not authorized to perform: dsql:%s", identity->arn,
                             token_action_name(claims->action));
    }
    return true;
}

/*
 * The identity's secrets are wiped here, whatever the result.  True only if the ARN was copied
 * whole: a truncated ARN could be the ARN of someone else.
 */
static bool identify(const struct gateway_options *options, const struct token_claims *claims,
                     char arn[GATEWAY_IDENTITY_ARN_SIZE], struct fatal_error *error)
{
    struct gateway_identity identity = {0};
    bool is_known = options->find_identity(options->find_identity_arg,
                                           text_of(claims->access_key_id), &identity);
    bool is_in = is_known ? check_identity(&identity, claims, error)
                          : access_denied(error, "Unknown access key: %s", claims->access_key_id);
    if (is_in) {
        is_in = text_copy(text_of(identity.arn), arn, GATEWAY_IDENTITY_ARN_SIZE);
    }
    secret_clear(&identity.secret_access_key);
    secret_clear(&identity.session_token);
    return is_in;
}

/* The length is checked before the token is parsed, since anyone may send one. */
bool access_check_token(const struct gateway_options *options, const char *user,
                        struct text password, int64_t now, char arn[GATEWAY_IDENTITY_ARN_SIZE],
                        struct fatal_error *error)
{
    const char *why = "";
    struct token_claims claims = {0};
    if (password.len > TOKEN_MAX_SIZE) {
        return access_denied(error, "Malformed token: too long");
    }
    if (!token_claims_parse(password, &claims, &why)) {
        return access_denied(error, "Malformed token: %s", why);
    }
    bool is_in =
        check_claims(options, user, &claims, now, error) && identify(options, &claims, arn, error);
    token_claims_clear(&claims);
    return is_in;
}

/* In printable ASCII without backslash, doubling the quotes is enough in every encoding. */
static bool is_quotable(char c)
{
    return c >= ' ' && c <= '~' && c != '\\';
}

/*
 * The ARN comes from the gateway's own list of identities and not from the client.  It is quoted
 * all the same: that list is a file, and what is in it must not become SQL.
 */
bool access_mapping_query(struct text arn, struct buf *out)
{
    buf_add_string(out, "SELECT sys.iam_session_allowed('");
    for (size_t i = 0; i < arn.len; i++) {
        if (!is_quotable(arn.data[i])) {
            return false;
        }
        buf_add_string(out, arn.data[i] == '\'' ? "'" : "");
        buf_add_char(out, arn.data[i]);
    }
    buf_add_string(out, "')");
    return buf_ok(out);
}
