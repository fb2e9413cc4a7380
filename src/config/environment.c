/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * platform_secure_getenv() is used because a set-uid program must not run the credential_process
 * of the user who started it.
 */
#include "config/environment.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/platform.h"
#include "base/text.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

/* Bytes.  A variable may be this long; a path that is too long is rejected by open(). */
enum { PATH_MAX_SIZE = 128 * 1024 };
enum { PASSWORD_ENTRY_FIRST_SIZE = 1024, PASSWORD_ENTRY_MAX_SIZE = 1 << 20 };

/* AWS treats a variable that is empty or blank as one that is not set. */
const char *environment_get(const char *name)
{
    const char *value = platform_secure_getenv(name);
    return text_is_empty(text_trim(text_of(value))) ? NULL : value;
}

const char *environment_raw(const char *name)
{
    return getenv(name);
}

/* ERANGE means that a bigger buffer is needed.  *home stays NULL when there is no entry. */
static int read_password_entry(size_t size, char **home)
{
    AUTO_FREE char *buffer = mem_new(size);
    if (buffer == NULL) {
        return ENOMEM;
    }
    struct passwd entry;
    struct passwd *found = NULL;
    int failure = getpwuid_r(getuid(), &entry, buffer, size, &found);
    if (failure == 0 && found != NULL) {
        *home = mem_strdup(found->pw_dir);
    }
    return failure;
}

/*
 * getpwuid_r() needs a buffer of unknown size, so it is doubled up to a limit.  The entry of a
 * user in a directory service may be long.
 */
char *environment_home(void)
{
    const char *home = environment_get("HOME");
    if (home != NULL) {
        return mem_strdup(home);
    }
    char *from_database = NULL;
    size_t size = PASSWORD_ENTRY_FIRST_SIZE;
    while (size <= PASSWORD_ENTRY_MAX_SIZE && read_password_entry(size, &from_database) == ERANGE) {
        size *= 2;
    }
    return from_database;
}

/* "~/" is expanded here, because a variable need not come from a shell that has done it. */
char *environment_path(const char *variable, const char *below_home)
{
    struct buf path AUTO_BUF;
    buf_init(&path, PATH_MAX_SIZE);
    struct text given = text_of(variable == NULL ? NULL : environment_get(variable));
    bool is_below_home = text_is_empty(given) || text_starts_with(given, "~/");
    AUTO_FREE char *home = is_below_home ? environment_home() : NULL;
    if (is_below_home && home == NULL && environment_get("HOME") != NULL) {
        return NULL; /* no memory, which must not look like no home, and so like no file */
    }
    if (!is_below_home) {
        buf_add_text(&path, given);
    } else if (home != NULL) {
        buf_add_string(&path, home);
        buf_add_char(&path, '/');
        buf_add_text(&path,
                     text_is_empty(given) ? text_of(below_home) : text_slice(given, 2, given.len));
    }
    return buf_take(&path);
}
