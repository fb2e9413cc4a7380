/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Runs the default credential chain on the content of a directory; README.md describes it. */
#include "credentials/cache/provider.h"
#include "credentials/chain/chain.h"
#include "credentials/chain/search.h"
#include "credentials/source.h"
#include "recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PATH = 4096, MAX_LOG = 16384, EXIT_USAGE = 2 };

struct options {
    const char *directory;
    const char *profile;
    const char *only;
    const char *time;
    bool is_check;
    bool is_any_error;
};

struct run {
    struct options options;
    json_t *test_case; /* NULL: none */
    json_t *traffic;   /* NULL: none */
    struct recording recording;
    struct replay replay;
    int64_t now_ms;
    char log[MAX_LOG];
    struct dsql_credentials got;
    dsql_error err;
    dsql_status status;
};

static _Noreturn void die(const char *what, const char *detail)
{
    fprintf(stderr, "credential_chain: %s: %s\n", what, detail);
    exit(EXIT_USAGE);
}

/* ---- The world ---- */

static void path_in(char path[MAX_PATH], const char *directory, const char *name)
{
    if (snprintf(path, MAX_PATH, "%s/%s", directory, name) >= MAX_PATH) {
        die("the path is too long", name);
    }
}

static json_t *load(const char *directory, const char *name)
{
    char path[MAX_PATH];
    json_error_t error;
    path_in(path, directory, name);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL && json_error_code(&error) != json_error_cannot_open_file) {
        die(path, error.text);
    }
    return root;
}

static void replace_environment(const char *directory)
{
    const char *name;
    json_t *value;
    json_t *environment = load(directory, "env.json");
    clearenv();
    json_object_foreach(environment, name, value)
    {
        if (!json_is_string(value)) {
            die("env.json", "a value is no string");
        }
        setenv(name, json_string_value(value), 1);
    }
    json_decref(environment);
}

static bool read_below(void *arg, const char *path, struct buf *content)
{
    char below[MAX_PATH];
    const struct run *run = arg;
    int len = snprintf(below, sizeof below, "%s/fs/%s", run->options.directory, path);
    if (len >= MAX_PATH) {
        errno = ENAMETOOLONG;
        return false;
    }
    return file_system_read(file_system_real(), below, content);
}

static bool forget(void *arg, const char *path, struct text content)
{
    (void)arg;
    (void)path;
    (void)content;
    return true;
}

static int64_t wall_s(void *arg)
{
    return ((const struct run *)arg)->now_ms / 1000;
}

static int64_t monotonic_ms(void *arg)
{
    return ((const struct run *)arg)->now_ms;
}

static void sleep_ms(void *arg, int64_t ms)
{
    ((struct run *)arg)->now_ms += ms;
}

static uint64_t no_chance(void *arg)
{
    (void)arg;
    return 0;
}

static void keep_line(void *arg, dsql_log_level level, const char *line)
{
    struct run *run = arg;
    size_t len = strlen(run->log);
    (void)level;
    snprintf(run->log + len, sizeof run->log - len, "%s\n", line);
}

/* ---- Settings: the command line, then test-case.json ---- */

static const char *setting(const struct run *run, const char *given, const char *name)
{
    return given != NULL ? given : json_string_value(json_object_get(run->test_case, name));
}

static int64_t start_ms(const struct run *run)
{
    int64_t time_s = json_integer_value(json_object_get(run->test_case, "time"));
    if (run->options.time != NULL &&
        !text_to_int64(text_of(run->options.time), 0, INT32_MAX, &time_s)) {
        die("--time", "no number");
    }
    return time_s * 1000;
}

static const struct credentials_source *const *find_source(const struct source_list *list,
                                                           const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->sources[i]->name, name) == 0) {
            return &list->sources[i];
        }
    }
    die("there is no such source", name);
}

/* ---- Running ---- */

static void fetch(struct run *run, const struct source_context *world)
{
    struct source_list list = source_list_default();
    const char *only = setting(run, run->options.only, "only");
    if (only != NULL) {
        list.sources = find_source(&list, only);
        list.count = 1;
    }
    dsql_credentials_provider *provider = chain_new(list.sources, list.count, world, &run->err);
    run->status = provider == NULL ? DSQL_ERR_NOMEM
                                   : credentials_get(provider, world->clock, &run->got, &run->err);
    dsql_credentials_unref(provider);
}

static void run_chain(struct run *run)
{
    const struct clock clock = {
        .wall_s = wall_s, .monotonic_ms = monotonic_ms, .sleep_ms = sleep_ms, .arg = run};
    const struct random_source random = {.next = no_chance};
    const struct file_system files = {read_below, forget, run};
    const struct logger logger = {keep_line, run};
    const struct source_context world = {
        .profile = setting(run, run->options.profile, "profile"),
        .clock = &clock,
        .random = &random,
        .http = &run->replay.http,
        .files = &files,
        .logger = &logger,
    };
    run->now_ms = start_ms(run);
    replay_init(&run->replay, run->recording.exchanges, run->recording.count);
    run->replay.ends_in_silence = run->recording.ends_in_silence;
    run->replay.names = run->recording.names;
    run->replay.name_count = run->recording.name_count;
    fetch(run, &world);
}

static json_t *string_or_null(const struct secret *secret)
{
    return secret_is_empty(secret) ? json_null() : json_string(secret_string(secret));
}

static json_t *outcome_of(const struct run *run)
{
    if (run->status != DSQL_OK) {
        return json_pack("{s:s}", "Error", run->err.message);
    }
    const struct dsql_credentials *got = &run->got;
    json_t *expiry = got->expires_at == 0 ? json_null() : json_integer(got->expires_at);
    return json_pack("{s:{s:o,s:o,s:o,s:o}}", "Ok", "access_key_id",
                     string_or_null(&got->access_key_id), "secret_access_key",
                     string_or_null(&got->secret_access_key), "session_token",
                     string_or_null(&got->session_token), "expiry", expiry);
}

/* ---- Checking ---- */

static bool complain(const char *what, const char *detail)
{
    fprintf(stderr, "credential_chain: %s: %s\n", what, detail);
    return false;
}

/* A field that is missing in the expected result must be null. */
static bool is_as_expected(json_t *outcome, const json_t *expected)
{
    const char *name;
    json_t *value;
    bool is_same = true;
    json_t *got = json_object_get(outcome, "Ok");
    if (got == NULL) {
        return complain("expected credentials, got an error",
                        json_string_value(json_object_get(outcome, "Error")));
    }
    json_object_foreach(got, name, value)
    {
        const json_t *wanted = json_object_get(expected, name);
        bool is_equal = wanted == NULL ? json_is_null(value) : json_equal(wanted, value) == 1;
        is_same = (is_equal || complain("another value than expected", name)) && is_same;
    }
    return is_same;
}

static bool is_error_as_expected(const struct run *run, const char *part)
{
    if (run->status == DSQL_OK) {
        return complain("expected an error, got credentials", part);
    }
    return run->options.is_any_error || strstr(run->err.message, part) != NULL ||
           complain("another error than expected", run->err.message);
}

static bool has_no_leak(const struct run *run)
{
    size_t i;
    json_t *secret;
    bool is_quiet = true;
    json_array_foreach(json_object_get(run->test_case, "secrets"), i, secret)
    {
        const char *word = json_string_value(secret);
        bool is_said = word == NULL || strstr(run->err.message, word) != NULL ||
                       strstr(run->log, word) != NULL;
        is_quiet = (!is_said || complain("a secret was said", word)) && is_quiet;
    }
    const char *key = secret_string(&run->got.secret_access_key);
    return is_quiet && (key[0] == '\0' || strstr(run->log, key) == NULL ||
                        complain("the secret key was logged", ""));
}

static bool check(const struct run *run, json_t *outcome)
{
    const json_t *result = json_object_get(run->test_case, "result");
    const json_t *ok = json_object_get(result, "Ok");
    const char *part = json_string_value(json_object_get(result, "ErrorContains"));
    if (ok == NULL && part == NULL) {
        die("test-case.json", "it expects nothing");
    }
    bool is_good = ok != NULL ? is_as_expected(outcome, ok) : is_error_as_expected(run, part);
    return replay_done(&run->replay) && has_no_leak(run) && is_good;
}

/* ---- The command line ---- */

static const char *argument_of(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc) {
        die(argv[*i], "needs an argument");
    }
    *i += 1;
    return argv[*i];
}

static struct options read_options(int argc, char **argv)
{
    struct options options = {0};
    for (int i = 1; i < argc; i++) {
        struct text option = text_of(argv[i]);
        if (text_equal_string(option, "--check")) {
            options.is_check = true;
        } else if (text_equal_string(option, "--any-error")) {
            options.is_any_error = true;
        } else if (text_equal_string(option, "--profile")) {
            options.profile = argument_of(argc, argv, &i);
        } else if (text_equal_string(option, "--only")) {
            options.only = argument_of(argc, argv, &i);
        } else if (text_equal_string(option, "--time")) {
            options.time = argument_of(argc, argv, &i);
        } else if (text_starts_with(option, "-") || options.directory != NULL) {
            die("unknown option, or a second directory", argv[i]);
        } else {
            options.directory = argv[i];
        }
    }
    if (options.directory == NULL) {
        die("usage", "credential_chain DIR [--check] [--any-error] [--profile NAME] "
                     "[--only SOURCE] [--time UNIX]");
    }
    return options;
}

int main(int argc, char **argv)
{
    static struct run run;
    run.options = read_options(argc, argv);
    run.test_case = load(run.options.directory, "test-case.json");
    run.traffic = load(run.options.directory, "http-traffic.json");
    if (run.traffic != NULL) {
        recording_read(run.traffic, &run.recording);
    }
    replace_environment(run.options.directory);
    run_chain(&run);
    json_t *outcome = outcome_of(&run);
    json_dumpf(outcome, stdout, JSON_INDENT(2));
    putchar('\n');
    bool is_good = run.options.is_check ? check(&run, outcome) : run.status == DSQL_OK;
    json_decref(outcome);
    recording_free(&run.recording);
    json_decref(run.traffic);
    json_decref(run.test_case);
    credentials_clear(&run.got);
    return is_good ? 0 : 1;
}
