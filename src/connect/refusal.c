/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See refusal.h. */
#include "connect/refusal.h"

#include "base/error.h"

enum { SQLSTATE_LENGTH = 5 };

/* Every SQLSTATE has a digit in it; FATAL, ERROR and PANIC have none. */
static bool is_sqlstate(struct text text)
{
    bool has_digit = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!char_is_digit(c) && !(c >= 'A' && c <= 'Z')) {
            return false;
        }
        has_digit = has_digit || char_is_digit(c);
    }
    return has_digit && text.len == SQLSTATE_LENGTH;
}

/*
 * "...: FATAL:  08006: unable to accept ...": what stands between two colons and looks
 * like a SQLSTATE.  The words around it may be translated, so they are not looked at.
 */
static bool find_sqlstate(struct text line, char out[SQLSTATE_LENGTH + 1], struct text *primary)
{
    struct text part;
    struct text rest = line;
    while (text_cut(rest, ':', &part, &rest)) {
        if (is_sqlstate(text_trim(part))) {
            *primary = text_trim(rest);
            return text_copy(text_trim(part), out, SQLSTATE_LENGTH + 1);
        }
    }
    return false;
}

/* The line of the HINT, without its label. */
static struct text find_hint(struct text lines)
{
    struct text line;
    while (text_next_line(&lines, &line)) {
        struct text label;
        struct text value;
        if (text_cut(line, ':', &label, &value) && text_equal_string(text_trim(label), "HINT")) {
            return text_trim(value);
        }
    }
    return text_of("");
}

static const char *next_step(struct text all, const char *sqlstate)
{
    struct text state = text_of(sqlstate);
    if (text_contains(all, "Signature expired") || text_contains(all, "not yet valid")) {
        return "; is the clock of this machine right?";
    }
    if (text_contains(all, "Wrong user to action mapping")) {
        return "; user admin needs a DbConnectAdmin token, every other user a DbConnect token";
    }
    if (text_contains(all, "waking up cluster")) {
        return "; try again in some seconds";
    }
    if (text_equal_string(state, "53300") || text_equal_string(state, "53400")) {
        return "; close connections that are not needed, or try again later";
    }
    if (text_contains(all, "certificate verify failed")) {
        return "; name the CA file in ca_file or PGSSLROOTCERT";
    }
    return "";
}

dsql_status refusal_to_error(const char *host, struct text message, dsql_error *err)
{
    struct text rest = message;
    struct text first = text_of("");
    text_next_line(&rest, &first);
    char sqlstate[SQLSTATE_LENGTH + 1] = "";
    struct text primary = text_trim(message);
    struct text hint = text_of("");
    if (find_sqlstate(first, sqlstate, &primary)) {
        hint = find_hint(rest);
    }
    fail(err, DSQL_ERR_CONNECT, "could not connect to %s: %.*s%s%.*s%s", host,
         (int)text_slice(primary, 0, 300).len, primary.data, hint.len > 0 ? ": " : "",
         (int)text_slice(hint, 0, 200).len, hint.data, next_step(message, sqlstate));
    error_set_sqlstate(err, sqlstate);
    return DSQL_ERR_CONNECT;
}
