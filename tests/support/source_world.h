/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The context of a credential provider under test: a clock that only moves by sleeping, a known
 * random number, recorded answers, a few files, and an environment without AWS_ variables.
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

    /* Set and read by the test. */
    int64_t now_s;   /* time of both clocks; sleeping advances it */
    uint64_t chance; /* always returned by the random source */
    int sleeps;
    const struct source_file *files; /* the caller's; content NULL: missing */
    size_t file_count;
    int log_lines;
    char log[2048]; /* all lines so far */
};

/** The struct must not be moved afterwards.  Unsets all AWS_ variables; sets HOME to /home. */
void source_world_init(struct source_world *world, const struct replay_exchange *exchanges,
                       size_t count);

#endif
