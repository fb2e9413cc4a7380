/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A private certificate authority for one cluster, and the server certificate that it signs.
 * Only clients that use its ca.pem trust it; it is not added to the system's trust store.
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

/**
 * Creates what is missing or expires within 30 days, and a server certificate that does not fit its
 * key or the endpoint.  *is_new: whether anything was created.
 */
dsql_status pki_ensure(const struct pki_files *files, const char *endpoint, bool *is_new,
                       dsql_error *err);

/** True if the certificate exists and is valid for at least that many days more. */
bool pki_lasts(const char *certificate_file, int days);

#endif
