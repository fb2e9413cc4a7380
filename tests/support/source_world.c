/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "source_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_NAME = 128, START_S = 1700000000 };

static int64_t wall_s(void *arg)
{
    return ((const struct source_world *)arg)->now_s;
}

static int64_t monotonic_ms(void *arg)
{
    return ((const struct source_world *)arg)->now_s * 1000;
}

static void sleep_ms(void *arg, int64_t ms)
{
    struct source_world *world = arg;
    world->now_s += ms / 1000;
    world->sleeps++;
}

static uint64_t next(void *arg)
{
    return ((const struct source_world *)arg)->chance;
}

static bool read_file(void *arg, const char *path, struct buf *content)
{
    const struct source_world *world = arg;
    for (size_t i = 0; i < world->file_count; i++) {
        if (world->files[i].content != NULL && strcmp(world->files[i].path, path) == 0) {
            buf_add_string(content, world->files[i].content);
            errno = EFBIG;
            return buf_ok(content);
        }
    }
    errno = ENOENT;
    return false;
}

static bool replace_file(void *arg, const char *path, struct text content)
{
    (void)arg;
    (void)path;
    (void)content;
    errno = EROFS;
    return false;
}

static void write_log(void *arg, dsql_log_level level, const char *line)
{
    struct source_world *world = arg;
    size_t len = strlen(world->log);
    (void)level;
    world->log_lines++;
    snprintf(world->log + len, sizeof world->log - len, "%s\n", line);
}

/* unsetenv() changes the array, so each search starts from the beginning. */
static bool unset_one(void)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        char name[MAX_NAME];
        struct text before;
        struct text after;
        text_cut(text_of(*entry), '=', &before, &after);
        if (text_starts_with(before, "AWS_") && text_copy(before, name, sizeof name)) {
            unsetenv(name);
            return true;
        }
    }
    return false;
}

void source_world_init(struct source_world *world, const struct replay_exchange *exchanges,
                       size_t count)
{
    while (unset_one()) {
    }
    setenv("HOME", "/home", 1);
    *world = (struct source_world){.now_s = START_S};
    replay_init(&world->replay, exchanges, count);
    world->clock = (struct clock){
        .wall_s = wall_s, .monotonic_ms = monotonic_ms, .sleep_ms = sleep_ms, .arg = world};
    world->random = (struct random_source){next, world};
    world->file_system = (struct file_system){read_file, replace_file, world};
    world->logger = (struct logger){write_log, world};
    world->context = (struct source_context){
        .clock = &world->clock,
        .random = &world->random,
        .http = &world->replay.http,
        .files = &world->file_system,
        .logger = &world->logger,
    };
}
