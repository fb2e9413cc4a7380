/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A private certificate authority for one cluster, and the server certificate that it signs.
 * Only clients that use its ca.pem trust it; it is not added to the system's trust store.
 */
#ifndef DSQL_LOCAL_PKI_H
#define DSQL_LOCAL_PKI_H

#include <dsql.h>

#include <stdbool.h>
#include <stddef.h>

enum { PKI_CA_DAYS = 3650, PKI_SERVER_DAYS = 365, PKI_RENEW_DAYS = 30 };

struct pki_files {
    const char *ca; /* 0644 */
    const char *ca_key;
    const char *server_certificate;
    const char *server_key;
};

/* The host names that the server certificate is for, besides localhost and the loopback addresses.
 */
struct pki_names {
    const char *endpoint;
    const char *const *others; /* DNS names, and a NULL; or NULL */
};

enum { PKI_MAX_OTHER_NAMES = 16, PKI_NAME_MAX = 253 };

/**
 * True for a DNS name of letters, digits, '-' and '.'.  Another text must not be one of others,
 * because it goes into OpenSSL's configuration syntax.
 */
bool pki_is_name(const char *name);

/* What was created, or created again. */
struct pki_made {
    bool ca;
    bool server;
};

/**
 * Creates what is missing, damaged or expires within 30 days: a CA whose key and certificate do
 * not belong together, and a server certificate that does not fit its key, the CA or the names.
 */
dsql_status pki_ensure(const struct pki_files *files, const struct pki_names *names,
                       struct pki_made *made, dsql_error *err);

/** The endpoint that the server certificate is for; false unless the CA has signed it. */
bool pki_read_endpoint(const struct pki_files *files, char *out, size_t size);

/** True if the certificate exists and is valid for at least that many days more. */
bool pki_lasts(const char *certificate_file, int days);

#endif
