/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* dsql token: prints the token alone, so that PGPASSWORD=$(dsql token ...) works. */
#include "base/clock.h"
#include "base/secret.h"
#include "cli/commands.h"
#include "cli/connection_url.h"
#include "cli/target.h"
#include "cli/time_text.h"

#include <dsql.h>
#include <jansson.h>

#include <stdlib.h>

/* One line.  It has the expiry time too, for programs that make the next token before that. */
static void print_json(const char *token, int64_t expires_at)
{
    char when[TIME_TEXT_SIZE];
    time_text(expires_at, when);
    json_t *root = json_pack("{s:s, s:s}", "token", token, "expiresAt", when);
    if (root != NULL) {
        json_dumpf(root, stdout, JSON_PRESERVE_ORDER);
    }
    json_decref(root);
    putchar('\n');
}

/* A token is in a URL only together with where it may be sent. */
static int print_url(const dsql_options *options, const char *token)
{
    dsql_error err = {0};
    dsql_params *params = dsql_params_new_with_token(options, token, &err);
    if (params == NULL) {
        return cli_fail(&err);
    }
    char *url = connection_url(params);
    dsql_params_free(params);
    if (url == NULL) {
        cli_error("out of memory");
        return EXIT_FAILED;
    }
    puts(url);
    secret_free_string(url);
    return EXIT_DONE;
}

/* Nothing else is printed on success, not even a warning: the output is used as a password. */
int token_run(const struct command_line *line)
{
    dsql_options options = dsql_options_init();
    enum command_output output = OUTPUT_TEXT;
    if (!target_read(line, &options) || !command_wants_output(line, &output) ||
        !target_read_token_seconds(line, &options)) {
        return EXIT_USAGE;
    }
    dsql_error err = {0};
    int64_t expires_at = 0;
    int status = EXIT_DONE;
    char *token = dsql_token(&options, &expires_at, &err);
    if (token == NULL) {
        return cli_fail(&err);
    }
    if (output == OUTPUT_URL) {
        status = print_url(&options, token);
    } else if (output == OUTPUT_JSON) {
        print_json(token, expires_at);
    } else {
        puts(token);
    }
    dsql_token_free(token);
    return status;
}
