/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Which profile of the shared files is meant, and what it says.  This file reads and
 * never fetches: sources/profile_source.c does that with what is found here.
 */
#include "credentials/profile.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/environment.h"

const char *profile_get(const struct profile *profile, const char *key)
{
    const char *value = profile_set_get(profile->set, PROFILE_SECTION_PROFILE, profile->name, key);
    return text_is_empty(text_trim(text_of(value))) ? NULL : value;
}

static dsql_status load_files(const struct file_system *files, struct profile_set **out,
                              dsql_error *err)
{
    dsql_error failure = {0};
    *out = profile_set_load(files, &failure);
    if (*out == NULL && err != NULL) {
        *err = failure;
    }
    return failure.status;
}

dsql_status profile_choose(const char *wanted, const struct file_system *files,
                           struct chosen_profile *out, dsql_error *err)
{
    const char *named = wanted != NULL && wanted[0] != '\0' ? wanted : NULL;
    if (named == NULL) {
        named = environment_get("AWS_PROFILE");
    }
    *out = (struct chosen_profile){
        .name = mem_strdup(named == NULL ? "default" : named),
        .is_named = named != NULL,
    };
    if (out->name == NULL) {
        return fail_nomem(err);
    }
    dsql_status status = load_files(files, &out->set, err);
    if (status != DSQL_OK) {
        profile_clear(out);
        return status;
    }
    out->profile = (struct profile){.set = out->set, .name = out->name};
    return DSQL_OK;
}

void profile_clear(struct chosen_profile *chosen)
{
    profile_set_free(chosen->set);
    mem_free(chosen->name);
    *chosen = (struct chosen_profile){0};
}
