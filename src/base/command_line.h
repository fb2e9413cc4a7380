/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A command, or the header of a section, taken apart into words without a shell, by the rules that
 * the AWS CLI uses (Python's shlex): blanks separate words; '...' is literal; in "..." a
 * backslash makes '"' and '\' literal; elsewhere it makes any character literal.  Nothing
 * is expanded: no variables, no ~, no *, no pipes.
 */
#ifndef DSQL_BASE_COMMAND_LINE_H
#define DSQL_BASE_COMMAND_LINE_H

#include "base/buf.h"
#include "base/text.h"

enum { COMMAND_LINE_MAX_WORDS = 128, COMMAND_LINE_MAX_SIZE = 32 * 1024 };

/** The words may be secrets, and are wiped.  For execve(): words[count] is NULL. */
struct command_line {
    char *words[COMMAND_LINE_MAX_WORDS + 1];
    size_t count;
    struct buf bytes; /* of the words */
};

/**
 * Returns NULL, or what is wrong as a static text that quotes nothing of the command.  After a
 * failure *out need not be cleared.
 */
const char *command_line_split(struct text command, struct command_line *out)
    __attribute__((warn_unused_result));

/** Wipes the words, which may contain secrets. */
void command_line_clear(struct command_line *line);

/** For declarations: struct command_line l AUTO_COMMAND_LINE = {.count = 0}; */
#define AUTO_COMMAND_LINE __attribute__((cleanup(command_line_clear)))

#endif
