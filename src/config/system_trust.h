/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of CA certificates that the operating system keeps.  libpq before 16 does not know
 * sslrootcert=system, and most drivers that are not libpq need a file too.
 */
#ifndef DSQL_CONFIG_SYSTEM_TRUST_H
#define DSQL_CONFIG_SYSTEM_TRUST_H

/** The value of sslrootcert that stands for the certificates that OpenSSL trusts. */
#define SYSTEM_TRUST "system"

/** The first of the known places that can be read; NULL if there is none. */
const char *system_trust_file(void);

#endif
