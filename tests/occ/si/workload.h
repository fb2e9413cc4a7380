/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that the clients work on, and what they do: random statements.
 */
#ifndef TEST_OCC_SI_WORKLOAD_H
#define TEST_OCC_SI_WORKLOAD_H

#include "recorder.h"

/** Creates the tables anew, with rows. */
void workload_set_up(const struct run *run);

/** Prepares the statements of a client. */
void workload_prepare(struct recorder *recorder);

/** The body of a random transaction; a reader if it takes no xid. */
void workload_body(struct recorder *recorder);

/** Reads everything. */
void workload_read_all(struct recorder *recorder);

/** Changes definitions, one after the other, until the time is up. */
void workload_change_definitions(int client, const struct run *run);

#endif
