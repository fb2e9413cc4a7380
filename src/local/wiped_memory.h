/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes jansson and OpenSSL wipe what they free, in the process of the command and of the daemon.
 * Both hold secrets in memory of their own: a parser's copy of a key, the buffers of TLS.  Their
 * allocators belong to the whole process, so the library must not do this to its program.
 */
#ifndef DSQL_LOCAL_WIPED_MEMORY_H
#define DSQL_LOCAL_WIPED_MEMORY_H

/** To be called once, at the beginning of main(): OpenSSL refuses it after its first use. */
void wiped_memory_use(void);

/**
 * Forbids core dumps of this process, and other processes of the same user to read its memory.
 * Not inherited by a program that it starts.
 */
void wiped_memory_forbid_dumps(void);

/**
 * Wipes and removes every environment variable of this process but PATH.  Strings that getenv()
 * has returned before are empty afterwards.
 */
void wiped_memory_clear_environment(void);

#endif
