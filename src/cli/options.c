/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

/*
 * Name, letter, what --help calls the value, its choices, and the help text: imperative, with the
 * default and the unit.  --help breaks the texts into lines.  Letters are psql's.
 */
/* clang-format off */
#define OPTION const struct command_option

OPTION option_host = {"host", 'h', "HOST", NULL,
    "connect to this endpoint or cluster id (default: CLUSTER_ENDPOINT, then PGHOST)"};
OPTION option_port = {"port", 'p', "PORT", NULL,
    "connect to this port (default: PGPORT, then 5432)"};
OPTION option_user = {"user", 'U', "ROLE", NULL,
    "log in as this database role (default: CLUSTER_USER if CLUSTER_ENDPOINT is used, then "
    "PGUSER, then admin)"};
OPTION option_region = {"region", 0, "REGION", NULL,
    "use this AWS region (default: the one in the host name, then AWS_REGION, then the "
    "profile's)"};
OPTION option_profile = {"profile", 0, "NAME", NULL,
    "use this AWS profile (default: AWS_PROFILE)"};

OPTION option_expires_in = {"expires-in", 0, "SECONDS", NULL,
    "let the token expire after this many seconds, 1 to 604800 (default: 900)"};
OPTION option_output = {"output", 0, "FORMAT", "text json",
    "print text or json (default: text)"};
OPTION option_token_output = {"output", 0, "FORMAT", "text json url",
    "print text, json or url: a postgresql:// URL with what a login needs (default: text)"};
OPTION option_url_env = {"url-env", 0, "NAME", NULL,
    "also set this variable, such as DATABASE_URL, to a postgresql:// URL with the token in it "
    "(default: none)"};
OPTION option_help = {"help", 0, NULL, NULL,
    "print this help and exit"};
OPTION option_version = {"version", 'V', NULL, NULL,
    "print the versions of dsql, libpq and OpenSSL"};

OPTION option_dir = {"dir", 0, "DIR", NULL,
    "use the cluster in this directory (default: dsql/local in XDG_DATA_HOME or ~/.local/share)"};
OPTION option_pg_bindir = {"pg-bindir", 0, "DIR", NULL,
    "use PostgreSQL's programs in this directory (default: those that dsql_local was built for)"};
OPTION option_extension_dir = {"extension-dir", 0, "DIR", NULL,
    "use the dsql_local.so in this directory (default: the one built or installed with dsql)"};
OPTION option_listen_port = {"port", 'p', "PORT", NULL,
    "listen on this port, or on any free one if it is 0 (default: the last one, or a "
    "free one from 5432 on)"};
OPTION option_listen = {"listen", 0, "ADDRESS", NULL,
    "listen on port 5432 of this loopback address, such as 127.0.0.2; with --foreground, of any "
    "address (default: DSQL_LOCAL_LISTEN, then that of the last start, then 127.0.0.1 and ::1)"};
OPTION option_foreground = {"foreground", 0, NULL, NULL,
    "run in the foreground and log to standard error, for containers and service managers"};
OPTION option_endpoint = {"endpoint", 0, "HOST", NULL,
    "give a new cluster this endpoint (default: DSQL_LOCAL_ENDPOINT, then a random one)"};
OPTION option_server_names = {"server-names", 0, "NAMES", NULL,
    "accept these host names, separated by commas, besides the endpoint and localhost (default: "
    "DSQL_LOCAL_SERVER_NAMES, then none)"};
OPTION option_access_key = {"access-key", 0, "ID", NULL,
    "let the local identity have this access key id (default: DSQL_LOCAL_ACCESS_KEY, then the one "
    "that it has)"};
OPTION option_secret_file = {"secret-file", 0, "FILE", NULL,
    "read the secret access key for --access-key from this file (default: DSQL_LOCAL_SECRET_FILE; "
    "or the key itself in DSQL_LOCAL_SECRET)"};
OPTION option_init_dir = {"init-dir", 0, "DIR", NULL,
    "run the .sql files in this directory as admin when the database has been created (default: "
    "DSQL_LOCAL_INIT_DIR, then none)"};
OPTION option_inject_conflicts = {"inject-conflicts", 0, "FRACTION", NULL,
    "make this fraction of commits fail with OC000, from 0 to 1 (default: 0)"};
OPTION option_inject_seed = {"inject-seed", 0, "N", NULL,
    "use a seed that makes the injected conflicts repeatable (default: a new one at each start)"};
OPTION option_env_user = {"user", 'U', "ROLE", NULL,
    "set CLUSTER_USER to this role (default: admin)"};
OPTION option_hosts = {"hosts", 0, NULL, NULL,
    "print the line for /etc/hosts instead"};
OPTION option_arn = {"arn", 0, "ARN", NULL,
    "use this IAM identity (default: the local identity)"};

OPTION option_config = {"config", 0, "FILE", NULL,
    "read clusters and options from this file; each line has the name of an option without dashes, "
    "and its value (default: none)"};
OPTION option_pool_mode = {"pool-mode", 0, "MODE", "session transaction",
    "lend a server connection for a session, or for each transaction (default: session)"};
OPTION option_proxy_listen = {"listen", 0, "ADDRESS", NULL,
    "accept TCP connections on this numeric address, or 'none'; one that is not loopback needs "
    "--tls-cert (default: 127.0.0.1)"};
OPTION option_socket_dir = {"socket-dir", 0, "DIR", NULL,
    "create Unix sockets in this directory, or 'none' (default: dsql in XDG_RUNTIME_DIR, or run in "
    "the state directory)"};
OPTION option_socket_users = {"socket-users", 0, "USERS", NULL,
    "let these users of the system, separated by commas, use the Unix sockets too (default: none)"};
OPTION option_auth = {"auth", 0, "METHOD", "scram trust",
    "ask TCP clients for a password, or trust everybody who can reach a loopback address (default: "
    "scram)"};
OPTION option_password_file = {"password-file", 0, "FILE", NULL,
    "read users and passwords from this file, in the format of pgbouncer's userlist.txt (default: "
    "one password for all users, made at the first start)"};
OPTION option_tls_cert = {"tls-cert", 0, "FILE", NULL,
    "offer TLS to clients, with this certificate in PEM (default: no TLS)"};
OPTION option_tls_key = {"tls-key", 0, "FILE", NULL,
    "use this private key in PEM with --tls-cert (default: none)"};
OPTION option_http = {"http", 0, "[ADDRESS:]PORT", NULL,
    "serve /startup, /readiness, /liveness and /metrics there (default: not at all; address: "
    "127.0.0.1)"};
OPTION option_drain = {"drain", 0, "SECONDS", NULL,
    "after SIGTERM, let transactions run for this long, 0 to 3600 (default: 30)"};
OPTION option_retries = {"retries", 0, "N", NULL,
    "run a single statement that fails with a conflict again, up to this often, 0 to 100 "
    "(default: 7)"};
OPTION option_strict = {"strict", 0, NULL, NULL,
    "pass startup parameters that the service refuses on, instead of leaving them out"};
OPTION option_for = {"for", 0, "PROGRAM", "pg_dump",
    "answer the statements of pg_dump that the service refuses, whatever a client calls itself "
    "(default: only clients with the application_name pg_dump or pg_restore)"};
OPTION option_max_clients = {"max-clients", 0, "N", NULL,
    "accept at most this many clients, 1 to 100000 (default: 10000)"};
OPTION option_lifetime = {"lifetime", 0, "SECONDS", NULL,
    "replace server connections after this long, 1 to 3540 (default: 3300)"};
OPTION option_log_format = {"log-format", 0, "FORMAT", "text json",
    "write the log, which goes to standard error, as text or as json (default: text)"};
OPTION option_state_dir = {"state-dir", 0, "DIR", NULL,
    "keep the password and the control socket in this directory (default: dsql/proxy in "
    "XDG_STATE_HOME or ~/.local/state)"};
OPTION option_proxy_port = {"port", 'p', "PORT", NULL,
    "use the proxy that offers a cluster on this port (default: the only one that runs)"};
OPTION option_wait_timeout = {"timeout", 0, "SECONDS", NULL,
    "give up after this long, 0 to 86400 (default: 60)"};
OPTION option_tcp = {"tcp", 0, NULL, NULL,
    "print the login for TCP, for drivers that do not know Unix sockets"};
/* clang-format on */
