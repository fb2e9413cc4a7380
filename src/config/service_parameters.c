/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of what is accepted, not of what is refused: a parameter that a later version of
 * PostgreSQL adds is refused until someone decides.
 */
#include "config/service_parameters.h"

struct known {
    const char *name;
    enum service_parameter is;
};

static const struct known known_parameters[] = {
    {"application_name", SERVICE_PARAMETER_POSTGRESQL},
    {"client_encoding", SERVICE_PARAMETER_POSTGRESQL},
    {"datestyle", SERVICE_PARAMETER_POSTGRESQL},
    {"extra_float_digits", SERVICE_PARAMETER_POSTGRESQL},
    {"intervalstyle", SERVICE_PARAMETER_POSTGRESQL},
    {"timezone", SERVICE_PARAMETER_POSTGRESQL},
    {"search_path", SERVICE_PARAMETER_POSTGRESQL},
    {"enable_bitmapscan", SERVICE_PARAMETER_POSTGRESQL},
    {"enable_hashjoin", SERVICE_PARAMETER_POSTGRESQL},
    {"enable_indexonlyscan", SERVICE_PARAMETER_POSTGRESQL},
    {"enable_indexscan", SERVICE_PARAMETER_POSTGRESQL},
    {"enable_material", SERVICE_PARAMETER_POSTGRESQL},
    {"enable_mergejoin", SERVICE_PARAMETER_POSTGRESQL},
    {"enable_nestloop", SERVICE_PARAMETER_POSTGRESQL},
    {"enable_seqscan", SERVICE_PARAMETER_POSTGRESQL},
    {"dsql.enable_batched_nestloop", SERVICE_PARAMETER_OWN},
    {"disable_sync_create_index", SERVICE_PARAMETER_OWN},
};

/* PostgreSQL: guc_name_compare. */
enum service_parameter service_parameter_find(struct text name)
{
    for (size_t i = 0; i < sizeof known_parameters / sizeof known_parameters[0]; i++) {
        if (text_equal_nocase(name, text_of(known_parameters[i].name))) {
            return known_parameters[i].is;
        }
    }
    return SERVICE_PARAMETER_REFUSED;
}
