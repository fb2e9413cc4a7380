/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The default chain: the first source that is configured wins.  One that is configured
 * and fails ends the search, and later fetches ask only the source that won: who we
 * are must never change silently.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"
#include "credentials/source.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_TRIED = DSQL_ERROR_MESSAGE_SIZE };

struct chain {
    const struct credentials_source *const *sources;
    size_t count;
    struct source_context world; /* its profile is a copy of ours */
    char *profile;
    const struct credentials_source *winner; /* NULL until one has been found */
};

enum source_result source_failed(dsql_error *err, const char *format, ...)
{
    char message[DSQL_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    fail(err, DSQL_ERR_CREDENTIALS, "%s", message);
    return SOURCE_FAILED;
}

enum source_result source_filled(dsql_status status, const char *where, dsql_error *err)
{
    if (status == DSQL_OK) {
        return SOURCE_GOT;
    }
    if (status == DSQL_ERR_NOMEM) {
        fail_nomem(err);
    } else {
        fail(err, DSQL_ERR_CREDENTIALS,
             "an AWS key (%s) is too long, or has blanks or control characters in it", where);
    }
    return SOURCE_FAILED;
}

static bool is_skipped(const struct chain *chain, const struct credentials_source *source)
{
    return chain->profile != NULL && source->is_skipped_for_profile;
}

static void add_tried(struct buf *tried, const struct credentials_source *source,
                      const dsql_error *missing)
{
    buf_printf(tried, "%s%s: %s", tried->len == 0 ? "" : "; ", source->name, missing->message);
}

/* SOURCE_NOT_CONFIGURED leaves in *tried what each of them lacked. */
static enum source_result search(struct chain *chain, struct dsql_credentials *out,
                                 struct buf *tried, dsql_error *err)
{
    for (size_t i = 0; i < chain->count; i++) {
        const struct credentials_source *source = chain->sources[i];
        dsql_error reason = {0};
        if (is_skipped(chain, source)) {
            continue;
        }
        enum source_result result = source->fetch(&chain->world, out, &reason);
        if (result == SOURCE_GOT) {
            chain->winner = source;
            return SOURCE_GOT;
        }
        if (result == SOURCE_FAILED) {
            *err = reason;
            return SOURCE_FAILED;
        }
        add_tried(tried, source, &reason);
    }
    return SOURCE_NOT_CONFIGURED;
}

static dsql_status fetch_first(struct chain *chain, struct dsql_credentials *out, dsql_error *err)
{
    struct buf tried AUTO_BUF;
    buf_init(&tried, (size_t)MAX_TRIED * 2);
    switch (search(chain, out, &tried, err)) {
    case SOURCE_GOT:
        return DSQL_OK;
    case SOURCE_FAILED:
        return err->status;
    case SOURCE_NOT_CONFIGURED:
        break;
    }
    return fail(err, DSQL_ERR_CREDENTIALS,
                "no AWS credentials found (%s); set the variables, or run \"aws configure\"",
                tried.data == NULL ? "nothing to try" : tried.data);
}

static dsql_status fetch_again(struct chain *chain, struct dsql_credentials *out, dsql_error *err)
{
    dsql_error reason = {0};
    enum source_result result = chain->winner->fetch(&chain->world, out, &reason);
    if (result == SOURCE_GOT) {
        return DSQL_OK;
    }
    if (result == SOURCE_FAILED) {
        *err = reason;
        return err->status;
    }
    return fail(err, DSQL_ERR_CREDENTIALS, "the AWS credentials have gone (%s: %s)",
                chain->winner->name, reason.message);
}

/* The provider calls this from one thread at a time, and always with an err. */
static dsql_status fetch_chain(void *arg, dsql_credentials *out, dsql_error *err)
{
    struct chain *chain = arg;
    return chain->winner == NULL ? fetch_first(chain, out, err) : fetch_again(chain, out, err);
}

static void destroy_chain(void *arg)
{
    struct chain *chain = arg;
    mem_free(chain->profile);
    mem_free(chain);
}

dsql_credentials_provider *chain_new(const struct credentials_source *const *sources, size_t count,
                                     const struct source_context *world, dsql_error *err)
{
    const char *profile = world->profile;
    bool has_profile = profile != NULL && profile[0] != '\0';
    struct chain *chain = mem_new(sizeof *chain);
    if (chain == NULL) {
        fail_nomem(err);
        return NULL;
    }
    chain->sources = sources;
    chain->count = count;
    chain->profile = has_profile ? mem_strdup(profile) : NULL;
    chain->world = *world;
    chain->world.profile = chain->profile;
    dsql_credentials_provider *provider = NULL;
    if (has_profile && chain->profile == NULL) {
        fail_nomem(err);
    } else {
        provider = provider_new(fetch_chain, destroy_chain, chain, err);
    }
    if (provider == NULL) {
        destroy_chain(chain);
    }
    return provider;
}

struct source_context source_context_system(void)
{
    return (struct source_context){
        .clock = clock_system(),
        .random = random_system(),
        .files = file_system_real(),
    };
}

dsql_credentials_provider *chain_new_default(const struct source_context *world, dsql_error *err)
{
    static const struct credentials_source *const sources[] = {
        &credentials_source_environment,
        &credentials_source_profile,
    };
    return chain_new(sources, sizeof sources / sizeof sources[0], world, err);
}

dsql_credentials_provider *dsql_credentials_default(const char *profile, dsql_error *err)
{
    struct source_context world = source_context_system();
    world.profile = profile;
    return chain_new_default(&world, err);
}
