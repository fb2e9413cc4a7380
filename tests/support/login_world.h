/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * source_world.h with what a login needs in addition: a profile, files that can be written, random
 * numbers that differ, and a log that is searched for secrets.
 */
#ifndef TEST_SUPPORT_LOGIN_WORLD_H
#define TEST_SUPPORT_LOGIN_WORLD_H

#include "credentials/profile.h"
#include "secret_leaks.h"
#include "source_world.h"

enum { WORLD_FILES = 4, WORLD_START_S = 1700000000 }; /* 2023-11-14T22:13:20Z */

struct login_world {
    struct source_world base; /* base.context is passed to the source */
    struct source_memory memory;
    struct source_detail detail;
    struct profile_set *profiles;
    struct profile profile;

    dsql_status (*send)(void *arg, const struct http_request *request,
                        struct http_response *response, dsql_error *err); /* the one of replay.h */
    int64_t slept_ms; /* total of all waits before a retry */
    uint64_t drawn;   /* from the random source: 1, 2, 3... */
    struct {
        char path[256];
        char content[4096];
    } file[WORLD_FILES];                        /* path "": unused */
    bool is_full;                               /* writing fails */
    void (*on_send)(struct login_world *world); /* called before each answer; may be NULL */
    char last_dpop[2048];                       /* the DPoP header of the last request */
    char log[4096];                             /* "LEVEL message\n" for each line */
};

/** Sets HOME to /home and unsets all AWS variables.  config: the content of the config file. */
void login_world_init(struct login_world *world, const char *config, const char *profile,
                      const struct replay_exchange *exchanges, size_t count);

/** Fails the test if a recorded request was not sent. */
void login_world_clear(struct login_world *world);

/** Creates or replaces a file. */
void login_world_put(struct login_world *world, const char *path, const char *content);

/** The content of a file, or NULL if there is none. */
const char *login_world_content(const struct login_world *world, const char *path);

#endif
