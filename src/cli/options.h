/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Every option of every command, in one table (options.c), so that an option has one name
 * and one text wherever it appears.  A command lists those that it has.
 */
#ifndef DSQL_CLI_OPTIONS_H
#define DSQL_CLI_OPTIONS_H

#include "cli/command_table.h"

/* Which cluster, and as whom. */
extern const struct command_option option_host;
extern const struct command_option option_port;
extern const struct command_option option_user;
extern const struct command_option option_region;
extern const struct command_option option_profile;

extern const struct command_option option_expires_in;
extern const struct command_option option_output;
extern const struct command_option option_token_output;
extern const struct command_option option_url_env;
extern const struct command_option option_version;
/** In no command's list, because every command has it and none reads it. */
extern const struct command_option option_help;

/* Of a local cluster. */
extern const struct command_option option_dir;
extern const struct command_option option_pg_bindir;
extern const struct command_option option_extension_dir;
extern const struct command_option option_listen_port;
extern const struct command_option option_listen;
extern const struct command_option option_foreground;
extern const struct command_option option_endpoint;
extern const struct command_option option_server_names;
extern const struct command_option option_access_key;
extern const struct command_option option_secret_file;
extern const struct command_option option_init_dir;
extern const struct command_option option_inject_conflicts;
extern const struct command_option option_inject_seed;
extern const struct command_option option_env_user;
extern const struct command_option option_hosts;
extern const struct command_option option_arn;

/* Of a proxy: on the command line, in the environment and in its configuration file. */
extern const struct command_option option_config;
extern const struct command_option option_pool_mode;
extern const struct command_option option_proxy_listen;
extern const struct command_option option_socket_dir;
extern const struct command_option option_socket_users;
extern const struct command_option option_auth;
extern const struct command_option option_password_file;
extern const struct command_option option_tls_cert;
extern const struct command_option option_tls_key;
extern const struct command_option option_http;
extern const struct command_option option_drain;
extern const struct command_option option_retries;
extern const struct command_option option_strict;
extern const struct command_option option_for;
extern const struct command_option option_max_clients;
extern const struct command_option option_lifetime;
extern const struct command_option option_log_format;
extern const struct command_option option_state_dir;
extern const struct command_option option_proxy_port;
extern const struct command_option option_wait_timeout;
extern const struct command_option option_tcp;

#endif
