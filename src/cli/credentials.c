/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql credentials: which source of the chain provides the credentials, and why the others
 * do not.  Never prints a secret; an access key id is not secret (IAM User Guide).
 */
#include "cli/commands.h"
#include "cli/time_text.h"

#include <dsql.h>
#include <jansson.h>

/* For people and for scripts: --output json has the same words, so they do not change. */
static const char *verdict_name(dsql_source_verdict verdict)
{
    switch (verdict) {
    case DSQL_SOURCE_FOUND:
        return "found";
    case DSQL_SOURCE_NOT_CONFIGURED:
        return "not configured";
    case DSQL_SOURCE_FAILED:
        return "failed";
    case DSQL_SOURCE_NOT_ASKED:
        break;
    }
    return "not asked";
}

/* Printed as each source answers, because IMDS may take seconds when there is none. */
static void print_source(void *arg, const char *source, dsql_source_verdict verdict,
                         const char *detail)
{
    (void)arg;
    printf("%-14s %-15s %s\n", source, verdict_name(verdict), detail);
}

static void collect_source(void *arg, const char *source, dsql_source_verdict verdict,
                           const char *detail)
{
    json_array_append_new(arg, json_pack("{s:s, s:s, s:s}", "source", source, "verdict",
                                         verdict_name(verdict), "detail", detail));
}

static void print_text(const dsql_credentials *found)
{
    char when[TIME_TEXT_SIZE];
    time_text(dsql_credentials_expires_at(found), when);
    printf("\naccess key id  %s\n", dsql_credentials_access_key_id(found));
    printf("expires        %s\n", when[0] == '\0' ? "never" : when);
}

/*
 * Printed after a failure too, without a key: the verdicts explain it.  time_text() is empty for
 * credentials that do not expire, which JSON shows as null.
 */
static void print_json(json_t *sources, const dsql_credentials *found)
{
    json_t *root = json_pack("{s:O}", "sources", sources);
    if (found != NULL) {
        char when[TIME_TEXT_SIZE];
        time_text(dsql_credentials_expires_at(found), when);
        json_object_set_new(root, "accessKeyId",
                            json_string(dsql_credentials_access_key_id(found)));
        json_object_set_new(root, "expiresAt", when[0] == '\0' ? json_null() : json_string(when));
    }
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(root);
}

/*
 * The verdicts go to standard output and the error to standard error.  The first is flushed
 * before the second is printed, so that they appear in this order on a terminal.
 */
int credentials_run(const struct command_line *line)
{
    bool is_json = false;
    if (!command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    const char *profile = command_value(line, "profile");
    json_t *sources = json_array();
    dsql_error err = {0};
    dsql_credentials *found =
        dsql_credentials_explain(profile, is_json ? collect_source : print_source, sources, &err);
    if (is_json) {
        print_json(sources, found);
    } else if (found != NULL) {
        print_text(found);
    }
    bool is_found = found != NULL;
    dsql_credentials_free(found);
    json_decref(sources);
    if (!is_found) {
        fflush(stdout); /* before the line on standard error */
        return cli_fail(&err);
    }
    return EXIT_DONE;
}
