/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay in front of the temporary PostgreSQL that closes a connection at a chosen message:
 * before the server receives the message, or after the server has answered and before the client
 * receives the answer.  Or it stays open and silent: nothing more is read from either side.
 */
#ifndef TEST_SUPPORT_CUTTER_H
#define TEST_SUPPORT_CUTTER_H

enum cut { CUT_BEFORE, CUT_AFTER, CUT_SILENT };

/** The connection string of the relay, which is started by the first call. */
const char *cutter_conninfo(void);

/** Cuts at the next messages from clients that contain the text, as many as times.  0: stops. */
void cutter_arm(const char *text, enum cut where, int times);

/** The number of connections cut since cutter_arm(). */
int cutter_cuts(void);

#endif
