/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The values themselves: checked when they are set, wiped when they go.  This file does not
 * know where they come from.
 */
#include "credentials/credentials.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

enum { MAX_KEY_LENGTH = 512, MAX_SESSION_TOKEN_LENGTH = 65536 };

void credentials_clear(struct dsql_credentials *credentials)
{
    secret_clear(&credentials->access_key_id);
    secret_clear(&credentials->secret_access_key);
    secret_clear(&credentials->session_token);
    credentials->expires_at = 0;
}

/* Not empty, no blank or control character anywhere: what a cut-off paste looks like. */
static bool is_usable(struct text text, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        if (char_is_control(text.data[i]) || char_is_space(text.data[i])) {
            return false;
        }
    }
    return text.len > 0 && text.len <= max;
}

static bool is_usable_set(struct text access_key_id, struct text secret_access_key,
                          struct text session_token)
{
    return is_usable(access_key_id, MAX_KEY_LENGTH) &&
           !text_contains(access_key_id, "/") && /* it separates the parts of the scope */
           is_usable(secret_access_key, MAX_KEY_LENGTH) &&
           (text_is_empty(session_token) || is_usable(session_token, MAX_SESSION_TOKEN_LENGTH));
}

static bool set_text(struct secret *secret, struct text text)
{
    return secret_set(secret, text.data, text.len);
}

/* After a failure for lack of memory the credentials are empty, never half set. */
static dsql_status fill(struct dsql_credentials *credentials, struct text access_key_id,
                        struct text secret_access_key, struct text session_token,
                        int64_t expires_at)
{
    if (expires_at < 0 || !is_usable_set(access_key_id, secret_access_key, session_token)) {
        return DSQL_ERR_USAGE;
    }
    if (!set_text(&credentials->access_key_id, access_key_id) ||
        !set_text(&credentials->secret_access_key, secret_access_key) ||
        !set_text(&credentials->session_token, session_token)) {
        credentials_clear(credentials);
        return DSQL_ERR_NOMEM;
    }
    credentials->expires_at = expires_at;
    return DSQL_OK;
}

dsql_status credentials_fill(struct dsql_credentials *credentials, struct text access_key_id,
                             struct text secret_access_key, struct text session_token,
                             int64_t expires_at)
{
    return fill(credentials, text_trim(access_key_id), text_trim(secret_access_key),
                text_trim(session_token), expires_at);
}

dsql_status dsql_credentials_set(dsql_credentials *creds, const char *access_key_id,
                                 const char *secret_access_key, const char *session_token,
                                 int64_t expires_at)
{
    if (creds == NULL) {
        return DSQL_ERR_USAGE;
    }
    return fill(creds, text_of(access_key_id), text_of(secret_access_key), text_of(session_token),
                expires_at);
}

/* By the wall clock of this machine; the server decides by its own. */
bool credentials_have_expired(const struct dsql_credentials *credentials, const struct clock *clock)
{
    return credentials->expires_at != 0 && credentials->expires_at <= clock_wall_s(clock);
}

const char *dsql_credentials_access_key_id(const dsql_credentials *creds)
{
    return creds == NULL ? "" : secret_string(&creds->access_key_id);
}

const char *dsql_credentials_secret_access_key(const dsql_credentials *creds)
{
    return creds == NULL ? "" : secret_string(&creds->secret_access_key);
}

const char *dsql_credentials_session_token(const dsql_credentials *creds)
{
    return creds == NULL ? "" : secret_string(&creds->session_token);
}

int64_t dsql_credentials_expires_at(const dsql_credentials *creds)
{
    return creds == NULL ? 0 : creds->expires_at;
}

void dsql_credentials_free(dsql_credentials *creds)
{
    if (creds != NULL) {
        credentials_clear(creds);
        mem_free(creds);
    }
}
