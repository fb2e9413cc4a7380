/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay between clients and the gateway of a local cluster.  It passes bytes without looking at
 * them, because they are TLS, and cuts a connection after a chosen number of them.
 */
#ifndef TEST_CHAOS_BYTE_RELAY_H
#define TEST_CHAOS_BYTE_RELAY_H

enum direction { TO_SERVER, TO_CLIENT, DIRECTIONS };

/** Starts to listen on a port of 127.0.0.1, which is returned.  Ends the program on failure. */
int byte_relay_start(int server_port);

/**
 * Counts from zero, and cuts once, after exactly `bytes` more bytes in that direction; whichever
 * connection they belong to.  Negative: only counts.
 */
void byte_relay_cut_after(enum direction direction, long bytes);

/** The bytes that have passed since byte_relay_cut_after(). */
long byte_relay_passed(enum direction direction);

/**
 * From now on each new connection is cut after a random number of bytes up to most_bytes in a
 * random direction.  0: none is.
 */
void byte_relay_cut_at_random(unsigned seed, long most_bytes);

/** The number of connections that were cut. */
long byte_relay_cuts(void);

#endif
