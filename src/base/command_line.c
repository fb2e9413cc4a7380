/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A state machine over the bytes, by the rules of Python's shlex in POSIX mode, which is what the
 * AWS CLI uses for credential_process and for the headers of its config file.  Nothing is expanded:
 * no variables, no globs, no tilde.  A profile therefore starts one program and nothing else,
 * whatever its text contains.
 */
#include "base/command_line.h"

enum { NO_QUOTE = 0 };

/* Words are kept as offsets until the end, because adding a byte may move the buffer. */
struct splitter {
    struct text rest;
    char quote; /* that we are in: '\'', '"' or NO_QUOTE */
    bool is_in_word;
    bool is_literal;  /* the word has a quote or a backslash in it */
    struct buf bytes; /* words, each with its NUL */
    size_t starts[COMMAND_LINE_MAX_WORDS];
    size_t count;
    const char *failure;
};

/* The rest is not empty; the callers check that. */
static char take(struct splitter *splitter)
{
    char c = splitter->rest.data[0];
    splitter->rest = text_slice(splitter->rest, 1, splitter->rest.len);
    return c;
}

/* A quote begins a word too, so "" and '' are words without characters, as in shlex. */
static void begin_word(struct splitter *splitter)
{
    if (splitter->is_in_word) {
        return;
    }
    if (splitter->count == COMMAND_LINE_MAX_WORDS) {
        splitter->failure = "it has too many words";
        return;
    }
    splitter->starts[splitter->count++] = splitter->bytes.len;
    splitter->is_in_word = true;
    splitter->is_literal = false;
}

/*
 * An operator that stands alone and is not quoted. shlex would pass it on as an argument, and the
 * program would fail with a message about "|" that helps nobody.
 */
static bool is_operator(struct text word)
{
    static const char *const operators[] = {"|", "||", "&", "&&", ";",
                                            ">", ">>", "<", "2>", "2>&1"};
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (text_equal_string(word, operators[i])) {
            return true;
        }
    }
    return false;
}

static void end_word(struct splitter *splitter)
{
    if (!splitter->is_in_word) {
        return;
    }
    size_t start = splitter->starts[splitter->count - 1];
    struct text word = text_slice(buf_text(&splitter->bytes), start, splitter->bytes.len);
    if (!splitter->is_literal && is_operator(word)) {
        splitter->failure = "it needs a shell, but no shell runs it; write sh -c '...'";
    }
    buf_add_char(&splitter->bytes, '\0');
    splitter->is_in_word = false;
}

/*
 * The character after a backslash.  Inside "..." a backslash is special only before '"' and
 * itself (shlex: escapedquotes); before anything else it remains.
 */
static void escape(struct splitter *splitter)
{
    if (text_is_empty(splitter->rest)) {
        splitter->failure = "it ends with a backslash";
        return;
    }
    char c = take(splitter);
    if (splitter->quote == '"' && c != '"' && c != '\\') {
        buf_add_char(&splitter->bytes, '\\'); /* it meant itself */
    }
    buf_add_char(&splitter->bytes, c);
}

/* In '...' a backslash is an ordinary character. */
static void step_quoted(struct splitter *splitter, char c)
{
    if (c == splitter->quote) {
        splitter->quote = NO_QUOTE;
    } else if (c == '\\' && splitter->quote == '"') {
        escape(splitter);
    } else {
        buf_add_char(&splitter->bytes, c);
    }
}

/* A quote may begin in the middle of a word: a"b c"d is one word. */
static void step_plain(struct splitter *splitter, char c)
{
    if (char_is_space(c)) {
        end_word(splitter);
        return;
    }
    begin_word(splitter);
    splitter->is_literal = splitter->is_literal || c == '\'' || c == '"' || c == '\\';
    if (c == '\'' || c == '"') {
        splitter->quote = c;
    } else if (c == '\\') {
        escape(splitter);
    } else {
        buf_add_char(&splitter->bytes, c);
    }
}

/* Stops at the first failure, whose text is static and contains nothing of the command. */
static void split(struct splitter *splitter)
{
    while (splitter->failure == NULL && !text_is_empty(splitter->rest)) {
        char c = take(splitter);
        if (c == '\0') {
            splitter->failure = "it contains a NUL byte";
        } else if (splitter->quote == NO_QUOTE) {
            step_plain(splitter, c);
        } else {
            step_quoted(splitter, c);
        }
    }
    end_word(splitter);
    if (splitter->failure == NULL && splitter->quote != NO_QUOTE) {
        splitter->failure = "a quote is not closed";
    }
    if (splitter->failure == NULL && splitter->count == 0) {
        splitter->failure = "it is empty";
    }
    if (splitter->failure == NULL && !buf_ok(&splitter->bytes)) {
        splitter->failure = "out of memory";
    }
}

/* The pointers are made last, when the buffer no longer moves.  *out takes over the buffer. */
const char *command_line_split(struct text command, struct command_line *out)
{
    struct splitter splitter = {.rest = command};
    if (command.len >= COMMAND_LINE_MAX_SIZE) {
        return "it is too long";
    }
    buf_init_secret(&splitter.bytes, COMMAND_LINE_MAX_SIZE + 1); /* a word has its NUL */
    split(&splitter);
    if (splitter.failure != NULL) {
        buf_clear(&splitter.bytes);
        return splitter.failure;
    }
    *out = (struct command_line){.bytes = splitter.bytes, .count = splitter.count};
    for (size_t i = 0; i < out->count; i++) {
        out->words[i] = &out->bytes.data[splitter.starts[i]];
    }
    return NULL;
}

void command_line_clear(struct command_line *line)
{
    buf_clear(&line->bytes);
    *line = (struct command_line){0};
}
