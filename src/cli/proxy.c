/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* The table of `dsql proxy`: its options, its commands and their help. */
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/proxy_commands.h"

static const struct command_option *const proxy_status_options[] = {&option_output, NULL};
static const struct command_option *const proxy_wait_options[] = {&option_wait_timeout, NULL};
static const struct command_option *const proxy_env_options[] = {&option_tcp, &option_token_output,
                                                                 NULL};
/* Which proxy. */
static const struct command_option *const proxy_control_options[] = {&option_proxy_port,
                                                                     &option_state_dir, NULL};

const struct command_option *const proxy_options[] = {&option_config,
                                                      &option_pool_mode,
                                                      &option_proxy_listen,
                                                      &option_socket_dir,
                                                      &option_socket_users,
                                                      &option_auth,
                                                      &option_password_file,
                                                      &option_tls_cert,
                                                      &option_tls_key,
                                                      &option_http,
                                                      &option_drain,
                                                      &option_retries,
                                                      &option_strict,
                                                      &option_for,
                                                      &option_max_clients,
                                                      &option_lifetime,
                                                      &option_log_format,
                                                      &option_state_dir,
                                                      NULL};

const struct command proxy_commands[] = {
    {.name = "status",
     .summary = "Print what the running proxies serve; exit status 1 if there is none",
     .options = proxy_status_options,
     .shared_options = proxy_control_options,
     .run = proxy_status_run},
    {.name = "wait",
     .summary = "Wait until the running proxies accept clients",
     .options = proxy_wait_options,
     .shared_options = proxy_control_options,
     .run = proxy_wait_run},
    {.name = "env",
     .summary = "Print the shell commands that lead clients to the proxy",
     .options = proxy_env_options,
     .shared_options = proxy_control_options,
     .run = proxy_env_run},
    {0},
};
