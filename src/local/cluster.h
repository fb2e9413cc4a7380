/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of a local cluster: the paths in it, the cluster's name, its owner and the
 * address and port of the last start.  Knows nothing of processes.
 *
 * DIR (0711)
 *   cluster.json  identifier, endpoint, region     ca.pem  for PGSSLROOTCERT (0644)
 *   state.json    the last start; it exists since the first complete one
 *   lock          held by the daemon while it runs
 *   daemon.log, postgres.log
 *   secret/ (0700)  ca.key server.key server.pem identities.json
 *   data/   (0700)  PostgreSQL's data directory    run/ (0700)  its Unix socket
 *   data.restored/  one that takes its place at the next start of PostgreSQL
 *   lib/    (0700)  the extension's module         initializing  a first start has not ended
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
    CLUSTER_IDENTIFIER_LEN = 26,
    CLUSTER_ADDRESS_SIZE = 46, /* INET6_ADDRSTRLEN */
    CLUSTER_PORT_SIZE = 8
};

#define CLUSTER_DEFAULT_ADDRESS "127.0.0.1"

#define CLUSTER_REGION "us-east-1"

/** The user who owns the files and runs the server. */
struct cluster_owner {
    uid_t uid;
    gid_t gid;
    bool is_other; /* the caller is root, and the owner another user */
    char name[64];
};

/**
 * A value without pointers, so it can be copied and survives fork().  Nothing in it changes after
 * cluster_open(), except the endpoint when the cluster is created.
 */
struct cluster {
    char dir[CLUSTER_PATH_SIZE];
    struct cluster_owner owner;
    char endpoint[CLUSTER_NAME_SIZE]; /* "" until the cluster is created */
    char settings[CLUSTER_PATH_SIZE], state[CLUSTER_PATH_SIZE], lock[CLUSTER_PATH_SIZE];
    char daemon_log[CLUSTER_PATH_SIZE], postgres_log[CLUSTER_PATH_SIZE];
    char ca[CLUSTER_PATH_SIZE];
    char secret[CLUSTER_PATH_SIZE], ca_key[CLUSTER_PATH_SIZE], server_key[CLUSTER_PATH_SIZE];
    char server_certificate[CLUSTER_PATH_SIZE], identities[CLUSTER_PATH_SIZE];
    char data[CLUSTER_PATH_SIZE], data_new[CLUSTER_PATH_SIZE];
    char data_restored[CLUSTER_PATH_SIZE], data_replaced[CLUSTER_PATH_SIZE];
    char run[CLUSTER_PATH_SIZE], socket[CLUSTER_PATH_SIZE];
    char server_port[CLUSTER_PORT_SIZE]; /* a part of the socket's name, and no TCP port */
    char lib[CLUSTER_PATH_SIZE];
    char postgres_found[CLUSTER_PATH_SIZE];
    bool is_foreground; /* in the daemon: logs go to standard error */
    char
        initializing[CLUSTER_PATH_SIZE]; /* the database is new and its init scripts have not run */
};

/** The paths and the owner.  Reads no file of the cluster, so it works for a damaged one too. */
dsql_status cluster_locate(struct cluster *cluster, const char *dir, dsql_error *err);
/** cluster_locate(), and cluster.json if it exists.  dir: --dir, or NULL. */
dsql_status cluster_open(struct cluster *cluster, const char *dir, dsql_error *err);

/** Reads the endpoint; "" if there is no cluster.json. */
dsql_status cluster_read_settings(struct cluster *cluster, dsql_error *err);
bool cluster_endpoint_is_valid(const char *endpoint);

/** True if a start has succeeded once: a part that is missing now has been lost since. */
bool cluster_has_been_complete(const struct cluster *cluster);

/** For appending; -1 with errno set. */
int cluster_open_postgres_log(const struct cluster *cluster);

/** Creates the subdirectories and, if it is missing, the name.  As the owner. */
dsql_status cluster_create(struct cluster *cluster, dsql_error *err);
/** Writes cluster.json again.  endpoint: a valid one. */
dsql_status cluster_restore_settings(struct cluster *cluster, const char *endpoint,
                                     dsql_error *err);

/** Whether only this machine reaches a numeric address. */
bool cluster_address_is_loopback(const char *address);
/** Where clients on this machine reach what listens on an address, or on "*". */
void cluster_address_to_reach(const char *listen, char out[CLUSTER_ADDRESS_SIZE]);
/** The numeric address that a TCP socket is bound to; false for another kind of socket. */
bool cluster_address_of_socket(int fd, char out[CLUSTER_ADDRESS_SIZE]);

enum { CLUSTER_PROBLEM_SIZE = 400 };

/** The last start, in state.json. */
struct cluster_state {
    pid_t pid;                          /* the daemon's */
    char address[CLUSTER_ADDRESS_SIZE]; /* numeric: where this machine reaches it */
    int port;                           /* 0: not known */
    char problem[CLUSTER_PROBLEM_SIZE]; /* what the daemon has to report now, or "" */
    int failures;                       /* how often in a row PostgreSQL has terminated */
    bool is_foreground;                 /* it logs to its standard error and not to files */
};

dsql_status cluster_write_state(const struct cluster *cluster, const struct cluster_state *state,
                                dsql_error *err);
/** False, and the defaults, if the file is missing or damaged. */
bool cluster_read_state(const struct cluster *cluster, struct cluster_state *state);
/** The port of the last start; 0 if it is not known. */
int cluster_last_port(const struct cluster *cluster);
/** The address of the last start; CLUSTER_DEFAULT_ADDRESS if it is not known. */
void cluster_last_address(const struct cluster *cluster, char out[CLUSTER_ADDRESS_SIZE]);

#endif
