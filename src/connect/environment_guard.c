/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq looks at the environment for every keyword that it was not given.  A library cannot ask
 * its caller to clean the environment, and must not change it (other threads read it), so it
 * gives each such keyword a value.  Two variables cannot be answered in this way, and those are
 * errors.
 *
 * When libpq gets a new keyword with a variable, it belongs into the table below, with the
 * version that brought it: an older libpq rejects a keyword that it does not know.
 */
#include "connect/environment_guard.h"

#include "base/error.h"
#include "base/memory.h"
#include "config/environment.h"

/* A path that cannot exist: libpq takes an empty value for "not given". */
#define NO_FILE "/dev/null/none"

enum { LIBPQ_16 = 160000, LIBPQ_18 = 180000 };

/* since is as PQlibVersion() counts; 0: every version that the library supports. */
struct rule {
    const char *keyword;
    const char *value;
    int since;          /* the first libpq that knows it */
    const char *unless; /* if the caller gives that keyword, this one is left to the caller */
};

/*
 * Keepalives: NAT gateways and load balancers at AWS drop a connection that is silent for 350 s,
 * and a dead network reports nothing.  After 30 s of silence three probes follow, 10 s apart, so
 * that libpq reports a dead network within a minute.  tcp_user_timeout, in ms, is below the sum
 * of the probes: it also covers sent data that nobody acknowledges.  The protocol stays at 3.0,
 * which every server speaks, whatever the variables ask for.
 */
static const struct rule rules[] = {
    {"keepalives", "1", 0, NULL},
    {"keepalives_idle", "30", 0, NULL},
    {"keepalives_interval", "10", 0, NULL},
    {"keepalives_count", "3", 0, NULL},
    {"tcp_user_timeout", "55000", 0, NULL},
    {"ssl_min_protocol_version", "TLSv1.2", 0, NULL},  /* PGSSLMINPROTOCOLVERSION */
    {"ssl_max_protocol_version", "TLSv1.3", 0, NULL},  /* PGSSLMAXPROTOCOLVERSION */
    {"sslcompression", "0", 0, NULL},                  /* PGSSLCOMPRESSION */
    {"sslsni", "1", 0, NULL},                          /* PGSSLSNI */
    {"sslcert", NO_FILE, 0, NULL},                     /* PGSSLCERT */
    {"sslkey", NO_FILE, 0, "sslcert"},                 /* PGSSLKEY */
    {"sslcertmode", "disable", LIBPQ_16, "sslcert"},   /* PGSSLCERTMODE */
    {"sslcrldir", NO_FILE, 0, NULL},                   /* PGSSLCRLDIR */
    {"channel_binding", "disable", 0, NULL},           /* PGCHANNELBINDING: for SCRAM only */
    {"target_session_attrs", "any", 0, NULL},          /* PGTARGETSESSIONATTRS */
    {"load_balance_hosts", "disable", LIBPQ_16, NULL}, /* PGLOADBALANCEHOSTS */
    {"min_protocol_version", "3.0", LIBPQ_18, NULL},   /* PGMINPROTOCOLVERSION */
    {"max_protocol_version", "3.0", LIBPQ_18, NULL},   /* PGMAXPROTOCOLVERSION */
};

/* Only a libpq that was built with Kerberos has these keywords. */
static const struct rule kerberos_rules[] = {
    {"krbsrvname", "postgres", 0, NULL},    /* PGKRBSRVNAME */
    {"gssdelegation", "0", LIBPQ_16, NULL}, /* PGGSSDELEGATION */
};

/* Looks at the caller's own keywords only: the guard exists for what was not given. */
static bool is_given(const struct settings *settings, const char *keyword)
{
    for (size_t i = 0; i < settings->pair_count; i++) {
        if (text_equal_string(text_of(settings->pairs[i].keyword), keyword)) {
            return true;
        }
    }
    return false;
}

/* ENVIRONMENT_GUARD_MAX is above the number of rules, so the second condition never decides. */
static void add(struct environment_guard *guard, const struct settings *settings,
                const char *keyword, const char *value)
{
    if (!is_given(settings, keyword) && guard->count < ENVIRONMENT_GUARD_MAX) {
        guard->pairs[guard->count] = (struct environment_guard_pair){keyword, value};
        guard->count++;
    }
}

static void add_rules(struct environment_guard *guard, const struct settings *settings,
                      const struct rule *list, size_t count, int libpq_version)
{
    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = &list[i];
        if (libpq_version >= rule->since &&
            (rule->unless == NULL || !is_given(settings, rule->unless))) {
            add(guard, settings, rule->keyword, rule->value);
        }
    }
}

/*
 * A keyword that libpq does not know is an error of the whole connect, so it must be asked for
 * first.
 */
static bool is_known(const PQconninfoOption *options, const char *keyword)
{
    for (size_t i = 0; options[i].keyword != NULL; i++) {
        if (text_equal_string(text_of(keyword), options[i].keyword)) {
            return true;
        }
    }
    return false;
}

/*
 * PQconndefaults() is the only way to ask libpq how it was built.  NULL from it means that memory
 * ran out.
 */
static bool add_kerberos(struct environment_guard *guard, const struct settings *settings,
                         int libpq_version)
{
    PQconninfoOption *options = PQconndefaults();
    if (options == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof kerberos_rules / sizeof kerberos_rules[0]; i++) {
        if (is_known(options, kerberos_rules[i].keyword)) {
            add_rules(guard, settings, &kerberos_rules[i], 1, libpq_version);
        }
    }
    PQconninfoFree(options);
    return true;
}

/*
 * OpenSSL would also trust certificates in the file of PGSSLCRL.  libpq's default is given
 * explicitly; if that file does not exist, nothing is revoked.
 */
static bool add_crl(struct environment_guard *guard, const struct settings *settings)
{
    if (is_given(settings, "sslcrldir")) {
        return true;
    }
    guard->crl_file = environment_path(NULL, ".postgresql/root.crl");
    if (guard->crl_file == NULL) {
        return false;
    }
    add(guard, settings, "sslcrl", guard->crl_file[0] == '\0' ? NO_FILE : guard->crl_file);
    return true;
}

bool environment_guard_init(const struct settings *settings, int libpq_version,
                            struct environment_guard *out)
{
    *out = (struct environment_guard){.count = 0};
    add_rules(out, settings, rules, sizeof rules / sizeof rules[0], libpq_version);
    if (environment_raw("PGOPTIONS") != NULL) { /* a blank: no options */
        add(out, settings, "options", " ");
    }
    if (add_crl(out, settings) && add_kerberos(out, settings, libpq_version)) {
        return true;
    }
    environment_guard_clear(out);
    return false;
}

void environment_guard_clear(struct environment_guard *guard)
{
    mem_free(guard->crl_file);
    *guard = (struct environment_guard){.count = 0};
}

/* Before any value is made: both would let the environment decide whom the connection trusts. */
dsql_status environment_guard_check(const struct settings *settings, dsql_error *err)
{
    if (environment_raw("PGSERVICE") != NULL) {
        return fail(err, DSQL_ERR_USAGE,
                    "PGSERVICE is set: libpq would let that service replace the address and "
                    "other settings of this connection; unset PGSERVICE");
    }
    if (is_given(settings, "sslcrldir") && !is_given(settings, "sslcrl") &&
        environment_raw("PGSSLCRL") != NULL) {
        return fail(err, DSQL_ERR_USAGE,
                    "PGSSLCRL is set, and would apply in addition to sslcrldir; give sslcrl too, "
                    "or unset PGSSLCRL");
    }
    return DSQL_OK;
}
