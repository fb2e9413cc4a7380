/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* See clock.h. */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

static int64_t system_wall_s(void *arg)
{
    (void)arg;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

static int64_t system_monotonic_ms(void *arg)
{
    (void)arg;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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

void clock_sleep_ms(const struct clock *clock, int64_t ms)
{
    if (ms > 0) {
        clock->sleep_ms(clock->arg, ms);
    }
}

bool clock_format_basic(int64_t wall_s, char out[CLOCK_BASIC_SIZE])
{
    struct tm tm;
    time_t seconds = (time_t)wall_s;
    out[0] = '\0';
    if (wall_s < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year + 1900 > 9999) {
        return false;
    }
    return strftime(out, CLOCK_BASIC_SIZE, "%Y%m%dT%H%M%SZ", &tm) == CLOCK_BASIC_SIZE - 1;
}

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
    struct tm tm = {0};
    if (text.len != CLOCK_BASIC_SIZE - 1 || text.data[8] != 'T' || text.data[15] != 'Z' ||
        !number_at(text, 0, 4, &tm.tm_year) || !number_at(text, 4, 2, &tm.tm_mon) ||
        !number_at(text, 6, 2, &tm.tm_mday) || !number_at(text, 9, 2, &tm.tm_hour) ||
        !number_at(text, 11, 2, &tm.tm_min) || !number_at(text, 13, 2, &tm.tm_sec)) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int64_t seconds = (int64_t)timegm(&tm);
    /* timegm() accepts 31 February; formatting it again shows that it moved. */
    char again[CLOCK_BASIC_SIZE];
    if (!clock_format_basic(seconds, again) || !text_equal_string(text, again)) {
        return false;
    }
    *wall_s = seconds;
    return true;
}
