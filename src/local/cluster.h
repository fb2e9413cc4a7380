/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a local cluster keeps its things, what it is called, whose it is and
 * whether it runs.  Starts and stops nothing.
 *
 * DIR (0711)
 *   cluster.json  identifier, endpoint, region     ca.pem  for PGSSLROOTCERT (0644)
 *   state.json    pid and port of the last start   lock    held by the daemon while it runs
 *   daemon.log, postgres.log
 *   secret/ (0700)  ca.key server.key server.pem identities.json
 *   data/   (0700)  PostgreSQL's                   run/ (0700)  its Unix socket
 *   lib/    (0700)  the extension's module
 */
#ifndef DSQL_LOCAL_CLUSTER_H
#define DSQL_LOCAL_CLUSTER_H

#include <dsql.h>

#include <stdbool.h>
#include <sys/types.h>

enum {
    CLUSTER_SOCKET_PATH_MAX = 107, /* sun_path without its NUL: unix(7) */
    CLUSTER_PATH_SIZE = 160,
    CLUSTER_NAME_SIZE = 128,
    CLUSTER_IDENTIFIER_LEN = 26
};

#define CLUSTER_REGION "us-east-1"

/** The account that owns the files and runs the server. */
struct cluster_owner {
    uid_t uid;
    gid_t gid;
    bool is_other; /* we are root, and it is somebody else */
    char name[64];
};

struct cluster {
    char dir[CLUSTER_PATH_SIZE];
    struct cluster_owner owner;
    char endpoint[CLUSTER_NAME_SIZE]; /* "" until initialised */
    char settings[CLUSTER_PATH_SIZE], state[CLUSTER_PATH_SIZE], lock[CLUSTER_PATH_SIZE];
    char daemon_log[CLUSTER_PATH_SIZE], postgres_log[CLUSTER_PATH_SIZE];
    char ca[CLUSTER_PATH_SIZE];
    char secret[CLUSTER_PATH_SIZE], ca_key[CLUSTER_PATH_SIZE], server_key[CLUSTER_PATH_SIZE];
    char server_certificate[CLUSTER_PATH_SIZE], identities[CLUSTER_PATH_SIZE];
    char data[CLUSTER_PATH_SIZE], data_new[CLUSTER_PATH_SIZE];
    char run[CLUSTER_PATH_SIZE], socket[CLUSTER_PATH_SIZE];
    char lib[CLUSTER_PATH_SIZE];
};

/** Computes the paths; reads cluster.json when there is one.  dir NULL: the default. */
dsql_status cluster_open(struct cluster *cluster, const char *dir, dsql_error *err);

/** For appending; -1 with errno set. */
int cluster_open_postgres_log(const struct cluster *cluster);

bool cluster_is_initialised(const struct cluster *cluster);

/** Makes the folder and gives it to its owner; refuses one with foreign content. */
dsql_status cluster_prepare(const struct cluster *cluster, dsql_error *err);

/** Makes the sub-folders and, where missing, the name.  As the owner. */
dsql_status cluster_create(struct cluster *cluster, dsql_error *err);

/** Becomes the owner for good; nothing happens when it already is. */
dsql_status cluster_become_owner(const struct cluster *cluster, dsql_error *err);

/** Takes the lock for the life of the process; DSQL_ERR_USAGE when another one has it. */
dsql_status cluster_take_lock(const struct cluster *cluster, dsql_error *err);

/** Who holds the lock; 0 for nobody. */
pid_t cluster_running_pid(const struct cluster *cluster);

dsql_status cluster_write_state(const struct cluster *cluster, pid_t pid, int port,
                                dsql_error *err);
/** 0: not known. */
int cluster_last_port(const struct cluster *cluster);

#endif
