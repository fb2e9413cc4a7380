/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.c
 *	  Installs every hook.
 */
#include "postgres.h"

#include "hooks/hooks.h"
#include "hooks/install.h"

void
hooks_install(void)
{
	hooks_install_shmem();
	hooks_install_authentication();
	hooks_install_analyze();
	hooks_install_planner();
	hooks_install_executor();
	hooks_install_utility();
	hooks_install_xact();
	hooks_install_log();
	hooks_install_object_access();
}
