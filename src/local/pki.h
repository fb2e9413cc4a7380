/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A private certificate authority for one cluster, and the server's certificate
 * by it.  Nobody else is asked to trust it.
 */
#ifndef DSQL_LOCAL_PKI_H
#define DSQL_LOCAL_PKI_H

#include <dsql.h>

#include <stdbool.h>

enum { PKI_CA_DAYS = 3650, PKI_SERVER_DAYS = 365, PKI_RENEW_DAYS = 30 };

struct pki_files {
    const char *ca; /* 0644 */
    const char *ca_key;
    const char *server_certificate;
    const char *server_key;
};

/** Makes what is missing or ends within 30 days; *is_new says whether anything was. */
dsql_status pki_ensure(const struct pki_files *files, const char *endpoint, bool *is_new,
                       dsql_error *err);

/** Is there a certificate that lasts that many days more? */
bool pki_lasts(const char *certificate_file, int days);

#endif
