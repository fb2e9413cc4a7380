/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Searches the memory of another process, as someone would who has a dump of it.  The other process
 * must allow that: a child may, and root may always.
 */
#ifndef TEST_SUPPORT_PROCESS_MEMORY_H
#define TEST_SUPPORT_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** Whether the memory of the process may be read. */
bool process_memory_is_readable(pid_t pid);

/**
 * How many pieces of these bytes are in writable memory of the process: it looks for each piece of
 * 16 bytes, since what is freed loses its beginning to the allocator.  Prints where the first is.
 */
size_t process_memory_find(pid_t pid, const char *name, const void *bytes, size_t len);

/** Fills out with len random letters and digits and a NUL: a secret that is nowhere else. */
void process_memory_random_secret(char *out, size_t len);

#endif
