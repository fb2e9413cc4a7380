/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The agent of ECS, EKS Pod Identity or Greengrass beside the container. */
#ifndef DSQL_CREDENTIALS_CONTAINER_H
#define DSQL_CREDENTIALS_CONTAINER_H

#include "credentials/source.h"

/** As the source credentials_source_container, and for credential_source = EcsContainer. */
enum source_result container_fetch(const struct source_context *context,
                                   struct dsql_credentials *out, dsql_error *err);

#endif
