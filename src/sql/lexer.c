/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's scanner (src/backend/parser/scan.l) as a state machine that takes a byte at a
 * time.  Only the borders of tokens matter, so that a keyword inside a literal or a comment is
 * never taken for one.  If this file and scan.l differ, a statement could be rewritten inside a
 * string.
 *
 * Two things make it more than a table: a literal of E'' goes on after a line end, and the tag of
 * a dollar-quoted literal has no maximum length.
 */
#include "sql/lexer.h"

#include <limits.h>
#include <string.h>

/*
 * A tag that differs but has the same length and hash would end a literal early.  Nobody gains by
 * that: the text is the client's own, and PostgreSQL still parses it as it is.
 */
#define HASH_START 1469598103934665603U /* FNV-1a */
#define HASH_PRIME 1099511628211U

void lexer_init(struct lexer *lexer)
{
    *lexer = (struct lexer){.state = LEXER_BETWEEN};
}

void lexer_init_rules(struct lexer *lexer, const struct lexer_rules *rules)
{
    lexer_init(lexer);
    lexer->rules = *rules;
}

/*
 * The encodings that only clients may have (PostgreSQL manual, "Character Set Support"), with the
 * other names of src/common/encnames.c.  PostgreSQL ignores case and all but letters and digits.
 */
static const struct {
    const char *name;
    enum lexer_encoding encoding;
} unsafe_encodings[] = {
    {"big5", LEXER_PAIRS},
    {"win950", LEXER_PAIRS},
    {"windows950", LEXER_PAIRS},
    {"gbk", LEXER_PAIRS},
    {"win936", LEXER_PAIRS},
    {"windows936", LEXER_PAIRS},
    {"gb18030", LEXER_PAIRS},
    {"johab", LEXER_PAIRS},
    {"uhc", LEXER_PAIRS},
    {"win949", LEXER_PAIRS},
    {"windows949", LEXER_PAIRS},
    {"sjis", LEXER_SHIFT_JIS},
    {"mskanji", LEXER_SHIFT_JIS},
    {"shiftjis", LEXER_SHIFT_JIS},
    {"win932", LEXER_SHIFT_JIS},
    {"windows932", LEXER_SHIFT_JIS},
    {"shiftjis2004", LEXER_SHIFT_JIS},
};

enum lexer_encoding lexer_encoding(struct text name)
{
    char clean[LEXER_WORD_SIZE];
    size_t len = 0;
    if (text_equal_string(name, "UTF8")) {
        return LEXER_ASCII_SAFE; /* as nearly all clients, and for each statement */
    }
    for (size_t i = 0; i < name.len && len < sizeof clean; i++) {
        if (char_is_alnum(name.data[i])) {
            clean[len++] = char_to_lower(name.data[i]);
        }
    }
    for (size_t i = 0; i < sizeof unsafe_encodings / sizeof unsafe_encodings[0]; i++) {
        if (text_equal_string(text_of_bytes(clean, len), unsafe_encodings[i].name)) {
            return unsafe_encodings[i].encoding;
        }
    }
    return LEXER_ASCII_SAFE;
}

/* A word that was too long to keep is reported as empty, which fits no keyword. */
struct text lexer_word(const struct lexer *lexer)
{
    size_t len = lexer->word_len <= LEXER_WORD_SIZE ? lexer->word_len : 0;
    return text_of_bytes(lexer->word, len);
}

/*
 * Tables, since these are asked for each byte of SQL.  scan.l: ident_start is [A-Za-z\200-\377_], a
 * tag may also have digits, and a word $, too.
 */
struct byte_set {
    uint64_t bits[4];
};

#define LETTERS 0x07fffffe87fffffe /* and _ */
#define DIGITS  0x03ff000000000000

static const struct byte_set word_starts = {{0, LETTERS, UINT64_MAX, UINT64_MAX}};
static const struct byte_set tag_bytes = {{DIGITS, LETTERS, UINT64_MAX, UINT64_MAX}};

static inline bool has_byte(const struct byte_set *set, char c)
{
    unsigned char byte = (unsigned char)c;
    return ((set->bits[byte / 64] >> (byte % 64)) & 1) != 0;
}

static bool is_word_start(char c)
{
    return has_byte(&word_starts, c);
}

static bool is_tag_byte(char c)
{
    return has_byte(&tag_bytes, c);
}

#define FOUR(n)       (n), (n) + 1, (n) + 2, (n) + 3
#define SIXTEEN(n)    FOUR(n), FOUR((n) + 4), FOUR((n) + 8), FOUR((n) + 12)
#define SIXTY_FOUR(n) SIXTEEN(n), SIXTEEN((n) + 16), SIXTEEN((n) + 32), SIXTEEN((n) + 48)
#define LOWER_CASE    SIXTEEN('a'), FOUR('q'), FOUR('u'), 'y', 'z'

/* What a byte of a word becomes in lower case; 0 for one that is not part of a word. */
static const unsigned char word_bytes[UCHAR_MAX + 1] = {
    ['$'] = '$',
    ['0'] = FOUR('0'),
    FOUR('4'),
    '8',
    '9',
    ['A'] = LOWER_CASE,
    ['_'] = '_',
    ['a'] = LOWER_CASE,
    [0x80] = SIXTY_FOUR(0x80),
    SIXTY_FOUR(0xc0),
};

static inline unsigned char word_byte(char c)
{
    return word_bytes[(unsigned char)c];
}

static bool is_word_byte(char c)
{
    return word_byte(c) != 0;
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static void start_word(struct lexer *lexer)
{
    lexer->word_len = 0;
}

/*
 * Lower case, as PostgreSQL folds unquoted words.  The length counts on, so that a long word
 * cannot look like the short one it begins with.
 */
static void add_to_word(struct lexer *lexer, char c)
{
    if (lexer->word_len < LEXER_WORD_SIZE) {
        lexer->word[lexer->word_len] = char_to_lower(c);
    }
    lexer->word_len++;
}

static void add_to_identifier(struct lexer *lexer, char c)
{
    if (lexer->word_len < LEXER_WORD_SIZE) {
        lexer->word[lexer->word_len] = c;
    }
    lexer->word_len++;
}

static void start_candidate(struct lexer *lexer)
{
    lexer->has_candidate = true;
    lexer->candidate = (struct lexer_tag){.hash = HASH_START};
}

static void add_to_candidate(struct lexer *lexer, char c)
{
    lexer->candidate.hash = (lexer->candidate.hash ^ (unsigned char)c) * HASH_PRIME;
    lexer->candidate.len++;
}

/* Candidates are compared when their closing $ is read. */
static bool is_closing_tag(const struct lexer *lexer)
{
    return lexer->has_candidate && lexer->candidate.len == lexer->tag.len &&
           lexer->candidate.hash == lexer->tag.hash;
}

/* ---- Inside something ---- */

/* A doubled quote ends one literal and begins another, which comes to the same. */
static void in_literal(struct lexer *lexer, char c)
{
    if (c == '\'') {
        lexer->state = LEXER_BETWEEN;
    }
}

/* After the closing quote the literal may still continue: see after_escapes in lexer.h. */
static void in_escaped_literal(struct lexer *lexer, char c)
{
    if (lexer->is_escaped) {
        lexer->is_escaped = false;
    } else if (c == '\\') {
        lexer->is_escaped = true;
    } else if (c == '\'') {
        lexer->state = LEXER_BETWEEN;
        lexer->after_escapes = LEXER_CLOSED;
    }
}

/* Whether it has ended is known one byte later: a doubled quote is part of it. */
static void in_quoted_identifier(struct lexer *lexer, char c)
{
    if (lexer->previous != '\0') {
        lexer->previous = '\0';
        start_word(lexer); /* not before, as the quote may be what ended another word */
    }
    if (c == '"') {
        lexer->state = LEXER_BETWEEN;
        lexer->is_after_identifier = true;
    } else {
        add_to_identifier(lexer, c);
    }
}

/* scan.l does the same: it puts that $ back to be scanned again (yyless). */
static void in_dollar_body(struct lexer *lexer, char c)
{
    if (c == '$' && is_closing_tag(lexer)) {
        lexer->state = LEXER_BETWEEN;
    } else if (c == '$') {
        start_candidate(lexer); /* the $ that ends a wrong tag may begin the right one */
    } else if (is_tag_byte(c)) {
        add_to_candidate(lexer, c);
    } else {
        lexer->has_candidate = false;
    }
}

/*
 * A comment between two parts of an E'' literal does not separate them, if a line end is between
 * them (SQL standard, and scan.l's "quotecontinue").
 */
static void in_line_comment(struct lexer *lexer, char c)
{
    if (!is_line_end(c)) {
        return;
    }
    lexer->state = LEXER_BETWEEN;
    if (lexer->after_escapes != LEXER_NO_ESCAPES) {
        lexer->after_escapes = LEXER_NEW_LINE;
    }
}

/*
 * Block comments nest in PostgreSQL, unlike in standard SQL.  The previous byte is forgotten
 * after a pair, so that / * / does not count twice (written without blanks).
 */
static void in_block_comment(struct lexer *lexer, char c)
{
    char previous = lexer->previous;
    lexer->previous = '\0';
    if (previous == '/' && c == '*') {
        lexer->depth++;
    } else if (previous == '*' && c == '/') {
        lexer->depth--;
        lexer->state = lexer->depth == 0 ? LEXER_BETWEEN : LEXER_BLOCK_COMMENT;
    } else {
        lexer->previous = c;
    }
}

/* ---- Between tokens ---- */

/* has_escapes: a backslash escapes, as in E''. */
static unsigned open_literal(struct lexer *lexer, bool has_escapes)
{
    lexer->state =
        has_escapes || lexer->rules.has_backslashes ? LEXER_ESCAPED_LITERAL : LEXER_LITERAL;
    lexer->is_escaped = false;
    lexer->after_escapes = LEXER_NO_ESCAPES;
    return LEXER_OTHER;
}

/*
 * A block comment between two literals ends the first for good, unlike a line comment: scan.l
 * allows only blanks and line comments there.
 */
static bool opens_comment(struct lexer *lexer, char c)
{
    if (lexer->previous == '-' && c == '-') {
        lexer->state = LEXER_LINE_COMMENT;
        if (lexer->after_escapes == LEXER_CLOSED) {
            lexer->after_escapes = LEXER_BLANK;
        }
    } else if (lexer->previous == '/' && c == '*') {
        lexer->state = LEXER_BLOCK_COMMENT;
        lexer->depth = 1;
        lexer->after_escapes = LEXER_NO_ESCAPES;
    } else {
        return false;
    }
    lexer->previous = '\0';
    return true;
}

/* A blank before the line end is allowed; the second quote must be on a later line. */
static unsigned blank(struct lexer *lexer, char c)
{
    if (lexer->after_escapes != LEXER_NO_ESCAPES && is_line_end(c)) {
        lexer->after_escapes = LEXER_NEW_LINE;
    } else if (lexer->after_escapes == LEXER_CLOSED) {
        lexer->after_escapes = LEXER_BLANK;
    }
    return 0;
}

/* LEXER_BLANK is missing on purpose: 'a' 'b' on one line are not one literal. */
static bool goes_on(const struct lexer *lexer)
{
    return lexer->after_escapes == LEXER_CLOSED || lexer->after_escapes == LEXER_NEW_LINE;
}

/*
 * A $ opens a dollar-quoted literal or a parameter; which of them, in_dollar() decides.  Its word
 * is started too, as $tag may turn out to be no tag.
 */
static unsigned open_token(struct lexer *lexer, char c)
{
    lexer->after_escapes = LEXER_NO_ESCAPES;
    if (is_word_start(c)) {
        lexer->state = LEXER_WORD;
        start_word(lexer);
        add_to_word(lexer, c);
        return LEXER_WORD_START;
    }
    if (char_is_digit(c)) {
        lexer->state = LEXER_NUMBER;
        start_word(lexer);
        add_to_word(lexer, c);
        return LEXER_OTHER | LEXER_NUMBER_START;
    }
    if (c == '"') {
        lexer->state = LEXER_QUOTED_IDENTIFIER;
        lexer->previous = c;
        return LEXER_IDENTIFIER;
    }
    if (c == '$') {
        lexer->state = LEXER_DOLLAR;
        start_candidate(lexer);
        start_word(lexer);
    }
    return c == ';' ? LEXER_SEMICOLON : LEXER_OTHER;
}

/* - and / are kept in previous until the next byte shows whether they begin a comment. */
static unsigned between_tokens(struct lexer *lexer, char c)
{
    if (opens_comment(lexer, c)) {
        return 0;
    }
    /* The sign before did not begin a comment, so it was an operator. */
    unsigned events = lexer->previous != '\0' ? LEXER_OTHER : 0;
    lexer->after_escapes = events == 0 ? lexer->after_escapes : LEXER_NO_ESCAPES;
    lexer->previous = '\0';
    if (c == '-' || c == '/') {
        lexer->previous = c;
        return events;
    }
    if (char_is_space(c)) {
        return events | blank(lexer, c);
    }
    return events | (c == '\'' ? open_literal(lexer, goes_on(lexer)) : open_token(lexer, c));
}

static unsigned between(struct lexer *lexer, char c)
{
    if (!lexer->is_after_identifier) {
        return between_tokens(lexer, c);
    }
    lexer->is_after_identifier = false;
    if (c == '"') {
        lexer->state = LEXER_QUOTED_IDENTIFIER;
        add_to_identifier(lexer, c);
        return 0;
    }
    return LEXER_IDENTIFIER_END | between_tokens(lexer, c);
}

/*
 * E before a quote is a prefix of the literal, not a word.  After the other prefixes (B, X, N,
 * U&) a backslash does not escape a quote, so they need no state of their own.
 */
static unsigned in_word(struct lexer *lexer, char c)
{
    if (is_word_byte(c)) {
        add_to_word(lexer, c);
        return 0;
    }
    lexer->state = LEXER_BETWEEN;
    if (c == '\'' && text_equal_string(lexer_word(lexer), "e")) {
        return LEXER_WORD_END | open_literal(lexer, true);
    }
    return LEXER_WORD_END | between(lexer, c);
}

/* The e of a hexadecimal number is a digit. */
static bool is_after_exponent(const struct lexer *lexer)
{
    bool is_hexadecimal = lexer->word_len > 1 && lexer->word[0] == '0' && lexer->word[1] == 'x';
    return lexer->previous == 'e' && !is_hexadecimal;
}

/* scan.l reads a number that letters follow as one invalid token, too. */
static unsigned in_number(struct lexer *lexer, char c)
{
    bool is_sign = (c == '+' || c == '-') && is_after_exponent(lexer);
    if (is_sign || c == '.' || (is_tag_byte(c) && (unsigned char)c <= 127)) {
        add_to_word(lexer, c);
        lexer->previous = char_to_lower(c);
        return 0;
    }
    lexer->previous = '\0';
    lexer->state = LEXER_BETWEEN;
    return LEXER_NUMBER_END | between(lexer, c);
}

static unsigned in_dollar(struct lexer *lexer, char c)
{
    bool is_tag = lexer->candidate.len == 0 ? is_word_start(c) : is_tag_byte(c);
    if (is_tag) {
        add_to_candidate(lexer, c);
        add_to_word(lexer, c);
        return 0;
    }
    if (c == '$') {
        lexer->state = LEXER_DOLLAR_BODY;
        lexer->tag = lexer->candidate;
        lexer->has_candidate = false;
        return 0;
    }
    if (lexer->word_len == 0 && char_is_digit(c)) {
        lexer->state = LEXER_NUMBER; /* of a parameter, which is no number of its own */
        add_to_word(lexer, c);
        return 0;
    }
    /* A $ before a word, or alone. */
    lexer->state = lexer->word_len > 0 ? LEXER_WORD : LEXER_BETWEEN;
    return lexer->word_len > 0 ? in_word(lexer, c) : between(lexer, c);
}

/*
 * The second byte of a character is read as one over 127, whatever it is.  One below '0' is not
 * valid in any encoding, so PostgreSQL will reject the text.
 */
static char without_second_byte(struct lexer *lexer, char c)
{
    unsigned char byte = (unsigned char)c;
    if (lexer->is_second_byte) {
        lexer->is_second_byte = false;
        if (byte >= '0') {
            return '\xff';
        }
        return c;
    }
    bool is_alone = lexer->rules.encoding == LEXER_SHIFT_JIS && byte >= 0xa1 && byte <= 0xdf;
    lexer->is_second_byte = byte > 0x80 && !is_alone;
    return c;
}

unsigned lexer_byte(struct lexer *lexer, char c)
{
    if (lexer->rules.encoding != LEXER_ASCII_SAFE) {
        c = without_second_byte(lexer, c);
    }
    switch (lexer->state) {
    case LEXER_BETWEEN:
        return between(lexer, c);
    case LEXER_WORD:
        return in_word(lexer, c);
    case LEXER_NUMBER:
        return in_number(lexer, c);
    case LEXER_DOLLAR:
        return in_dollar(lexer, c);
    case LEXER_LITERAL:
        in_literal(lexer, c);
        break;
    case LEXER_ESCAPED_LITERAL:
        in_escaped_literal(lexer, c);
        break;
    case LEXER_QUOTED_IDENTIFIER:
        in_quoted_identifier(lexer, c);
        break;
    case LEXER_DOLLAR_BODY:
        in_dollar_body(lexer, c);
        break;
    case LEXER_LINE_COMMENT:
        in_line_comment(lexer, c);
        break;
    case LEXER_BLOCK_COMMENT:
        in_block_comment(lexer, c);
        break;
    }
    return 0;
}

/* As add_to_word() for each byte. */
static size_t skip_word(struct lexer *lexer, struct text sql)
{
    size_t start = lexer->word_len; /* the compiler would read it again after each byte */
    size_t len = 0;
    for (unsigned char lower; len < sql.len && (lower = word_byte(sql.data[len])) != 0; len++) {
        if (start + len < LEXER_WORD_SIZE) {
            lexer->word[start + len] = (char)lower;
        }
    }
    lexer->word_len = start + len;
    return len;
}

/* After some tokens a blank matters to what may follow. */
static size_t skip_blanks(const struct lexer *lexer, struct text sql)
{
    bool is_plain = lexer->previous == '\0' && !lexer->is_after_identifier &&
                    lexer->after_escapes == LEXER_NO_ESCAPES;
    size_t len = 0;
    while (is_plain && len < sql.len && char_is_space(sql.data[len])) {
        len++;
    }
    return len;
}

/*
 * Only the next quote matters, which is never a second byte.  text_find() would need a place on the
 * stack, and its guard would be checked after each token.
 */
static size_t skip_literal(struct text sql)
{
    const char *quote = sql.len > 0 ? memchr(sql.data, '\'', sql.len) : NULL;
    return quote != NULL ? (size_t)(quote - sql.data) : sql.len;
}

size_t lexer_skip(struct lexer *lexer, struct text sql)
{
    if (lexer->state == LEXER_LITERAL) {
        return skip_literal(sql);
    }
    if (lexer->rules.encoding != LEXER_ASCII_SAFE) {
        return 0;
    }
    if (lexer->state == LEXER_WORD) {
        return skip_word(lexer, sql);
    }
    return lexer->state == LEXER_BETWEEN ? skip_blanks(lexer, sql) : 0;
}
