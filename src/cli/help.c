/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts are wrapped at print time, at 80 columns, so the tables hold plain sentences.  80
 * whatever the width of the terminal: the help is also piped and pasted into reports.  Standard
 * output, as help that was asked for is not an error.
 */
#include "cli/help.h"

#include "base/text.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

/* Columns of a terminal, and where the texts beside names begin. */
enum { SCREEN_WIDTH = 80, INDENT = 2, NAME_WIDTH = 26, HELP_COLUMN = INDENT + NAME_WIDTH };

/*
 * How much of the text fits in a line: up to a line end or a space; at least one word.  A word
 * longer than the line is printed whole rather than broken: it may be a path to copy.
 */
static size_t line_length(struct text text, size_t width)
{
    size_t end = text.len;
    text_find(text, '\n', &end);
    if (end <= width) {
        return end;
    }
    size_t space = width;
    while (space > 0 && text.data[space] != ' ') {
        space--;
    }
    return space > 0 ? space : end;
}

/* A line end in the text stays one, and the spaces after it too: the line is an example. */
static struct text after_line(struct text text, size_t len)
{
    bool is_broken_here = len < text.len && text.data[len] == ' ';
    struct text rest = text_slice(text, len + 1, text.len);
    return is_broken_here ? text_trim_start(rest) : rest;
}

/* A line that follows a line end in the text keeps its leading spaces. */
void help_print_text(const char *text, int column)
{
    struct text rest = text_of(text);
    while (!text_is_empty(rest)) {
        size_t len = line_length(rest, (size_t)(SCREEN_WIDTH - column));
        struct text line = text_trim_end(text_slice(rest, 0, len));
        printf("%.*s\n", (int)line.len, line.data);
        rest = after_line(rest, len);
        if (!text_is_empty(rest)) {
            printf("%*s", column, "");
        }
    }
}

/* A name that is too long gets a line of its own, and the text begins under the others. */
static void print_entry(const char *name, const char *text)
{
    if (strlen(name) >= NAME_WIDTH) {
        printf("%*s%s\n%*s", INDENT, "", name, HELP_COLUMN, "");
    } else {
        printf("%*s%-*s", INDENT, "", NAME_WIDTH, name);
    }
    help_print_text(text, HELP_COLUMN);
}

/* name and letter are larger than those of any option of the table. */
static void print_option(const struct command_option *option)
{
    char name[64];
    char letter[8] = "";
    if (option->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    snprintf(name, sizeof name, "%s--%s%s%s", letter, option->name,
             option->argument == NULL ? "" : " ", option->argument == NULL ? "" : option->argument);
    print_entry(name, option->help);
}

/* Either list of a command may be NULL. */
static void print_options(const struct command_option *const *list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        print_option(list[i]);
    }
}

static void print_usage(const struct command *command, const char *path)
{
    printf("usage: %s%s%s%s\n\n%s.\n", path,
           command->commands == NULL || command->arguments != NULL ? " [options]" : " COMMAND ...",
           command->arguments == NULL ? "" : " ",
           command->arguments == NULL ? "" : command->arguments, command->summary);
    if (command->description != NULL) {
        putchar('\n');
        help_print_text(command->description, 0);
    }
}

static void print_commands(const struct command *list)
{
    printf("\ncommands:\n");
    for (const struct command *c = list; c->name != NULL; c++) {
        print_entry(c->name, c->summary);
    }
}

int help_print(const struct command *command, const char *path)
{
    print_usage(command, path);
    if (command->commands != NULL) {
        print_commands(command->commands);
    }
    printf("\noptions:\n");
    print_options(command->options);
    print_options(command->shared_options);
    print_option(&option_help);
    return 0;
}
