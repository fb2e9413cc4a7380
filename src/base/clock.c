/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's clocks, and times as AWS writes them.  Calendar arithmetic is done here
 * because timegm() is not POSIX.
 */
#include "base/clock.h"

#include "base/platform.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static int64_t system_wall_s(void *arg)
{
    (void)arg;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

/* On Linux this clock does not advance while the machine is suspended. */
static int64_t system_monotonic_ms(void *arg)
{
    (void)arg;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_coarse_ms(void *arg)
{
    (void)arg;
    return platform_coarse_ms();
}

/* clock_nanosleep() returns the errno value and leaves errno alone. */
static void system_sleep_ms(void *arg, int64_t ms)
{
    (void)arg;
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left);
    while (rc == EINTR) {
        rc = clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left);
    }
}

const struct clock *clock_system(void)
{
    static const struct clock system = {
        .wall_s = system_wall_s,
        .monotonic_ms = system_monotonic_ms,
        .coarse_ms = system_coarse_ms,
        .sleep_ms = system_sleep_ms,
    };
    return &system;
}

int64_t clock_wall_s(const struct clock *clock)
{
    return clock->wall_s(clock->arg);
}

int64_t clock_monotonic_ms(const struct clock *clock)
{
    return clock->monotonic_ms(clock->arg);
}

int64_t clock_coarse_ms(const struct clock *clock)
{
    return clock->coarse_ms != NULL ? clock->coarse_ms(clock->arg) : clock_monotonic_ms(clock);
}

void clock_sleep_ms(const struct clock *clock, int64_t ms)
{
    if (ms > 0) {
        clock->sleep_ms(clock->arg, ms);
    }
}

/* The last decimal digits of value, as many as count. */
static void write_digits(char *out, int count, int value)
{
    for (int i = count - 1, rest = value; i >= 0; i--, rest /= 10) {
        out[i] = (char)('0' + rest % 10);
    }
}

/*
 * gmtime_r() needs no time zone data and knows no leap seconds, like AWS.  strftime() would take
 * longer than building the rest of a token's text.
 */
bool clock_format_basic(int64_t wall_s, char out[CLOCK_BASIC_SIZE])
{
    struct tm tm;
    time_t seconds = (time_t)wall_s;
    out[0] = '\0';
    if (wall_s < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year + 1900 > 9999) {
        return false;
    }
    memcpy(out, "YYYYMMDDThhmmssZ", CLOCK_BASIC_SIZE);
    write_digits(out, 4, tm.tm_year + 1900);
    write_digits(out + 4, 2, tm.tm_mon + 1);
    write_digits(out + 6, 2, tm.tm_mday);
    write_digits(out + 9, 2, tm.tm_hour);
    write_digits(out + 11, 2, tm.tm_min);
    write_digits(out + 13, 2, tm.tm_sec);
    return true;
}

/* Days from 1970-01-01 to the first of a month, in the calendar that has always been Gregorian. */
static int64_t days_to_month(int year, int month)
{
    static const int days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int64_t past = year - 1; /* whole years since the year 1, which began 719162 days earlier */
    int64_t leap_days = past / 4 - past / 100 + past / 400;
    return past * 365 + leap_days - 719162 + days_before[month - 1] + (is_leap && month > 2);
}

/* Digits only: strtol() would accept a sign or blanks. */
static bool number_at(struct text text, size_t offset, size_t len, int *out)
{
    int64_t value = 0;
    if (!text_to_int64(text_slice(text, offset, len), 0, 9999, &value)) {
        return false;
    }
    *out = (int)value;
    return true;
}

bool clock_parse_basic(struct text text, int64_t *wall_s)
{
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (text.len != CLOCK_BASIC_SIZE - 1 || text.data[8] != 'T' || text.data[15] != 'Z' ||
        !number_at(text, 0, 4, &year) || !number_at(text, 4, 2, &month) ||
        !number_at(text, 6, 2, &day) || !number_at(text, 9, 2, &hour) ||
        !number_at(text, 11, 2, &minute) || !number_at(text, 13, 2, &second) || month < 1 ||
        month > 12) {
        return false;
    }
    int64_t days = days_to_month(year, month) + day - 1;
    int64_t seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    /* This sum accepts 31 February; formatting it again shows that it moved. */
    char again[CLOCK_BASIC_SIZE];
    if (!clock_format_basic(seconds, again) || !text_equal_string(text, again)) {
        return false;
    }
    *wall_s = seconds;
    return true;
}
