/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The default chain's order, and the search.  When it finds nothing, the error says what
 * each source lacks, so that the reader can choose the one to set up.
 */
#include "credentials/chain/search.h"

#include "base/error.h"
#include "credentials/sources/sources.h"

enum { MAX_TRIED = 2 * DSQL_ERROR_MESSAGE_SIZE };

struct source_context source_context_system(void)
{
    return (struct source_context){
        .clock = clock_system(),
        .random = random_system(),
        .http = http_system(),
        .files = file_system_real(),
    };
}

struct source_list source_list_default(void)
{
    static const struct credentials_source *const sources[] = {
        &credentials_source_environment,  &credentials_source_profile,
        &credentials_source_web_identity, &credentials_source_container,
        &credentials_source_imds,
    };
    return (struct source_list){
        .sources = sources,
        .count = sizeof sources / sizeof sources[0],
    };
}

/* Checked for all sources here, since a cache file or a variable may contain old credentials. */
enum source_result source_ask(const struct credentials_source *source,
                              const struct source_context *context, struct dsql_credentials *out,
                              dsql_error *err)
{
    enum source_result result = source->fetch(context, out, err);
    if (result == SOURCE_GOT && credentials_have_expired(out, context->clock)) {
        credentials_clear(out);
        return source_failed(err, "the AWS credentials (%s) have expired", source->name);
    }
    return result;
}

/* ---- The search ---- */

struct search {
    const struct source_context *context;
    bool is_over;
    struct buf tried; /* what each one so far lacks */
    dsql_credentials_explain_fn report;
    void *report_arg;
};

/* Through a dsql_error, which makes one clean line of anything. */
static void report(const struct search *search, const struct credentials_source *source,
                   dsql_source_verdict verdict, const char *detail)
{
    dsql_error line = {0};
    if (search->report != NULL) {
        fail(&line, DSQL_OK, "%s", detail);
        search->report(search->report_arg, source->name, verdict, line.message);
    }
}

static bool has_profile(const struct source_context *context)
{
    return context->profile != NULL && context->profile[0] != '\0';
}

static void report_not_asked(const struct search *search, const struct credentials_source *source)
{
    report(search, source, DSQL_SOURCE_NOT_ASKED,
           search->is_over ? "the search ends before it" : "skipped, because a profile is named");
}

static enum source_result try_source(struct search *search, const struct credentials_source *source,
                                     struct dsql_credentials *out, dsql_error *err)
{
    struct source_detail detail = {0};
    struct source_context context = *search->context;
    dsql_error reason = {0};
    context.detail = &detail;
    enum source_result result = source_ask(source, &context, out, &reason);
    switch (result) {
    case SOURCE_GOT:
        report(search, source, DSQL_SOURCE_FOUND, detail.text);
        log_write(context.logger, DSQL_LOG_INFO, "AWS credentials from %s%s%s", source->name,
                  detail.text[0] == '\0' ? "" : ": ", detail.text);
        break;
    case SOURCE_FAILED:
        report(search, source, DSQL_SOURCE_FAILED, reason.message);
        *err = reason;
        break;
    case SOURCE_NOT_CONFIGURED:
        report(search, source, DSQL_SOURCE_NOT_CONFIGURED, reason.message);
        buf_printf(&search->tried, "%s%s: %s", search->tried.len == 0 ? "" : "; ", source->name,
                   reason.message);
        break;
    }
    return result;
}

/* All are gone through even when the search is over, so that each one is reported. */
static enum source_result try_all(struct search *search, const struct source_list *list,
                                  struct dsql_credentials *out,
                                  const struct credentials_source **winner, dsql_error *err)
{
    enum source_result outcome = SOURCE_NOT_CONFIGURED;
    for (size_t i = 0; i < list->count; i++) {
        const struct credentials_source *source = list->sources[i];
        bool is_skipped = has_profile(search->context) && source->is_skipped_for_profile;
        if (search->is_over || is_skipped) {
            report_not_asked(search, source);
            continue;
        }
        outcome = try_source(search, source, out, err);
        search->is_over = outcome != SOURCE_NOT_CONFIGURED;
        if (outcome == SOURCE_GOT) {
            *winner = source;
        }
    }
    return outcome;
}

dsql_status source_list_search(const struct source_list *list, const struct source_context *context,
                               struct dsql_credentials *out,
                               const struct credentials_source **winner,
                               dsql_credentials_explain_fn fn, void *fn_arg, dsql_error *err)
{
    struct search search = {.context = context, .report = fn, .report_arg = fn_arg};
    buf_init(&search.tried, MAX_TRIED);
    dsql_status status = DSQL_OK;
    switch (try_all(&search, list, out, winner, err)) {
    case SOURCE_GOT:
        break;
    case SOURCE_FAILED:
        status = err->status;
        break;
    case SOURCE_NOT_CONFIGURED:
        status = fail(err, DSQL_ERR_CREDENTIALS,
                      "no AWS credentials found (%s); set the variables, or run \"aws configure\"",
                      search.tried.data == NULL ? "no source to try" : search.tried.data);
        break;
    }
    buf_clear(&search.tried);
    return status;
}
