/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The directories and files of `dsql proxy`. */
#ifndef DSQL_CLI_PROXY_PLACES_H
#define DSQL_CLI_PROXY_PLACES_H

#include <dsql.h>

#include <stdbool.h>

enum {
    PROXY_PLACE_SIZE = 512,
    PROXY_SOCKET_PATH_MAX = 107 /* bytes; Linux: sun_path without its NUL */
};

/** Absolute paths. */
struct proxy_places {
    char state[PROXY_PLACE_SIZE];
    char sockets[PROXY_PLACE_SIZE]; /* "": no Unix sockets */
    char password[PROXY_PLACE_SIZE];
    char key[PROXY_PLACE_SIZE];
};

/**
 * state: NULL for dsql/proxy in XDG_STATE_HOME or ~/.local/state.  sockets: NULL for dsql in
 * XDG_RUNTIME_DIR, or run in the state directory.
 */
dsql_status proxy_places_find(struct proxy_places *places, const char *state, bool has_sockets,
                              const char *sockets, dsql_error *err);

/** Creates the directories that are missing, mode 0700. */
dsql_status proxy_places_create(const struct proxy_places *places, dsql_error *err);

/** The socket through which the other commands ask a proxy, by its first port. */
void proxy_places_control(const struct proxy_places *places, int port, char out[PROXY_PLACE_SIZE]);

#endif
