/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration parameters that Aurora DSQL accepts from a client, in a StartupMessage or with
 * SET.  Source: AWS docs, "Supported configuration parameters".
 */
#ifndef DSQL_CONFIG_SERVICE_PARAMETERS_H
#define DSQL_CONFIG_SERVICE_PARAMETERS_H

#include "base/text.h"

enum service_parameter {
    SERVICE_PARAMETER_REFUSED,
    SERVICE_PARAMETER_POSTGRESQL, /* PostgreSQL has it too */
    SERVICE_PARAMETER_OWN         /* PostgreSQL would refuse it as unknown */
};

/** Names are not case-sensitive. */
enum service_parameter service_parameter_find(struct text name);

#endif
