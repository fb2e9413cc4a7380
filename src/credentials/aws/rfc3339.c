/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes the extended form of a time by way of the basic form (20240827T000000Z), which
 * base/clock.c handles.  So the rules about days and leap years are in one place.
 */
#include "credentials/aws/rfc3339.h"

#include "base/buf.h"
#include "base/clock.h"

#include <stdio.h>

enum { DATE_TIME_LENGTH = 19 }; /* "2024-08-27T00:00:00" */

/*
 * Removes the punctuation and leaves the rest to the parser of the basic form.  RFC 3339 allows a
 * lower-case "t" and "z".
 */
static bool parse_date_time(struct text text, int64_t *unix_s)
{
    struct buf basic AUTO_BUF;
    buf_init(&basic, DATE_TIME_LENGTH);
    if (text.len != DATE_TIME_LENGTH || text.data[4] != '-' || text.data[7] != '-' ||
        char_to_lower(text.data[10]) != 't' || text.data[13] != ':' || text.data[16] != ':') {
        return false;
    }
    buf_add_text(&basic, text_slice(text, 0, 4));
    buf_add_text(&basic, text_slice(text, 5, 2));
    buf_add_text(&basic, text_slice(text, 8, 2));
    buf_add_char(&basic, 'T');
    buf_add_text(&basic, text_slice(text, 11, 2));
    buf_add_text(&basic, text_slice(text, 14, 2));
    buf_add_text(&basic, text_slice(text, 17, 2));
    buf_add_char(&basic, 'Z');
    return buf_ok(&basic) && clock_parse_basic(buf_text(&basic), unix_s);
}

/*
 * "Z", or "+02:00" as seconds east of it.  Also "+0000", without the colon that the RFC asks for:
 * that is how older versions of the AWS CLI wrote the times of SSO tokens; and "UTC", which is how
 * botocore's file cache writes a time.
 */
static bool parse_offset(struct text text, int64_t *offset_s)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    *offset_s = 0;
    if (text.len == 1) {
        return char_to_lower(text.data[0]) == 'z';
    }
    if (text_equal_string(text, "UTC")) {
        return true;
    }
    bool has_colon = text.len == 6 && text.data[3] == ':';
    if ((text.len != 5 && !has_colon) || (text.data[0] != '+' && text.data[0] != '-') ||
        !text_to_int64(text_slice(text, 1, 2), 0, 23, &hours) ||
        !text_to_int64(text_slice(text, has_colon ? 4 : 3, 2), 0, 59, &minutes)) {
        return false;
    }
    int64_t seconds = hours * 3600 + minutes * 60;
    *offset_s = text.data[0] == '-' ? -seconds : seconds;
    return true;
}

/*
 * A point needs at least one digit after it.  Fractions of a second do not matter here: AWS
 * credentials are renewed minutes before they expire.
 */
static bool skip_fraction(struct text *rest)
{
    if (!text_starts_with(*rest, ".")) {
        return true;
    }
    *rest = text_slice(*rest, 1, rest->len);
    size_t before = rest->len;
    while (rest->len > 0 && char_is_digit(rest->data[0])) {
        *rest = text_slice(*rest, 1, rest->len);
    }
    return rest->len < before;
}

/* The offset is east of UTC, so it is subtracted. */
bool rfc3339_parse(struct text text, int64_t *unix_s)
{
    int64_t local_s = 0;
    int64_t offset_s = 0;
    struct text rest = text_slice(text, DATE_TIME_LENGTH, text.len);
    if (!parse_date_time(text_slice(text, 0, DATE_TIME_LENGTH), &local_s) ||
        !skip_fraction(&rest) || !parse_offset(rest, &offset_s)) {
        return false;
    }
    *unix_s = local_s - offset_s;
    return true;
}

bool rfc3339_format(int64_t unix_s, char out[RFC3339_SIZE])
{
    char basic[CLOCK_BASIC_SIZE];
    out[0] = '\0';
    if (!clock_format_basic(unix_s, basic)) {
        return false;
    }
    int len = snprintf(out, RFC3339_SIZE, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", basic, basic + 4,
                       basic + 6, basic + 9, basic + 11, basic + 13);
    return len == RFC3339_SIZE - 1;
}
