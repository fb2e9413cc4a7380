/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits the command, runs it, and reads the JSON object that it prints.  The command is in
 * no message, because its arguments may be secret; the name of the profile is.
 */
#include "credentials/sources/process.h"

#include "base/command_line.h"
#include "base/error.h"
#include "base/json.h"
#include "credentials/aws/rfc3339.h"
#include "credentials/sources/child.h"

#include <errno.h>

enum { VERSION = 1 };

/* ---- What it printed ---- */

/*
 * Without an expiration the credentials count as permanent.  One that is not a string is an
 * error: it would otherwise look as if it were missing.
 */
static enum source_result read_expiration(const struct json *json, const char *name,
                                          const struct clock *clock, int64_t *expires_at,
                                          dsql_error *err)
{
    const char *text = json_get_string_nocase(json, "Expiration");
    *expires_at = 0;
    if (text == NULL && !json_has_other_nocase(json, "Expiration")) {
        return SOURCE_GOT;
    }
    if (!rfc3339_parse(text_trim(text_of(text)), expires_at)) {
        return source_failed(err,
                             "the credential_process of profile \"%s\" printed an Expiration that "
                             "is not a valid time, such as 2024-08-27T00:00:00Z",
                             name);
    }
    if (*expires_at <= clock_wall_s(clock)) {
        return source_failed(err,
                             "the credential_process of profile \"%s\" printed credentials that "
                             "have expired",
                             name);
    }
    return SOURCE_GOT;
}

/*
 * The texts are found without regard to the case of their keys.  "Version" must be 1: a later
 * version may give the fields another meaning.
 */
static enum source_result read_object(const struct json *json, const char *name,
                                      const struct clock *clock, struct dsql_credentials *out,
                                      dsql_error *err)
{
    int64_t version = 0;
    int64_t expires_at = 0;
    const char *id = json_get_string_nocase(json, "AccessKeyId");
    const char *secret = json_get_string_nocase(json, "SecretAccessKey");
    if (!json_get_integer(json, "Version", &version) || version != VERSION) {
        return source_failed(
            err, "the credential_process of profile \"%s\" must print \"Version\": 1", name);
    }
    if (id == NULL || secret == NULL) {
        return source_failed(err, "the credential_process of profile \"%s\" printed no %s", name,
                             id == NULL ? "AccessKeyId" : "SecretAccessKey");
    }
    if (json_has_other_nocase(json, "SessionToken")) {
        return source_failed(err,
                             "the credential_process of profile \"%s\" printed a SessionToken that "
                             "is not a string",
                             name);
    }
    if (read_expiration(json, name, clock, &expires_at, err) != SOURCE_GOT) {
        return SOURCE_FAILED;
    }
    dsql_status status =
        credentials_fill(out, text_of(id), text_of(secret),
                         text_of(json_get_string_nocase(json, "SessionToken")), expires_at);
    return source_filled(status, "printed by credential_process", err);
}

/*
 * The whole output must be one object, because the exit status may be lost (see child.c) and half
 * of an output must not count.
 */
enum source_result process_parse(struct text output, const char *name, const struct clock *clock,
                                 struct dsql_credentials *out, dsql_error *err)
{
    struct json *json AUTO_JSON = json_parse(output);
    if (json == NULL) {
        return source_failed(err,
                             "the credential_process of profile \"%s\" did not print one JSON "
                             "object",
                             name);
    }
    return read_object(json, name, clock, out, err);
}

/* ---- Running it ---- */

/* The output is not quoted: a program that fails may have printed a secret. */
static enum source_result fail_run(enum child_result result, int detail, const char *name,
                                   dsql_error *err)
{
    switch (result) {
    case CHILD_NOT_RUN:
        fail_errno(err, DSQL_ERR_CREDENTIALS,
                   "could not run the credential_process of profile \"%s\"", name);
        return SOURCE_FAILED;
    case CHILD_FAILED:
        return source_failed(err,
                             "the credential_process of profile \"%s\" exited with status %d; run "
                             "it by hand to see why",
                             name, detail);
    case CHILD_KILLED:
        return source_failed(
            err, "the credential_process of profile \"%s\" was killed by signal %d", name, detail);
    case CHILD_TIMED_OUT:
        return source_failed(
            err, "the credential_process of profile \"%s\" did not end within %d seconds", name,
            PROCESS_TIMEOUT_MS / 1000);
    case CHILD_TOO_MUCH:
        return source_failed(err,
                             "the credential_process of profile \"%s\" printed more than %d bytes",
                             name, PROCESS_MAX_OUTPUT);
    case CHILD_UNREADABLE:
    case CHILD_DONE:
        break;
    }
    fail_errno(err, DSQL_ERR_CREDENTIALS,
               "could not read the output of the credential_process of profile \"%s\"", name);
    return SOURCE_FAILED;
}

/* Only a shell replaces these, and a credential_process runs without one, as with the AWS CLI. */
static bool needs_shell(const char *word)
{
    return word[0] == '~' || text_contains(text_of(word), "$");
}

/* A program that is started as sh -c gets them on purpose. */
static bool has_argument_for_shell(const struct command_line *line)
{
    for (size_t i = 1; i < line->count; i++) {
        if (needs_shell(line->words[i])) {
            return !text_equal_string(text_of(line->words[1]), "-c");
        }
    }
    return false;
}

/* By hand means in a shell, where such a command works. */
static enum source_result fail_arguments(int detail, const char *name, dsql_error *err)
{
    return source_failed(
        err,
        "the credential_process of profile \"%s\" exited with status %d. No shell "
        "replaces the '~' or '$' in its arguments; write the whole path, or: sh -c "
        "'...'",
        name, detail);
}

/* The buffer is wiped with its scope. */
static enum source_result run(const struct source_context *context, const char *name,
                              const struct command_line *line, struct dsql_credentials *out,
                              dsql_error *err)
{
    int detail = 0;
    struct buf output AUTO_BUF;
    buf_init_secret(&output, PROCESS_MAX_OUTPUT);
    enum child_result result =
        child_run(line->words, context->clock, PROCESS_TIMEOUT_MS, &output, &detail);
    if (result == CHILD_NOT_RUN && needs_shell(line->words[0])) {
        return source_failed(err,
                             "could not run the credential_process of profile \"%s\": no shell "
                             "replaces the '~' or '$' in the name of the program. Write the whole "
                             "path, or: sh -c '...'",
                             name);
    }
    if (result == CHILD_FAILED && has_argument_for_shell(line)) {
        return fail_arguments(detail, name, err);
    }
    if (result != CHILD_DONE) {
        return fail_run(result, detail, name, err);
    }
    return process_parse(buf_text(&output), name, context->clock, out, err);
}

enum source_result process_fetch(const struct source_context *context,
                                 const struct profile *profile, struct dsql_credentials *out,
                                 dsql_error *err)
{
    struct command_line line;
    const char *command = profile_get(profile, "credential_process");
    if (command == NULL) {
        fail(err, DSQL_ERR_CREDENTIALS, "profile \"%s\" has no credential_process", profile->name);
        return SOURCE_NOT_CONFIGURED;
    }
    const char *wrong = command_line_split(text_of(command), &line);
    if (wrong != NULL) {
        return source_failed(err,
                             "the credential_process of profile \"%s\" is not a valid command: %s",
                             profile->name, wrong);
    }
    source_used(context, "credential_process of profile \"%s\"", profile->name);
    enum source_result result = run(context, profile->name, &line, out, err);
    command_line_clear(&line);
    return result;
}
