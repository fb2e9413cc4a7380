/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
#include "cli/local_start_options.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/local_cluster.h"
#include "gateway/gateway_options.h"
#include "local/file.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_FILE_MAX = 4096 };

/* An empty variable is as good as none: `VARIABLE=` is how compose files leave one out. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static const char *choose(const struct command_line *line, const char *option, const char *name)
{
    const char *value = command_value(line, option);
    return value == NULL ? variable(name) : value;
}

/* ---- Where it listens ---- */

/*
 * A cluster is not open to other machines unless it is a service, for which somebody has decided
 * who reaches its network.
 */
static bool is_allowed_address(const char *address, bool is_foreground)
{
    struct in_addr v4;
    struct in6_addr v6;
    bool is_v4 = inet_pton(AF_INET, address, &v4) == 1;
    if (!is_foreground) {
        return is_v4 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return is_v4 || inet_pton(AF_INET6, address, &v6) == 1 ||
           strcmp(address, GATEWAY_EVERY_ADDRESS) == 0;
}

static bool read_listen(const struct command_line *line, struct local_start_options *out)
{
    const char *address = choose(line, "listen", "DSQL_LOCAL_LISTEN");
    bool is_foreground = command_has(line, "foreground");
    if (address == NULL) {
        return true;
    }
    out->options.listen_address = out->listen;
    if (is_allowed_address(address, is_foreground) &&
        text_copy(text_of(address), out->listen, sizeof out->listen)) {
        return true;
    }
    command_usage(line->command,
                  is_foreground ? "--listen must be a numeric address, or '*'"
                                : "--listen must be an address from 127.0.0.1 to 127.255.255.254; "
                                  "other addresses need --foreground");
    return false;
}

/* ---- Its names ---- */

static bool read_endpoint(const struct command_line *line, struct local_start_options *out)
{
    const char *endpoint = choose(line, "endpoint", "DSQL_LOCAL_ENDPOINT");
    if (endpoint == NULL) {
        return true;
    }
    out->options.endpoint = out->endpoint;
    if (cluster_endpoint_is_valid(endpoint) &&
        text_copy(text_of(endpoint), out->endpoint, sizeof out->endpoint)) {
        return true;
    }
    command_usage(line->command,
                  "--endpoint must be 26 lower-case letters or digits and .dsql." CLUSTER_REGION
                  ".on.aws");
    return false;
}

/* The list ends with NULL, as the struct begins as zeros. */
static bool add_name(struct local_start_options *out, int *count, struct text name)
{
    if (*count == PKI_MAX_OTHER_NAMES || !text_copy(name, out->names[*count], PKI_NAME_MAX + 1) ||
        !pki_is_name(out->names[*count])) {
        return false;
    }
    out->name_list[*count] = out->names[*count];
    ++*count;
    return true;
}

static bool read_names(const struct command_line *line, struct local_start_options *out)
{
    const char *list = choose(line, "server-names", "DSQL_LOCAL_SERVER_NAMES");
    struct text rest = text_of(list);
    struct text name = text_of(NULL);
    int count = 0;
    bool ok = true;
    out->options.server_names = out->name_list;
    while (ok && text_cut(rest, ',', &name, &rest)) {
        ok = add_name(out, &count, name);
        list = rest.data;
    }
    ok = ok && (list == NULL || add_name(out, &count, text_of(list)));
    if (!ok) {
        command_usage(line->command,
                      "--server-names must be host names (letters, digits, '-' and '.'), separated "
                      "by commas; at most %d",
                      PKI_MAX_OTHER_NAMES);
    }
    return ok;
}

/* ---- Its key ---- */

/* A line break at the end belongs to the file and not to the key. */
static dsql_status read_secret_file(const char *path, struct secret *out, dsql_error *err)
{
    struct buf content AUTO_BUF;
    buf_init_secret(&content, SECRET_FILE_MAX);
    dsql_status status = file_read(path, &content, err);
    if (status != DSQL_OK) {
        return status;
    }
    struct text key = text_trim_end(buf_text(&content));
    return secret_set(out, key.data, key.len) ? DSQL_OK : fail_nomem(err);
}

static dsql_status read_secret(const struct command_line *line, struct local_start_options *out,
                               dsql_error *err)
{
    const char *value = variable("DSQL_LOCAL_SECRET");
    const char *file = choose(line, "secret-file", "DSQL_LOCAL_SECRET_FILE");
    if (value != NULL && file != NULL) {
        return fail(err, DSQL_ERR_USAGE,
                    "the secret access key is given twice: in DSQL_LOCAL_SECRET and in the file "
                    "\"%s\". Remove one of them",
                    file);
    }
    if (file != NULL) {
        return read_secret_file(file, &out->secret, err);
    }
    return secret_set_string(&out->secret, value) ? DSQL_OK : fail_nomem(err);
}

static dsql_status check_key(const struct local_start_options *out, dsql_error *err)
{
    if (!identity_is_key_id(out->access_key)) {
        return fail(err, DSQL_ERR_USAGE,
                    "invalid access key id: it must have 1 to %d letters, digits or underscores",
                    IDENTITY_KEY_ID_SIZE - 1);
    }
    if (!identity_is_secret(&out->secret)) {
        return fail(err, DSQL_ERR_USAGE,
                    "invalid secret access key: it must have %d to %d printable ASCII characters "
                    "without spaces",
                    IDENTITY_SECRET_MIN, IDENTITY_SECRET_MAX);
    }
    return DSQL_OK;
}

static dsql_status read_key(const struct command_line *line, struct local_start_options *out,
                            dsql_error *err)
{
    const char *access_key = choose(line, "access-key", "DSQL_LOCAL_ACCESS_KEY");
    dsql_status status = read_secret(line, out, err);
    if (status != DSQL_OK || (access_key == NULL && secret_is_empty(&out->secret))) {
        bool is_alone = choose(line, "secret-file", "DSQL_LOCAL_SECRET_FILE") != NULL;
        return status != DSQL_OK || !is_alone
                   ? status
                   : fail(err, DSQL_ERR_USAGE, "the file of the secret access key is empty");
    }
    if (access_key == NULL || secret_is_empty(&out->secret)) {
        return fail(err, DSQL_ERR_USAGE,
                    "an access key needs both parts: --access-key (DSQL_LOCAL_ACCESS_KEY) and "
                    "--secret-file (DSQL_LOCAL_SECRET_FILE or DSQL_LOCAL_SECRET)");
    }
    if (!text_copy(text_of(access_key), out->access_key, sizeof out->access_key)) {
        out->access_key[0] = '\0'; /* too long, which check_key() reports */
    }
    out->options.access_key = out->access_key;
    out->options.secret = &out->secret;
    return check_key(out, err);
}

/* ---- All of them ---- */

/* Absolute, because the daemon changes its directory. */
static dsql_status read_init_dir(const struct command_line *line, struct local_start_options *out,
                                 dsql_error *err)
{
    const char *dir = choose(line, "init-dir", "DSQL_LOCAL_INIT_DIR");
    if (dir == NULL) {
        return DSQL_OK;
    }
    out->options.init_dir = out->init_dir;
    return realpath(dir, out->init_dir) != NULL
               ? DSQL_OK
               : fail_errno(err, DSQL_ERR_SYSTEM,
                            "could not open the directory of init scripts "
                            "\"%s\"",
                            dir);
}

int local_start_options_read(const struct command_line *line, struct local_start_options *out)
{
    dsql_error err = {0};
    *out = (struct local_start_options){0};
    out->options.port = START_PORT_DEFAULT;
    if (!command_number(line, "port", 0, 65535, &out->options.port) || !read_listen(line, out) ||
        !read_endpoint(line, out) || !read_names(line, out) ||
        !local_injection_read(line, &out->injection)) {
        return EXIT_USAGE;
    }
    if (read_key(line, out, &err) != DSQL_OK || read_init_dir(line, out, &err) != DSQL_OK) {
        return cli_fail(&err);
    }
    out->options.pg_bindir = command_value(line, "pg-bindir");
    out->options.extension_dir = command_value(line, "extension-dir");
    out->options.settings = out->injection.settings;
    out->options.progress = local_print_progress;
    return EXIT_DONE;
}

void local_start_options_clear(struct local_start_options *options)
{
    secret_clear(&options->secret);
}
