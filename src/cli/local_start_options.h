/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `dsql local start`, from the command line and the variables DSQL_LOCAL_...  A
 * container is often given variables only.  All values are checked and copied, because the daemon
 * wipes the environment.
 */
#ifndef DSQL_CLI_LOCAL_START_OPTIONS_H
#define DSQL_CLI_LOCAL_START_OPTIONS_H

#include "cli/command.h"
#include "cli/local_injection.h"
#include "local/identity.h"
#include "local/pki.h"
#include "local/start_options.h"

#include <limits.h>

/** options points into the rest, so it must not be copied. */
struct local_start_options {
    struct start_options options;
    struct local_injection injection;
    char listen[CLUSTER_ADDRESS_SIZE];
    char endpoint[CLUSTER_NAME_SIZE];
    char names[PKI_MAX_OTHER_NAMES][PKI_NAME_MAX + 1];
    const char *name_list[PKI_MAX_OTHER_NAMES + 1];
    char access_key[IDENTITY_KEY_ID_SIZE];
    char init_dir[PATH_MAX];
    struct secret secret;
};

/**
 * EXIT_DONE, or the exit status after an error that was printed.  --foreground allows more
 * addresses.  The caller clears it in both cases.
 */
int local_start_options_read(const struct command_line *line, struct local_start_options *out);
void local_start_options_clear(struct local_start_options *options);

#endif
