/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the parts into the order of the basic form (20261124T113617Z), whose parser in
 * base/clock.c does the rest and rejects dates that do not exist.
 */
#include "http/date.h"

#include "base/buf.h"
#include "base/clock.h"

enum { DATE_LENGTH = 29 }; /* "Tue, 24 Nov 2026 11:36:17 GMT" */

/* "Nov" as "11"; NULL if it is not a month.  Case matters: RFC 9110 fixes it. */
static const char *month_number(struct text name)
{
    static const struct {
        const char *name;
        const char *number;
    } months[] = {
        {"Jan", "01"}, {"Feb", "02"}, {"Mar", "03"}, {"Apr", "04"}, {"May", "05"}, {"Jun", "06"},
        {"Jul", "07"}, {"Aug", "08"}, {"Sep", "09"}, {"Oct", "10"}, {"Nov", "11"}, {"Dec", "12"},
    };
    for (size_t i = 0; i < sizeof months / sizeof months[0]; i++) {
        if (text_equal_string(name, months[i].name)) {
            return months[i].number;
        }
    }
    return NULL;
}

/* Also ensures the length, so that the slices in http_date_parse() have their full length. */
static bool is_punctuated(struct text text)
{
    return text.len == DATE_LENGTH && text_equal_string(text_slice(text, 3, 2), ", ") &&
           text.data[7] == ' ' && text.data[11] == ' ' && text.data[16] == ' ' &&
           text.data[19] == ':' && text.data[22] == ':' &&
           text_equal_string(text_slice(text, 25, 4), " GMT");
}

bool http_date_parse(struct text text, int64_t *unix_s)
{
    const char *month = month_number(text_slice(text, 8, 3));
    if (month == NULL || !is_punctuated(text)) {
        return false;
    }
    struct buf basic AUTO_BUF;
    buf_init(&basic, DATE_LENGTH);
    buf_add_text(&basic, text_slice(text, 12, 4));
    buf_add_string(&basic, month);
    buf_add_text(&basic, text_slice(text, 5, 2));
    buf_add_char(&basic, 'T');
    buf_add_text(&basic, text_slice(text, 17, 2));
    buf_add_text(&basic, text_slice(text, 20, 2));
    buf_add_text(&basic, text_slice(text, 23, 2));
    buf_add_char(&basic, 'Z');
    return buf_ok(&basic) && clock_parse_basic(buf_text(&basic), unix_s);
}
