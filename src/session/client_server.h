/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a server that belongs to one client for its whole life.  Its events go to the
 * handlers of the client's state.  A program whose server connections have a life of their own
 * does not use this.
 */
#ifndef DSQL_SESSION_CLIENT_SERVER_H
#define DSQL_SESSION_CLIENT_SERVER_H

#include "session/client.h"

/**
 * Changes to that state and starts connecting to a Unix socket; on_server_open or on_server_end
 * follows.
 */
void session_connect_unix(struct session_client *client, const char *path, int state);

#endif
