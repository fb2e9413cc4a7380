/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * privileges.c
 *	  Which roles may see and set what concerns the whole cluster.
 */
#include "postgres.h"

#include "base/settings.h"
#include "miscadmin.h"
#include "sys/privileges.h"
#include "utils/acl.h"

bool
privileges_is_admin(void)
{
	Oid admin;

	if (superuser())
		return true;
	admin = get_role_oid(DSQL_ADMIN_ROLE, true);
	return OidIsValid(admin) && has_privs_of_role(GetUserId(), admin);
}
