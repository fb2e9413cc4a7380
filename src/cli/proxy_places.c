/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths are checked against the limit of Unix sockets before anything is created: an error about
 * sun_path would say nothing to the user.
 */
#include "cli/proxy_places.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/environment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BELOW_HOME      ".local/state/dsql/proxy"
#define CONTROL_LONGEST "/control.65535"
#define SOCKET_LONGEST  "/.s.PGSQL.65535"

static dsql_status fail_long(dsql_error *err)
{
    return fail(err, DSQL_ERR_USAGE,
                "the path of a directory is too long for a Unix socket, which may have %d bytes. "
                "Choose shorter ones with --state-dir and --socket-dir",
                PROXY_SOCKET_PATH_MAX);
}

/* Relative paths are those of the caller: a service manager may change the directory. */
static dsql_status make_absolute(const char *path, char out[PROXY_PLACE_SIZE], dsql_error *err)
{
    char here[PROXY_PLACE_SIZE] = "";
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL) {
        return fail_errno(err, DSQL_ERR_SYSTEM, "could not find the current directory");
    }
    int len = path[0] == '/' ? snprintf(out, PROXY_PLACE_SIZE, "%s", path)
                             : snprintf(out, PROXY_PLACE_SIZE, "%s/%s", here, path);
    while (len > 1 && len < PROXY_PLACE_SIZE && out[len - 1] == '/') {
        out[--len] = '\0';
    }
    return len > 0 && len < PROXY_PLACE_SIZE ? DSQL_OK : fail_long(err);
}

static dsql_status find_state(const char *state, char out[PROXY_PLACE_SIZE], dsql_error *err)
{
    const char *base = environment_get("XDG_STATE_HOME");
    if (state != NULL) {
        return make_absolute(state, out, err);
    }
    if (base != NULL && base[0] == '/') {
        int len = snprintf(out, PROXY_PLACE_SIZE, "%s/dsql/proxy", base);
        return len > 0 && len < PROXY_PLACE_SIZE ? DSQL_OK : fail_long(err);
    }
    AUTO_FREE char *below_home = environment_path(NULL, BELOW_HOME);
    if (below_home == NULL) {
        return fail_nomem(err);
    }
    if (below_home[0] != '/') {
        return fail(err, DSQL_ERR_USAGE,
                    "could not choose a directory for the state: HOME is not set. Name one with "
                    "--state-dir");
    }
    return text_copy(text_of(below_home), out, PROXY_PLACE_SIZE) ? DSQL_OK : fail_long(err);
}

static dsql_status find_sockets(const struct proxy_places *places, const char *sockets,
                                char out[PROXY_PLACE_SIZE], dsql_error *err)
{
    const char *runtime = environment_get("XDG_RUNTIME_DIR");
    if (sockets != NULL) {
        return make_absolute(sockets, out, err);
    }
    int len = runtime != NULL && runtime[0] == '/'
                  ? snprintf(out, PROXY_PLACE_SIZE, "%s/dsql", runtime)
                  : snprintf(out, PROXY_PLACE_SIZE, "%s/run", places->state);
    return len > 0 && len < PROXY_PLACE_SIZE ? DSQL_OK : fail_long(err);
}

static bool fits(const char *directory, const char *longest)
{
    return strlen(directory) + strlen(longest) <= PROXY_SOCKET_PATH_MAX;
}

dsql_status proxy_places_find(struct proxy_places *places, const char *state, bool has_sockets,
                              const char *sockets, dsql_error *err)
{
    *places = (struct proxy_places){.state = ""};
    dsql_status status = find_state(state, places->state, err);
    if (status == DSQL_OK && has_sockets) {
        status = find_sockets(places, sockets, places->sockets, err);
    }
    if (status != DSQL_OK) {
        return status;
    }
    if (!fits(places->state, CONTROL_LONGEST) || !fits(places->sockets, SOCKET_LONGEST)) {
        return fail_long(err);
    }
    snprintf(places->password, sizeof places->password, "%.*s/password", PROXY_SOCKET_PATH_MAX,
             places->state);
    snprintf(places->key, sizeof places->key, "%.*s/key", PROXY_SOCKET_PATH_MAX, places->state);
    return DSQL_OK;
}

/* As mkdir -p.  Directories that exist keep their modes. */
static dsql_status create(const char *directory, dsql_error *err)
{
    enum { MODE = 0700 };
    char path[PROXY_PLACE_SIZE];
    size_t len = strlen(directory);
    memcpy(path, directory, len + 1);
    for (size_t i = 1; i <= len; i++) {
        char end = path[i];
        if (end != '/' && end != '\0') {
            continue;
        }
        path[i] = '\0';
        if (mkdir(path, MODE) != 0 && errno != EEXIST) {
            return fail_errno(err, DSQL_ERR_SYSTEM, "could not create the directory \"%s\"", path);
        }
        path[i] = end;
    }
    return DSQL_OK;
}

dsql_status proxy_places_create(const struct proxy_places *places, dsql_error *err)
{
    dsql_status status = create(places->state, err);
    if (status == DSQL_OK && places->sockets[0] != '\0') {
        status = create(places->sockets, err);
    }
    return status;
}

void proxy_places_control(const struct proxy_places *places, int port, char out[PROXY_PLACE_SIZE])
{
    snprintf(out, PROXY_PLACE_SIZE, "%.*s/control.%d", PROXY_SOCKET_PATH_MAX, places->state, port);
}
