/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * authentication.c
 *	  A client has logged in, or was rejected.
 */
#include "postgres.h"

/* Port has the same layout without it, and gssapi.h may not be installed. */
#undef ENABLE_GSS

#include "dialect/session.h"
#include "dialect/settings.h"
#include "hooks/install.h"
#include "libpq/auth.h"
#include "libpq/libpq-be.h"

static ClientAuthentication_hook_type prev_ClientAuthentication = NULL;

static void
client_authentication(Port *port, int status)
{
	if (prev_ClientAuthentication)
		prev_ClientAuthentication(port, status);
	if (status != STATUS_OK)
		return;
	dialect_session_begin(port->user_name);
	if (dialect_applies())
		dialect_settings_begin_session();
}

void
hooks_install_authentication(void)
{
	prev_ClientAuthentication = ClientAuthentication_hook;
	ClientAuthentication_hook = client_authentication;
}
