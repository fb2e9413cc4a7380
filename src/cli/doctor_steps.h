/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a connection as dsql doctor takes them, each with a verdict and a remedy.
 * probe.h goes down the network one layer at a time; the steps after it use libdsql itself,
 * so that the doctor finds what a program would find.
 */
#ifndef DSQL_CLI_DOCTOR_STEPS_H
#define DSQL_CLI_DOCTOR_STEPS_H

#include "cli/probe.h"

#include <dsql.h>

/**
 * WARNING: the connection works, but may soon not.  SKIPPED: not looked at, so nothing is known.
 */
enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_FAILED, VERDICT_SKIPPED };

struct finding {
    enum verdict verdict;
    char detail[DSQL_ERROR_MESSAGE_SIZE];
    const char *remedy; /* NULL if there is nothing to do */
};

/** What one step finds and another needs. */
struct diagnosis {
    dsql_options options;
    dsql_credentials_provider *provider; /* NULL if no credentials were found */
    dsql_params *params;                 /* NULL before the endpoint is known */
    struct probe_addresses addresses;
    int socket; /* -1 if there is none */
    PGconn *conn;
};

void diagnosis_init(struct diagnosis *diagnosis);
void diagnosis_clear(struct diagnosis *diagnosis);

/** In the order of their exit statuses. */
enum {
    STEP_CREDENTIALS,
    STEP_ENDPOINT,
    STEP_DNS,
    STEP_TCP,
    STEP_TLS,
    STEP_CLOCK,
    STEP_TOKEN,
    STEP_LOGIN,
    STEP_QUERY,
    DOCTOR_STEPS
};

struct doctor_step {
    const char *name;
    void (*check)(struct diagnosis *diagnosis, struct finding *finding);
    unsigned needs; /* a set of 1U << step: without these it is pointless */
};

extern const struct doctor_step doctor_steps[DOCTOR_STEPS];

#endif
