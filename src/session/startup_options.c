/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * pg_split_opts() and process_postgres_switches() of PostgreSQL in one.  PostgreSQL would apply
 * any setting it finds here, so a gateway that allows only some must read exactly the same words
 * as PostgreSQL does: a difference would be a way around the check.
 */
#include "session/startup_options.h"

#include "wire/startup.h"

void startup_options_init(struct startup_options *options, struct text value)
{
    options->rest = value;
    buf_init(&options->word, STARTUP_MAX_SIZE);
}

void startup_options_clear(struct startup_options *options)
{
    buf_clear(&options->word);
}

bool startup_options_ok(const struct startup_options *options)
{
    return buf_ok(&options->word);
}

/* Words are separated by spaces; a backslash takes the next byte as it is (PostgreSQL:
   pg_split_opts).  False at the end. */
static bool next_word(struct startup_options *options)
{
    struct text rest = text_trim_start(options->rest);
    size_t used = 0;
    buf_reset(&options->word);
    while (used < rest.len && !char_is_space(rest.data[used])) {
        if (rest.data[used] == '\\' && used + 1 < rest.len) {
            used++;
        }
        buf_add_char(&options->word, rest.data[used]);
        used++;
    }
    options->rest = text_slice(rest, used, rest.len);
    return used > 0;
}

/*
 * "-c" may be followed by a space and so by another word.  If that is missing, the setting is the
 * empty text, and the caller's check rejects it.
 */
enum startup_option startup_options_next(struct startup_options *options, struct text *out)
{
    *out = text_of("");
    if (!next_word(options)) {
        return STARTUP_OPTION_END;
    }
    *out = buf_text(&options->word);
    if (text_equal_string(*out, "-c")) {
        next_word(options);
        *out = buf_text(&options->word);
        return STARTUP_OPTION_SETTING;
    }
    if (text_starts_with(*out, "-c") || text_starts_with(*out, "--")) {
        *out = text_slice(*out, 2, out->len);
        return STARTUP_OPTION_SETTING;
    }
    return STARTUP_OPTION_OTHER;
}
