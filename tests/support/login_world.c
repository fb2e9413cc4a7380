/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "login_world.h"

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t wall_s(void *arg)
{
    const struct login_world *world = arg;
    return world->base.now_s;
}

static int64_t monotonic_ms(void *arg)
{
    return wall_s(arg) * 1000;
}

static void sleep_ms(void *arg, int64_t ms)
{
    struct login_world *world = arg;
    world->slept_ms += ms;
}

static uint64_t draw(void *arg)
{
    struct login_world *world = arg;
    return ++world->drawn;
}

static bool read_file(void *arg, const char *path, struct buf *content)
{
    const char *found = login_world_content(arg, path);
    if (found == NULL) {
        errno = ENOENT;
        return false;
    }
    buf_add_string(content, found);
    return buf_ok(content);
}

static bool replace_file(void *arg, const char *path, struct text content)
{
    struct login_world *world = arg;
    char string[4096];
    if (world->is_full) {
        errno = ENOSPC;
        return false;
    }
    assert_true(text_copy(content, string, sizeof string));
    login_world_put(world, path, string);
    return true;
}

static void write_log(void *arg, dsql_log_level level, const char *message)
{
    struct login_world *world = arg;
    size_t len = strlen(world->log);
    snprintf(world->log + len, sizeof world->log - len, "%d %s\n", (int)level, message);
    assert_no_secret(message);
}

static dsql_status send(void *arg, const struct http_request *request,
                        struct http_response *response, dsql_error *err)
{
    struct login_world *world = arg;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, "dpop") == 0) {
            snprintf(world->last_dpop, sizeof world->last_dpop, "%s", request->headers[i].value);
        }
    }
    if (world->on_send != NULL) {
        world->on_send(world);
    }
    return world->send(&world->base.replay, request, response, err);
}

void login_world_init(struct login_world *world, const char *config, const char *profile,
                      const struct replay_exchange *exchanges, size_t count)
{
    memset(world, 0, sizeof *world);
    source_world_init(&world->base, exchanges, count);
    assert_int_equal(world->base.now_s, WORLD_START_S);
    world->base.clock.sleep_ms = sleep_ms;
    world->base.clock.arg = world;
    world->base.clock.wall_s = wall_s;
    world->base.clock.monotonic_ms = monotonic_ms;
    world->base.random = (struct random_source){.next = draw, .arg = world};
    world->base.file_system =
        (struct file_system){.read = read_file, .replace = replace_file, .arg = world};
    world->base.logger = (struct logger){.write = write_log, .arg = world};
    world->send = world->base.replay.http.send;
    world->base.replay.http.send = send;
    world->base.replay.http.arg = world;
    world->base.context.memory = &world->memory;
    world->base.context.detail = &world->detail;
    world->profiles = profile_set_parse(text_of(config), text_of(""), NULL);
    assert_non_null(world->profiles);
    world->profile = (struct profile){.set = world->profiles, .name = profile};
}

void login_world_clear(struct login_world *world)
{
    assert_true(replay_done(&world->base.replay));
    profile_set_free(world->profiles);
}

void login_world_put(struct login_world *world, const char *path, const char *content)
{
    for (size_t i = 0; i < WORLD_FILES; i++) {
        if (world->file[i].path[0] == '\0' || strcmp(world->file[i].path, path) == 0) {
            snprintf(world->file[i].path, sizeof world->file[i].path, "%s", path);
            snprintf(world->file[i].content, sizeof world->file[i].content, "%s", content);
            return;
        }
    }
    fail_msg("no room for %s", path);
}

const char *login_world_content(const struct login_world *world, const char *path)
{
    for (size_t i = 0; i < WORLD_FILES; i++) {
        if (strcmp(world->file[i].path, path) == 0) {
            return world->file[i].content;
        }
    }
    return NULL;
}
