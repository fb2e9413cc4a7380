/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* One write() for each line, so that lines of several threads do not mix. */
#include "cli/proxy_log.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "cli/time_text.h"

#include <unistd.h>

static const char *level_name(dsql_log_level level)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    return names[level];
}

static void replace_high_bytes(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c > 0x7F) {
            *c = '?';
        }
    }
}

/* jansson accepts UTF-8 only; a name in another encoding must not lose the message. */
static bool set_message(struct json *json, const char *message)
{
    if (json_set_string(json, "message", message)) {
        return true;
    }
    AUTO_FREE char *copy = mem_strdup(message);
    if (copy == NULL) {
        return false;
    }
    replace_high_bytes(copy);
    return json_set_string(json, "message", copy);
}

static bool write_json(struct buf *out, const char *when, const char *level, const char *message)
{
    struct json *json AUTO_JSON = json_new();
    return json != NULL && json_set_string(json, "time", when) &&
           json_set_string(json, "level", level) && set_message(json, message) &&
           json_write(json, out);
}

void proxy_log_line(struct buf *out, bool is_json, int64_t wall_s, dsql_log_level level,
                    const char *message)
{
    char when[TIME_TEXT_SIZE];
    time_text(wall_s, when);
    if (!is_json || !write_json(out, when, level_name(level), message)) {
        buf_printf(out, "%s %s: %s", when, level_name(level), message);
    }
    buf_add_char(out, '\n');
}

/* A line that is too long is lost, and so is one for a standard error that is closed. */
void proxy_log_write(void *arg, dsql_log_level level, const char *message)
{
    struct buf line AUTO_BUF;
    buf_init(&line, PROXY_LOG_LINE_MAX);
    if (level == DSQL_LOG_DEBUG) {
        return;
    }
    proxy_log_line(&line, *(const bool *)arg, clock_wall_s(clock_system()), level, message);
    if (buf_ok(&line) && write(STDERR_FILENO, line.data, line.len) < 0) {
        return;
    }
}
