/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql explain: prints the entry of docs/guide/troubleshooting.md for a code or for a message,
 * without the page and without a network.  The entries are made of the page when the build is
 * configured.
 */
#include "cli/explain.h"

#include "base/memory.h"
#include "base/message_code.h"
#include "cli/commands.h"
#include "cli/help.h"

#include <string.h>

enum { TEXT_INDENT = 2 };

static const struct {
    const char *code;
    const char *title;
    const char *texts; /* one in each line */
    const char *prose; /* one paragraph in each line */
} entries[] = {
#include "explanations.inc"
};

const char explain_codes[] =
#include "explain_codes.inc"
    ;

static struct text without_prefix(struct text code)
{
    return text_slice(code, strlen("DSQL-"), code.len);
}

/* "DSQL-301", in capitals or not, and "301". */
static bool is_code(struct text text, const char *code)
{
    return text_equal_nocase(text, text_of(code)) ||
           text_equal(text, without_prefix(text_of(code)));
}

static void print_lines(const char *lines, int indent, const char *after_each)
{
    struct text rest = text_of(lines);
    struct text line;
    while (text_next_line(&rest, &line)) {
        char *copy = text_dup(line);
        if (copy != NULL) {
            printf("%*s", indent, "");
            help_print_text(copy, indent);
            fputs(after_each, stdout);
        }
        mem_free(copy);
    }
}

/* Of a message and its HINT, pasted together, the hint says more. */
static const char *last_code(struct text text)
{
    const char *code = "";
    struct text line;
    while (text_next_line(&text, &line)) {
        const char *found = message_code(line);
        code = found[0] == '\0' ? code : found;
    }
    return code;
}

/* The code at the end of a message is the best that it has. */
static const char *code_of(struct text text)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        char suffix[32];
        snprintf(suffix, sizeof suffix, "[%s]", entries[i].code);
        if (is_code(text, entries[i].code) || text_ends_with(text, suffix)) {
            return entries[i].code;
        }
    }
    return last_code(text);
}

int explain_run(const struct command_line *line)
{
    const char *wanted = command_argument(line, 0);
    if (wanted == NULL) {
        return command_usage(line->command, "no code given");
    }
    const char *code = code_of(text_trim(text_of(wanted)));
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (strcmp(entries[i].code, code) == 0) {
            printf("%s: %s\n\n", code, entries[i].title);
            print_lines(entries[i].prose, 0, "\n");
            puts("Messages:");
            print_lines(entries[i].texts, TEXT_INDENT, "");
            return EXIT_DONE;
        }
    }
    cli_error(
        "there is no entry for \"%s\". Search for a part of it in docs/guide/troubleshooting.md",
        wanted);
    return EXIT_FAILED;
}
