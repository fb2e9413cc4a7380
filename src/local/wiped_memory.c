/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocator is malloc() itself, so a block that was allocated before the change may be freed
 * after it.  malloc_usable_size() is what the C library knows about a block; keeping a size in
 * front of each would cost 16 bytes.
 */
#include "local/wiped_memory.h"

#include "base/secret.h"
#include "base/text.h"

#include <jansson.h>
#include <openssl/crypto.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void wipe_and_free(void *block)
{
    secret_wipe(block, malloc_usable_size(block));
    free(block);
}

/* The file and line of OpenSSL's source are for a debugging allocator. */
static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 ? NULL : malloc(size);
}

static void crypto_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    wipe_and_free(block);
}

/* Not realloc(): it may move the block and leave the old bytes behind. */
static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
    if (size == 0) {
        crypto_free(old, file, line);
        return NULL;
    }
    void *block = malloc(size);
    size_t old_size = malloc_usable_size(old);
    if (block != NULL && old != NULL) {
        memcpy(block, old, old_size < size ? old_size : size);
        wipe_and_free(old);
    }
    return block;
}

/* A failure leaves the library with malloc() and free(), which work; secrets then stay longer. */
void wiped_memory_use(void)
{
    json_set_alloc_funcs(malloc, wipe_and_free);
    (void)CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
}

void wiped_memory_forbid_dumps(void)
{
    prctl(PR_SET_DUMPABLE, 0);
}

/*
 * The caller's AWS and PG variables must not reach the servers.  PATH stays, since pg_config is
 * looked for there.  clearenv() forgets the others but leaves them in memory, and the caller's keys
 * may be among them.
 */
void wiped_memory_clear_environment(void)
{
    const char *path = getenv("PATH");
    char copy[4096];
    bool has_path = path != NULL && text_copy(text_of(path), copy, sizeof copy);
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        secret_wipe(*variable, strlen(*variable));
    }
    clearenv();
    setenv("PATH", has_path ? copy : "/usr/local/bin:/usr/bin:/bin", 1);
}
