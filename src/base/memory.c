/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The only calls of the allocator in libdsql, so that tests can make each of them fail.  The
 * size of an array is multiplied with a check for overflow.
 */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *mem_new(size_t size)
{
    return calloc(1, size);
}

void *mem_new_array(size_t count, size_t size)
{
    return calloc(count, size);
}

/* realloc() to size zero may free the block, so an empty array is refused. */
void *mem_resize_array(void *old, size_t count, size_t size)
{
    if (count == 0 || size == 0 || count > SIZE_MAX / size) {
        return NULL;
    }
    return realloc(old, count * size);
}

char *mem_strdup(const char *string)
{
    return string == NULL ? NULL : mem_strndup(string, strlen(string));
}

/* The block is zeroed, so the NUL at the end is there already. */
char *mem_strndup(const char *data, size_t len)
{
    if (len == (size_t)-1) {
        return NULL;
    }
    char *copy = mem_new(len + 1);
    if (copy != NULL && len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

void mem_free(void *block)
{
    free(block);
}

void mem_free_at(void *address_of_pointer)
{
    void **pointer = address_of_pointer;
    free(*pointer);
    *pointer = NULL;
}
