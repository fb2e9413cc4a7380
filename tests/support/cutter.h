/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay in front of the throw-away PostgreSQL that cuts a connection at a chosen message:
 * before the server gets it, or after the server has answered it and before the client hears.
 */
#ifndef TEST_SUPPORT_CUTTER_H
#define TEST_SUPPORT_CUTTER_H

enum cut { CUT_BEFORE, CUT_AFTER };

/** Starts the relay if need be. */
const char *cutter_conninfo(void);

/** The next so many messages of clients that contain the text are cut; 0: none any more. */
void cutter_arm(const char *text, enum cut where, int times);

/** How many were cut since it was armed. */
int cutter_cuts(void);

#endif
