/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Two steps: find the text of each option and where it comes from, then check what it says.  All
 * that the options forbid together is in check_together().  A value is not repeated in an error,
 * because it may be a password that was written in the wrong place.
 */
#include "cli/proxy_settings.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/options.h"
#include "cli/proxy_config.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

enum {
    WHERE_SIZE = 320,
    NAME_SIZE = 64,
    DRAIN_MAX = 3600,
    RETRIES_MAX = 100,
    CLIENTS_MAX = 100000,
    LIFETIME_MAX = 3540,
    CONFIG_LINES_MAX = 1024
};

#define NONE "none"

/* The text of an option, and what to call the place where it was found. */
struct found {
    const char *value; /* NULL: nowhere */
    char where[WHERE_SIZE];
};

/* A line of the configuration file. */
struct config_entry {
    char *name;
    char *value;
    int line;
};

struct reading {
    const struct proxy_sources *sources;
    struct proxy_settings *settings;
    const char *config_path;
    struct config_entry entries[CONFIG_LINES_MAX];
    size_t entry_count;
    dsql_error *err;
};

/* ---- The configuration file ---- */

static const struct command_option *const file_options[] = {
    &option_pool_mode, &option_proxy_listen,  &option_socket_dir, &option_socket_users,
    &option_auth,      &option_password_file, &option_tls_cert,   &option_tls_key,
    &option_http,      &option_drain,         &option_retries,    &option_strict,
    &option_for,       &option_max_clients,   &option_lifetime,   &option_log_format,
    &option_state_dir,
};

#define CLUSTER "cluster"

static bool is_known(struct text name)
{
    for (size_t i = 0; i < sizeof file_options / sizeof file_options[0]; i++) {
        if (text_equal_string(name, file_options[i]->name)) {
            return true;
        }
    }
    return text_equal_string(name, CLUSTER);
}

static dsql_status add_entry(struct reading *reading, const struct proxy_config_line *line,
                             int number)
{
    if (!is_known(line->name)) {
        return fail(reading->err, DSQL_ERR_USAGE,
                    "\"%s\": line %d: unknown option \"%.*s\"; see 'dsql proxy --help'",
                    reading->config_path, number, (int)text_slice(line->name, 0, 40).len,
                    line->name.data);
    }
    if (reading->entry_count == CONFIG_LINES_MAX) {
        return fail(reading->err, DSQL_ERR_USAGE, "\"%s\": there are more than %d lines",
                    reading->config_path, CONFIG_LINES_MAX);
    }
    struct config_entry *entry = &reading->entries[reading->entry_count++];
    *entry = (struct config_entry){text_dup(line->name), text_dup(line->value), number};
    return entry->name != NULL && entry->value != NULL ? DSQL_OK : fail_nomem(reading->err);
}

static dsql_status read_config(struct reading *reading)
{
    struct buf content AUTO_BUF;
    buf_init(&content, PROXY_CONFIG_MAX);
    const struct proxy_sources *sources = reading->sources;
    dsql_status status =
        sources->read_file(sources->arg, reading->config_path, &content, reading->err);
    struct proxy_config config = {.rest = buf_text(&content)};
    struct proxy_config_line line;
    while (status == DSQL_OK && proxy_config_next(&config, &line)) {
        status = add_entry(reading, &line, config.line);
    }
    return status;
}

static void free_entries(struct reading *reading)
{
    for (size_t i = 0; i < reading->entry_count; i++) {
        mem_free(reading->entries[i].name);
        mem_free(reading->entries[i].value);
    }
}

/* ---- Finding a text ---- */

/* "pool-mode" is DSQL_PROXY_POOL_MODE. */
static void variable_name(const char *option, char out[NAME_SIZE])
{
    int len = snprintf(out, NAME_SIZE, "DSQL_PROXY_%s", option);
    for (int i = 0; i < len && i < NAME_SIZE; i++) {
        if (out[i] >= 'a' && out[i] <= 'z') {
            out[i] = (char)(out[i] - 'a' + 'A');
        } else if (out[i] == '-') {
            out[i] = '_';
        }
    }
}

static bool find_in_file(const struct reading *reading, const char *name, struct found *out)
{
    for (size_t i = reading->entry_count; i > 0; i--) { /* the last one wins, as in psql */
        const struct config_entry *entry = &reading->entries[i - 1];
        if (strcmp(entry->name, name) == 0) {
            out->value = entry->value;
            snprintf(out->where, sizeof out->where, "%s in \"%.200s\", line %d", name,
                     reading->config_path, entry->line);
            return true;
        }
    }
    return false;
}

static struct found find(const struct reading *reading, const struct command_option *option)
{
    const struct proxy_sources *sources = reading->sources;
    struct found found = {.value = sources->option(sources->arg, option->name)};
    char variable[NAME_SIZE];
    if (found.value != NULL) {
        snprintf(found.where, sizeof found.where, "--%s", option->name);
        return found;
    }
    variable_name(option->name, variable);
    found.value = sources->environment(sources->arg, variable);
    if (found.value != NULL) {
        snprintf(found.where, sizeof found.where, "%s", variable);
        return found;
    }
    find_in_file(reading, option->name, &found);
    return found;
}

/* ---- Kinds of values ---- */

static dsql_status read_string(struct reading *reading, const struct command_option *option,
                               char **out)
{
    struct found found = find(reading, option);
    if (found.value == NULL) {
        return DSQL_OK;
    }
    if (found.value[0] == '\0') {
        return fail(reading->err, DSQL_ERR_USAGE, "%s requires a value", found.where);
    }
    *out = mem_strdup(found.value);
    return *out == NULL ? fail_nomem(reading->err) : DSQL_OK;
}

static dsql_status read_number(struct reading *reading, const struct command_option *option,
                               int min, int max, int *out)
{
    struct found found = find(reading, option);
    int64_t number = 0;
    if (found.value == NULL) {
        return DSQL_OK;
    }
    if (!text_to_int64(text_of(found.value), min, max, &number)) {
        return fail(reading->err, DSQL_ERR_USAGE, "%s must be a whole number from %d to %d",
                    found.where, min, max);
    }
    *out = (int)number;
    return DSQL_OK;
}

/* The option's own list of choices, which --help has too; *out is the place in it. */
static dsql_status read_choice(struct reading *reading, const struct command_option *option,
                               int *out)
{
    struct found found = find(reading, option);
    struct text rest = text_of(option->choices);
    struct text choice;
    if (found.value == NULL) {
        return DSQL_OK;
    }
    bool has_more = true;
    for (int i = 0; has_more; i++) {
        has_more = text_cut(rest, ' ', &choice, &rest);
        if (text_equal_string(choice, found.value)) {
            *out = i;
            return DSQL_OK;
        }
    }
    return fail(reading->err, DSQL_ERR_USAGE, "%s must be one of: %s", found.where,
                option->choices);
}

/* A flag on the command line and in a file has no value; a variable must have one. */
static dsql_status read_flag(struct reading *reading, const struct command_option *option,
                             bool *out)
{
    static const char *const on[] = {"", "1", "true", "yes", "on"};
    static const char *const off[] = {"0", "false", "no", "off"};
    struct found found = find(reading, option);
    for (size_t i = 0; found.value != NULL && i < sizeof on / sizeof on[0]; i++) {
        if (strcmp(found.value, on[i]) == 0) {
            *out = true;
            return DSQL_OK;
        }
    }
    for (size_t i = 0; found.value != NULL && i < sizeof off / sizeof off[0]; i++) {
        if (strcmp(found.value, off[i]) == 0) {
            *out = false;
            return DSQL_OK;
        }
    }
    return found.value == NULL
               ? DSQL_OK
               : fail(reading->err, DSQL_ERR_USAGE, "%s must be true or false", found.where);
}

/* ---- Addresses ---- */

static bool is_address(const char *address)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1;
}

bool proxy_address_is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static dsql_status read_listen(struct reading *reading)
{
    char **out = &reading->settings->listen_address;
    dsql_status status = read_string(reading, &option_proxy_listen, out);
    if (status != DSQL_OK) {
        return status;
    }
    if (*out == NULL) {
        *out = mem_strdup("127.0.0.1");
        return *out == NULL ? fail_nomem(reading->err) : DSQL_OK;
    }
    if (strcmp(*out, NONE) == 0) {
        mem_free(*out);
        *out = NULL;
        return DSQL_OK;
    }
    return is_address(*out)
               ? DSQL_OK
               : fail(reading->err, DSQL_ERR_USAGE, "%s must be a numeric IP address, or none",
                      find(reading, &option_proxy_listen).where);
}

/* "9090", "127.0.0.1:9090" or "[::1]:9090". */
static dsql_status read_http(struct reading *reading)
{
    struct proxy_settings *settings = reading->settings;
    struct found found = find(reading, &option_http);
    struct text value = text_of(found.value);
    struct text address = text_of("127.0.0.1");
    int64_t port = 0;
    if (found.value == NULL) {
        return DSQL_OK;
    }
    size_t colon = value.len;
    while (colon > 0 && value.data[colon - 1] != ':') {
        colon--;
    }
    if (colon > 0) {
        address = text_slice(value, 0, colon - 1);
        if (text_starts_with(address, "[") && text_ends_with(address, "]")) {
            address = text_slice(address, 1, address.len - 2);
        }
    }
    settings->http_address = text_dup(address);
    if (settings->http_address == NULL) {
        return fail_nomem(reading->err);
    }
    if (!is_address(settings->http_address) ||
        !text_to_int64(text_slice(value, colon, value.len), 0, UINT16_MAX, &port)) {
        return fail(reading->err, DSQL_ERR_USAGE,
                    "%s must be a port, or a numeric IP address and a port, as in 127.0.0.1:9090",
                    found.where);
    }
    settings->http_port = (int)port;
    return DSQL_OK;
}

static dsql_status read_socket_directory(struct reading *reading)
{
    struct proxy_settings *settings = reading->settings;
    dsql_status status = read_string(reading, &option_socket_dir, &settings->socket_directory);
    settings->has_socket = true;
    if (status == DSQL_OK && settings->socket_directory != NULL &&
        strcmp(settings->socket_directory, NONE) == 0) {
        mem_free(settings->socket_directory);
        settings->socket_directory = NULL;
        settings->has_socket = false;
    }
    return status;
}

static dsql_status add_socket_user(struct reading *reading, const char *where, struct text name)
{
    struct proxy_settings *settings = reading->settings;
    char account_name[NAME_SIZE];
    const struct passwd *account = text_copy(text_trim(name), account_name, sizeof account_name)
                                       ? getpwnam(account_name)
                                       : NULL;
    if (account == NULL) {
        return fail(reading->err, DSQL_ERR_USAGE, "%s: there is no user \"%.*s\"", where,
                    (int)text_slice(name, 0, NAME_SIZE).len, name.data);
    }
    if (settings->socket_user_count == PROXY_SOCKET_USERS_MAX) {
        return fail(reading->err, DSQL_ERR_USAGE, "%s has more than %d users", where,
                    PROXY_SOCKET_USERS_MAX);
    }
    settings->socket_users[settings->socket_user_count++] = account->pw_uid;
    return DSQL_OK;
}

static dsql_status read_socket_users(struct reading *reading)
{
    struct found found = find(reading, &option_socket_users);
    struct text rest = text_of(found.value);
    dsql_status status = DSQL_OK;
    bool has_more = found.value != NULL;
    while (status == DSQL_OK && has_more) {
        struct text name;
        has_more = text_cut(rest, ',', &name, &rest);
        status = add_socket_user(reading, found.where, name);
    }
    return status;
}

/* ---- Clusters ---- */

static dsql_status add_target(struct reading *reading, struct text text)
{
    struct proxy_settings *settings = reading->settings;
    if (settings->target_count == PROXY_TARGETS_MAX) {
        return fail(reading->err, DSQL_ERR_USAGE, "there are more than %d clusters",
                    PROXY_TARGETS_MAX);
    }
    return proxy_target_parse(text, &settings->targets[settings->target_count++], reading->err);
}

/* Separated by white space, which no cluster contains. */
static dsql_status add_targets_of_variable(struct reading *reading, const char *value)
{
    struct text rest = text_trim(text_of(value));
    dsql_status status = DSQL_OK;
    while (status == DSQL_OK && !text_is_empty(rest)) {
        size_t len = 0;
        while (len < rest.len && !char_is_space(rest.data[len])) {
            len++;
        }
        status = add_target(reading, text_slice(rest, 0, len));
        rest = text_trim_start(text_slice(rest, len, rest.len));
    }
    return status;
}

static dsql_status add_targets_of_file(struct reading *reading)
{
    dsql_status status = DSQL_OK;
    for (size_t i = 0; status == DSQL_OK && i < reading->entry_count; i++) {
        if (strcmp(reading->entries[i].name, CLUSTER) == 0) {
            status = add_target(reading, text_of(reading->entries[i].value));
        }
    }
    return status;
}

static dsql_status read_targets(struct reading *reading)
{
    const struct proxy_sources *sources = reading->sources;
    const char *variable = sources->environment(sources->arg, "DSQL_PROXY_CLUSTERS");
    dsql_status status = DSQL_OK;
    for (size_t i = 0; status == DSQL_OK && i < sources->cluster_count; i++) {
        status = add_target(reading, text_of(sources->clusters[i]));
    }
    if (sources->cluster_count == 0) {
        status = variable != NULL ? add_targets_of_variable(reading, variable)
                                  : add_targets_of_file(reading);
    }
    if (status == DSQL_OK && reading->settings->target_count == 0) {
        status = fail(reading->err, DSQL_ERR_USAGE,
                      "no cluster given: name its endpoint or cluster id, or write it into a "
                      "configuration file or DSQL_PROXY_CLUSTERS");
    }
    return status;
}

static bool is_port_used(const struct proxy_settings *settings, size_t count, int port)
{
    for (size_t i = 0; i < count; i++) {
        if (settings->targets[i].port == port) {
            return true;
        }
    }
    return false;
}

/* A cluster without a port gets the next one that no other cluster has, from 5432 on. */
static dsql_status assign_ports(struct reading *reading)
{
    struct proxy_settings *settings = reading->settings;
    int next = PROXY_FIRST_PORT;
    for (size_t i = 0; i < settings->target_count; i++) {
        int port = settings->targets[i].port;
        if (port > 0 && is_port_used(settings, i, port)) {
            return fail(reading->err, DSQL_ERR_USAGE, "two clusters have the port %d", port);
        }
    }
    for (size_t i = 0; i < settings->target_count; i++) {
        if (settings->targets[i].port == 0) {
            while (is_port_used(settings, settings->target_count, next)) {
                next++;
            }
            settings->targets[i].port = next;
        }
    }
    return DSQL_OK;
}

/* ---- All of it ---- */

static dsql_status check_together(const struct proxy_settings *settings, dsql_error *err)
{
    bool is_open =
        settings->listen_address != NULL && !proxy_address_is_loopback(settings->listen_address);
    if ((settings->tls_cert == NULL) != (settings->tls_key == NULL)) {
        return fail(err, DSQL_ERR_USAGE, "--tls-cert and --tls-key belong together: give both");
    }
    if (is_open && settings->tls_cert == NULL) {
        return fail(err, DSQL_ERR_USAGE,
                    "--listen with an address that is not loopback needs --tls-cert and --tls-key");
    }
    if (is_open && settings->authentication == PROXY_AUTH_TRUST) {
        return fail(err, DSQL_ERR_USAGE,
                    "--auth trust is for loopback addresses only. Use --auth scram");
    }
    if (settings->listen_address == NULL && !settings->has_socket) {
        return fail(err, DSQL_ERR_USAGE,
                    "--listen none and --socket-dir none leave no way in. Give one of them");
    }
    return DSQL_OK;
}

static dsql_status read_numbers(struct reading *reading)
{
    struct proxy_settings *settings = reading->settings;
    const struct {
        const struct command_option *option;
        int min;
        int max;
        int *out;
    } numbers[] = {
        {&option_drain, 0, DRAIN_MAX, &settings->drain_s},
        {&option_retries, 0, RETRIES_MAX, &settings->retries},
        {&option_max_clients, 1, CLIENTS_MAX, &settings->max_clients},
        {&option_lifetime, 1, LIFETIME_MAX, &settings->lifetime_s},
    };
    dsql_status status = DSQL_OK;
    for (size_t i = 0; status == DSQL_OK && i < sizeof numbers / sizeof numbers[0]; i++) {
        status =
            read_number(reading, numbers[i].option, numbers[i].min, numbers[i].max, numbers[i].out);
    }
    return status;
}

static dsql_status read_choices(struct reading *reading)
{
    struct proxy_settings *settings = reading->settings;
    int mode = PROXY_POOL_SESSION;
    int authentication = PROXY_AUTH_SCRAM;
    int format = 0;
    int program = -1; /* none */
    dsql_status status = read_choice(reading, &option_pool_mode, &mode);
    if (status == DSQL_OK) {
        status = read_choice(reading, &option_auth, &authentication);
    }
    if (status == DSQL_OK) {
        status = read_choice(reading, &option_log_format, &format);
    }
    if (status == DSQL_OK) {
        status = read_choice(reading, &option_for, &program);
    }
    settings->pool_mode = (enum proxy_pool_mode)mode;
    settings->authentication = (enum proxy_authentication)authentication;
    settings->has_json_log = format == 1;
    settings->is_for_dump = program == 0;
    return status;
}

static dsql_status read_strings(struct reading *reading)
{
    struct proxy_settings *settings = reading->settings;
    const struct {
        const struct command_option *option;
        char **out;
    } strings[] = {
        {&option_password_file, &settings->password_file},
        {&option_tls_cert, &settings->tls_cert},
        {&option_tls_key, &settings->tls_key},
        {&option_state_dir, &settings->state_directory},
    };
    dsql_status status = DSQL_OK;
    for (size_t i = 0; status == DSQL_OK && i < sizeof strings / sizeof strings[0]; i++) {
        status = read_string(reading, strings[i].option, strings[i].out);
    }
    return status;
}

static dsql_status read_all(struct reading *reading)
{
    static dsql_status (*const steps[])(struct reading * reading) = {
        read_choices,          read_numbers,      read_strings, read_listen,  read_http,
        read_socket_directory, read_socket_users, read_targets, assign_ports,
    };
    struct proxy_settings *settings = reading->settings;
    dsql_status status = DSQL_OK;
    struct found config = find(reading, &option_config);
    if (config.value != NULL) {
        reading->config_path = config.value;
        status = read_config(reading);
    }
    for (size_t i = 0; status == DSQL_OK && i < sizeof steps / sizeof steps[0]; i++) {
        status = steps[i](reading);
    }
    if (status == DSQL_OK) {
        status = read_flag(reading, &option_strict, &settings->is_strict);
    }
    return status == DSQL_OK ? check_together(settings, reading->err) : status;
}

dsql_status proxy_settings_read(struct proxy_settings *settings,
                                const struct proxy_sources *sources, dsql_error *err)
{
    *settings = (struct proxy_settings){.drain_s = PROXY_DRAIN_S, .retries = PROXY_RETRIES};
    struct reading *reading = mem_new(sizeof *reading);
    if (reading == NULL) {
        return fail_nomem(err);
    }
    *reading = (struct reading){.sources = sources, .settings = settings, .err = err};
    dsql_status status = read_all(reading);
    free_entries(reading);
    mem_free(reading);
    return status;
}

void proxy_settings_clear(struct proxy_settings *settings)
{
    char *const strings[] = {settings->listen_address, settings->socket_directory,
                             settings->password_file,  settings->tls_cert,
                             settings->tls_key,        settings->http_address,
                             settings->state_directory};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        mem_free(strings[i]);
    }
    for (size_t i = 0; i < settings->target_count; i++) {
        proxy_target_clear(&settings->targets[i]);
    }
    *settings = (struct proxy_settings){.target_count = 0};
}
