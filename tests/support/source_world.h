/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A world for a source of credentials: a clock that stands still, chance that is known,
 * recorded answers, a few files, and an environment without a single AWS_ variable.
 */
#ifndef TEST_SUPPORT_SOURCE_WORLD_H
#define TEST_SUPPORT_SOURCE_WORLD_H

#include "credentials/source.h"
#include "replay.h"

struct source_file {
    const char *path;
    const char *content;
};

struct source_world {
    struct source_context context;
    struct replay replay;
    struct clock clock;
    struct random_source random;
    struct file_system file_system;
    struct logger logger;

    /* For the test to set and to read. */
    int64_t now_s;   /* both clocks; sleeping moves them */
    uint64_t chance; /* what the random source gives, always */
    int sleeps;
    const struct source_file *files; /* the caller's; not there or NULL: missing */
    size_t file_count;
    int log_lines;
    char log[2048]; /* all lines */
};

/** Its address must not change afterwards.  Unsets every AWS_ variable; HOME is "/home". */
void source_world_init(struct source_world *world, const struct replay_exchange *exchanges,
                       size_t count);

#endif
