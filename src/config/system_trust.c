/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The distributions keep the same certificates in different places.  The first file that can be
 * read is used; none of them is parsed here.
 */
#include "config/system_trust.h"

#include <stddef.h>
#include <unistd.h>

static const char *const system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Alpine, Arch */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL, Amazon Linux 2023 */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* older RHEL, Amazon Linux 2 */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",                                 /* BSDs, macOS */
};

const char *system_trust_file(void)
{
    for (size_t i = 0; i < sizeof system_bundles / sizeof system_bundles[0]; i++) {
        if (access(system_bundles[i], R_OK) == 0) {
            return system_bundles[i];
        }
    }
    return NULL;
}
