/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The one home for what the library takes from the system beyond POSIX.1-2008.  All other files of
 * the library are compiled with _POSIX_C_SOURCE=200809L and cannot see anything else.
 *
 * Each function has two bodies: one that uses what glibc, musl or another system adds, and one
 * in POSIX terms.  CMake looks for each function separately (cmake/Platform.cmake); the build
 * option DSQL_POSIX takes the POSIX body everywhere.  All of them are thread-safe.
 *
 * What POSIX can do equally well is not here: see text_contains(), clock_parse_basic() and
 * mem_resize_array().  Secrets are wiped by OpenSSL, see secret_wipe().
 */
#ifndef DSQL_BASE_PLATFORM_H
#define DSQL_BASE_PLATFORM_H

#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PLATFORM_ERROR_TEXT_SIZE = 128 };

/**
 * What an errno means, in English whatever the locale, cut to the size of out.  errno is
 * unchanged.
 */
void platform_error_text(int os_errno, char out[PLATFORM_ERROR_TEXT_SIZE]);

/**
 * getenv(), but NULL in a program that runs with more rights than its caller, such as a set-uid
 * program.  The POSIX body compares the user and group ids; it does not see file capabilities.
 */
const char *platform_secure_getenv(const char *name);

/** Fills a place with the kernel's random bytes, fit for keys.  False: it could not. */
bool platform_random_bytes(void *out, size_t len) __attribute__((warn_unused_result));

/** CLOCK_MONOTONIC in milliseconds, up to 10 ms late where that is faster. */
int64_t platform_coarse_ms(void);

/*
 * Descriptors that are closed by exec().  The POSIX bodies set FD_CLOEXEC one call after the
 * descriptor is made: a program that another thread starts exactly then inherits it.
 */

/** A pipe: ends[0] is read, ends[1] is written.  0, or -1 with errno set. */
int platform_pipe(int ends[2]) __attribute__((warn_unused_result));

/**
 * For waking a poll(): ends[0] becomes readable when 8 bytes are written to ends[1].  Neither
 * blocks, and both may be the same descriptor.  0, or -1 with errno set.
 */
int platform_wakeup(int ends[2]) __attribute__((warn_unused_result));

/** socket().  A descriptor, or -1 with errno set. */
int platform_socket(int family, int type, int protocol) __attribute__((warn_unused_result));

/** Makes to another number for from, which is not to.  A descriptor, or -1 with errno set. */
int platform_dup_to(int from, int to);

/**
 * mkstemp(): makes and opens a new file, mode 0600, and replaces the XXXXXX at the end of its
 * path.  A descriptor, or -1 with errno set.
 */
int platform_temporary_file(char *path) __attribute__((warn_unused_result));

/**
 * recv() that leaves the bytes to be received again and never waits (EAGAIN).  Not a cancellation
 * point.
 */
ssize_t platform_peek(int socket, void *out, size_t size) __attribute__((warn_unused_result));

/**
 * Closes every descriptor from first on.  For a program that becomes another: no other thread may
 * be running.
 */
void platform_close_from(int first);

/**
 * The child closes every descriptor from first on.  0 or an errno.  The POSIX body closes those
 * that are open now; one that another thread opens before the child starts, without O_CLOEXEC, is
 * inherited.
 */
int platform_spawn_close_from(posix_spawn_file_actions_t *actions, int first)
    __attribute__((warn_unused_result));

#endif
