/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * All functions are looked up at once and not at their first call: a libpq that is too old is
 * reported before anything has begun.
 */
#include "cli/delayed/library.h"

#include "base/message_code.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* dlerror() describes the last failure, once. */
static bool failed(char *reason)
{
    const char *text = dlerror();
    snprintf(reason, DELAYED_REASON_SIZE, "%s", text == NULL ? "unknown error" : text);
    return false;
}

bool delayed_load(const char *soname, const struct delayed_function *functions, size_t count,
                  void *table, char reason[static DELAYED_REASON_SIZE])
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return failed(reason);
    }
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, functions[i].name);
        if (address == NULL) {
            return failed(reason);
        }
        /* C does not convert between pointers to objects and to functions; POSIX has them alike. */
        memcpy((char *)table + functions[i].offset, &address, sizeof address);
    }
    return true;
}

/* _exit(): other threads may run, and what is registered for exit() is not prepared for that. */
void delayed_end(const char *name, const char *reason, const char *remedy)
{
    char message[DELAYED_REASON_SIZE + 128];
    snprintf(message, sizeof message, "could not load %s: %s; %s", name, reason, remedy);
    fprintf(stderr, "dsql: %s [%s]\n", message, message_code(text_of(message)));
    _exit(1);
}
