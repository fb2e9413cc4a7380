/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server writes about itself: postmaster.pid, which pg_ctl reads as well, and the log.
 * Reading them never waits for the server.
 */
#ifndef DSQL_LOCAL_POSTMASTER_FILES_H
#define DSQL_LOCAL_POSTMASTER_FILES_H

#include "base/text.h"
#include "local/cluster.h"

#include <sys/types.h>

enum postmaster_status {
    POSTMASTER_STATUS_UNKNOWN,
    POSTMASTER_STATUS_STARTING,
    POSTMASTER_STATUS_READY
};

struct postmaster_pid {
    pid_t pid; /* 0: not known */
    enum postmaster_status status;
};

/** The content of postmaster.pid, whose later lines the server adds while it starts. */
struct postmaster_pid postmaster_pid_parse(struct text content);

/** Of the cluster's server; all zeros if there is no file. */
struct postmaster_pid postmaster_pid_read(const struct cluster *cluster);

void postmaster_pid_remove(const struct cluster *cluster);

enum { POSTMASTER_COMPLAINT_SIZE = 200 };

/** The words after the last FATAL or PANIC of a log, or of an error of initdb; or "". */
void postmaster_log_find_complaint(struct text log, char out[POSTMASTER_COMPLAINT_SIZE]);

off_t postmaster_log_size(const struct cluster *cluster);

/** Why the server has ended, in its own words.  from: the size of the log before it was started. */
void postmaster_log_complaint(const struct cluster *cluster, off_t from,
                              char out[POSTMASTER_COMPLAINT_SIZE]);

#endif
