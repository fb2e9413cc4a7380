/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "proxy/statement_tokens.h"

/* As scan.l: ident_start and ident_cont. */
static bool is_word_byte(char c, bool is_first)
{
    bool is_letter = (char_is_alnum(c) && !char_is_digit(c)) || c == '_' || (unsigned char)c > 127;
    return is_letter || (!is_first && (char_is_digit(c) || c == '$'));
}

static size_t word_length(struct text text)
{
    size_t len = 0;
    while (len < text.len && is_word_byte(text.data[len], len == 0)) {
        len++;
    }
    return len;
}

static size_t number_length(struct text text)
{
    size_t len = 0;
    while (len < text.len && char_is_digit(text.data[len])) {
        len++;
    }
    return len;
}

/* False: no quote, or no end of it. */
static bool is_in_quotes(struct text text, char quote, size_t *len)
{
    return text.data[0] == quote && text_find(text_slice(text, 1, text.len), quote, len);
}

/* White space before a token belongs to none. */
void tokens_advance(struct statement_tokens *tokens)
{
    struct text rest = tokens->rest;
    while (!text_is_empty(rest) && char_is_space(rest.data[0])) {
        rest = text_slice(rest, 1, rest.len);
    }
    size_t len = word_length(rest);
    size_t digits = number_length(rest);
    if (text_is_empty(rest)) {
        tokens->token = (struct token){TOKEN_END, rest};
    } else if (len > 0) {
        tokens->token = (struct token){TOKEN_WORD, text_slice(rest, 0, len)};
    } else if (digits > 0) {
        len = digits;
        tokens->token = (struct token){TOKEN_NUMBER, text_slice(rest, 0, len)};
    } else if (is_in_quotes(rest, '"', &len) || is_in_quotes(rest, '\'', &len)) {
        enum token_kind kind = rest.data[0] == '"' ? TOKEN_QUOTED : TOKEN_STRING;
        tokens->token = (struct token){kind, text_slice(rest, 1, len)};
        len += 2;
    } else {
        len = 1;
        tokens->token = (struct token){TOKEN_OTHER, text_slice(rest, 0, 1)};
    }
    tokens->rest = text_slice(rest, len, rest.len);
}

struct statement_tokens tokens_of(struct text sql)
{
    struct statement_tokens tokens = {.rest = sql};
    tokens_advance(&tokens);
    return tokens;
}

bool tokens_at_end(const struct statement_tokens *tokens)
{
    return tokens->token.kind == TOKEN_END;
}

bool tokens_at_word(const struct statement_tokens *tokens, const char *word)
{
    return tokens->token.kind == TOKEN_WORD && text_equal_nocase(tokens->token.text, text_of(word));
}

bool tokens_accept(struct statement_tokens *tokens, const char *word)
{
    bool is_it = tokens_at_word(tokens, word);
    if (is_it) {
        tokens_advance(tokens);
    }
    return is_it;
}

bool tokens_accept_sign(struct statement_tokens *tokens, char sign)
{
    bool is_it = tokens->token.kind == TOKEN_OTHER && tokens->token.text.data[0] == sign;
    if (is_it) {
        tokens_advance(tokens);
    }
    return is_it;
}

struct text tokens_rest(const struct statement_tokens *tokens)
{
    const struct token *token = &tokens->token;
    if (tokens_at_end(tokens)) {
        return text_of("");
    }
    bool has_quote = token->kind == TOKEN_QUOTED || token->kind == TOKEN_STRING;
    const char *start = has_quote ? token->text.data - 1 : token->text.data;
    return text_trim(text_of_bytes(start, (size_t)(tokens->rest.data - start) + tokens->rest.len));
}
