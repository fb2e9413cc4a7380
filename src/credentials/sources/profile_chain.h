/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * From a profile to what has to be done for its credentials: the base credentials first,
 * and then one role after another with them.  Nothing is fetched here.
 *
 *   - The requested profile with role_arn needs exactly one of source_profile and
 *     credential_source; its own keys do not count then.
 *   - A profile reached by source_profile that has keys is the end: they are used, whatever
 *     else it says.
 *   - source_profile naming its own profile means that profile's own credentials.
 *   - Own credentials are, in this order: credential_source, web identity, single sign-on,
 *     login_session, credential_process, keys.
 *   - source_profile without role_arn means nothing.
 */
#ifndef DSQL_CREDENTIALS_PROFILE_CHAIN_H
#define DSQL_CREDENTIALS_PROFILE_CHAIN_H

#include "credentials/aws/sts.h"
#include "credentials/profile.h"

enum profile_base_kind {
    PROFILE_BASE_KEYS,
    PROFILE_BASE_ENVIRONMENT, /* these three: credential_source */
    PROFILE_BASE_INSTANCE,
    PROFILE_BASE_CONTAINER,
    PROFILE_BASE_WEB_IDENTITY,
    PROFILE_BASE_SSO,
    PROFILE_BASE_LOGIN,
    PROFILE_BASE_PROCESS
};

enum { PROFILE_CHAIN_MAX = 16 };

/** A profile with role_arn, and the role. */
struct profile_role {
    struct profile profile;
    struct sts_role role;
};

/** All texts are the set's. */
struct profile_chain {
    struct profile base;
    enum profile_base_kind kind;
    struct sts_role web_identity;                 /* for PROFILE_BASE_WEB_IDENTITY */
    struct profile_role roles[PROFILE_CHAIN_MAX]; /* the last one is assumed first */
    size_t role_count;
};

/**
 * SOURCE_GOT: *out is filled.  SOURCE_NOT_CONFIGURED: the profile says nothing about
 * credentials.  profile must exist.
 */
enum source_result profile_chain_resolve(const struct profile *profile, struct profile_chain *out,
                                         dsql_error *err);

#endif
