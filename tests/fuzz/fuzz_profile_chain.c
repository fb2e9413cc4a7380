/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Profiles that refer to each other: resolving them ends, and the result is complete. */
#include "credentials/sources/profile_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_whole(const struct profile_chain *chain)
{
    for (size_t i = 0; i < chain->role_count; i++) {
        int duration = chain->roles[i].role.duration_s;
        if (chain->roles[i].role.role_arn == NULL ||
            (duration != 0 && (duration < STS_MIN_DURATION_S || duration > STS_MAX_DURATION_S))) {
            return false;
        }
    }
    bool has_keys = profile_get(&chain->base, "aws_access_key_id") != NULL &&
                    profile_get(&chain->base, "aws_secret_access_key") != NULL;
    return chain->role_count <= PROFILE_CHAIN_MAX &&
           (chain->kind != PROFILE_BASE_KEYS || has_keys) &&
           (chain->kind != PROFILE_BASE_WEB_IDENTITY || chain->web_identity.role_arn != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile_chain chain;
    dsql_error err = {0};
    struct profile_set *set = profile_set_parse(text_of_bytes(data, size), text_of(""), NULL);
    if (set == NULL) {
        return 0;
    }
    const struct profile profile = {.set = set, .name = "default"};
    enum source_result result = profile_chain_resolve(&profile, &chain, &err);
    if (result == SOURCE_GOT ? !is_whole(&chain) : err.status != DSQL_ERR_CREDENTIALS) {
        __builtin_trap();
    }
    profile_set_free(set);
    return 0;
}
