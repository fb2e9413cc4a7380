/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* dsql token: prints the token alone, so that PGPASSWORD=$(dsql token ...) works. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/target.h"
#include "cli/time_text.h"

#include <dsql.h>
#include <jansson.h>

#include <stdlib.h>

/*
 * SigV4's limit for presigned requests: 7 days.  Credentials that expire earlier end the token
 * earlier.
 */
enum { TOKEN_LONGEST_SECONDS = 604800 };

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

/* Nothing else is printed on success, not even a warning: the output is used as a password. */
int token_run(const struct command_line *line)
{
    dsql_options options = dsql_options_init();
    bool is_json = false;
    if (!target_read(line, &options) || !command_wants_json(line, &is_json) ||
        !command_number(line, "expires-in", 1, TOKEN_LONGEST_SECONDS, &options.token_seconds)) {
        return EXIT_USAGE;
    }
    dsql_error err = {0};
    int64_t expires_at = 0;
    char *token = dsql_token(&options, &expires_at, &err);
    if (token == NULL) {
        return cli_fail(&err);
    }
    if (is_json) {
        print_json(token, expires_at);
    } else {
        puts(token);
    }
    dsql_token_free(token);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
