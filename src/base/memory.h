/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place that calls the allocator.  Everything is zeroed, sizes are
 * multiplied with an overflow check, and NULL means out of memory: nothing here
 * aborts.  Secrets do not belong here; see secret.h and buf_init_secret().
 */
#ifndef DSQL_BASE_MEMORY_H
#define DSQL_BASE_MEMORY_H

#include <stddef.h>

/** Zeroed memory for one object, or NULL. */
void *mem_new(size_t size) __attribute__((warn_unused_result));

/** Zeroed memory for count objects, or NULL (also when the product overflows). */
void *mem_new_array(size_t count, size_t size) __attribute__((warn_unused_result));

/** As reallocarray(), but NULL for an empty array.  The old block stays valid after NULL. */
void *mem_resize_array(void *old, size_t count, size_t size) __attribute__((warn_unused_result));

/** A copy of a string; NULL for NULL, or when out of memory. */
char *mem_strdup(const char *string) __attribute__((warn_unused_result));

/** A NUL-terminated copy of len bytes. */
char *mem_strndup(const char *data, size_t len) __attribute__((warn_unused_result));

/** NULL does nothing. */
void mem_free(void *block);

/** For AUTO_FREE: frees what the pointer at the address points to. */
void mem_free_at(void *address_of_pointer);

/** Frees the pointed-to block when the variable goes out of scope. */
#define AUTO_FREE __attribute__((cleanup(mem_free_at)))

#endif
