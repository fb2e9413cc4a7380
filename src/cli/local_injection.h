/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* --inject-conflicts and --inject-seed, as settings of the extension. */
#ifndef DSQL_CLI_LOCAL_INJECTION_H
#define DSQL_CLI_LOCAL_INJECTION_H

#include "cli/command.h"

/** settings points into the struct, so it must not be copied. */
struct local_injection {
    char share[64];
    char seed[64];
    const char *settings[3]; /* for start_options, with a NULL at the end */
};

/** False: an option is not valid, and the error has been printed. */
bool local_injection_read(const struct command_line *line, struct local_injection *injection);

#endif
