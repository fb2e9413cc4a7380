/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which certificates are trusted.  It always finds some or fails: with
 * sslmode=verify-full and no CA, libpq would fail with a message about a file that the user never
 * heard of.  It does not read the certificates; libpq does.
 */
#include "connect/sslrootcert.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"
#include "config/environment.h"
#include "config/system_trust.h"

#include <unistd.h>

enum { LIBPQ_WITH_SYSTEM_TRUST = 160000, MAX_PATH_LENGTH = 4096 };

/* libpq's default file.  *path is NULL if it cannot be read.  False: out of memory. */
static bool user_root_crt(char **path)
{
    AUTO_FREE char *home = environment_home();
    struct buf name AUTO_BUF;
    buf_init(&name, MAX_PATH_LENGTH);
    *path = NULL;
    if (home == NULL) {
        return true;
    }
    buf_printf(&name, "%s/.postgresql/root.crt", home);
    char *candidate = buf_take(&name);
    if (candidate == NULL) {
        return false;
    }
    if (access(candidate, R_OK) != 0) {
        mem_free(candidate);
        return true;
    }
    *path = candidate;
    return true;
}

static char *copy_or_fail(const char *path, dsql_error *err)
{
    char *copy = mem_strdup(path);
    if (copy == NULL) {
        fail_nomem(err);
    }
    return copy;
}

/*
 * "system" makes OpenSSL use its own default paths (libpq 16).  An older libpq would take it for
 * the name of a file; where that file is depends on the distribution.
 */
static char *system_or_fail(int libpq_version, dsql_error *err)
{
    const char *system =
        libpq_version >= LIBPQ_WITH_SYSTEM_TRUST ? SYSTEM_TRUST : system_trust_file();
    if (system == NULL) {
        fail(err, DSQL_ERR_CONNECT,
             "no CA certificates found to verify the server; install the package "
             "ca-certificates, or set ca_file or PGSSLROOTCERT");
        return NULL;
    }
    return copy_or_fail(system, err);
}

/*
 * Any other file that was named explicitly is taken without a check: if it cannot be read, libpq's
 * error names it.
 */
char *sslrootcert_find(const struct settings *settings, int libpq_version, dsql_error *err)
{
    const char *named = settings->ca_file;
    if (named == NULL) {
        named = environment_get("PGSSLROOTCERT");
    }
    if (named != NULL) {
        return text_equal_string(text_of(named), SYSTEM_TRUST) ? system_or_fail(libpq_version, err)
                                                               : copy_or_fail(named, err);
    }
    char *user_file = NULL;
    if (!user_root_crt(&user_file)) {
        fail_nomem(err);
        return NULL;
    }
    return user_file != NULL ? user_file : system_or_fail(libpq_version, err);
}
