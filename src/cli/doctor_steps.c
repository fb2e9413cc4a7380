/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * Each check fills one finding: a verdict, what was seen, and what to do about it.  A check may
 * rely on what the steps it needs have left in the diagnosis and on nothing else.  Details come
 * from libdsql and the system; remedies are written here, for someone who does not know this
 * code.
 */
#include "cli/doctor_steps.h"

#include "base/text.h"
#include "cli/clock_skew.h"
#include "cli/target.h"
#include "cli/time_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * TIMEOUT_MS holds for TCP, TLS and the query, each by itself.  DNS has the limits of the system,
 * and the credentials those of their sources.
 */
enum {
    TIMEOUT_MS = 5000,
    TOLERATED_SKEW_S = 60,    /* AWS accepts 5 minutes; the warning comes well before that */
    ACCEPTED_SKEW_S = 5 * 60, /* IAM User Guide, "Why requests are signed" */
    HOST_SIZE = 256
};

/* The detail is cut to fit; it begins with what matters. */
static void finding_set(struct finding *finding, enum verdict verdict, const char *detail,
                        const char *remedy)
{
    finding->verdict = verdict;
    finding->remedy = remedy;
    text_copy(text_slice(text_of(detail), 0, sizeof finding->detail - 1), finding->detail,
              sizeof finding->detail);
}

/*
 * The value of a libpq keyword; NULL if it is not set or the endpoint is not known yet.  From the
 * parameters that a program would pass to libpq, not from the options: environment and defaults
 * have been applied.
 */
static const char *param(const struct diagnosis *diagnosis, const char *keyword)
{
    if (diagnosis->params == NULL) {
        return NULL;
    }
    const char *const *keywords = dsql_params_keywords(diagnosis->params);
    for (size_t i = 0; keywords[i] != NULL; i++) {
        if (strcmp(keywords[i], keyword) == 0) {
            return dsql_params_values(diagnosis->params)[i];
        }
    }
    return NULL;
}

/* The addresses that libpq uses instead of resolving the name, separated by commas; NULL if
   it resolves. */
static const char *numeric_addresses(const struct diagnosis *diagnosis)
{
    const char *given = param(diagnosis, "hostaddr");
    if (given == NULL || given[0] == '\0') {
        given = target_environment("PGHOSTADDR");
    }
    return given;
}

/* The host name that is verified.  With several addresses, libpq has as many copies of it. */
static const char *host_name(const struct diagnosis *diagnosis, char out[HOST_SIZE])
{
    struct text first;
    struct text rest;
    text_cut(text_of(param(diagnosis, "host")), ',', &first, &rest);
    return text_copy(first, out, HOST_SIZE) ? out : "";
}

/*
 * True for a local cluster and for a tunnel that begins here.  The remedies differ: a firewall is
 * not the cause of what happens on the loopback interface.
 */
static bool is_on_this_machine(const struct diagnosis *diagnosis)
{
    const char *address = numeric_addresses(diagnosis);
    return address != NULL && (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0);
}

/* ---- Steps ---- */

/* Only the source that was used; 'dsql credentials' shows the others. */
static void describe_source(void *arg, const char *source, dsql_source_verdict verdict,
                            const char *detail)
{
    struct finding *finding = arg;
    if (verdict == DSQL_SOURCE_FOUND) {
        snprintf(finding->detail, sizeof finding->detail, "%s: %s", source, detail);
    }
}

/*
 * Asks the chain once, and reports the source that provided the credentials.  The provider is
 * kept for the token and the login, so that both ask the same chain.
 */
static void check_credentials(struct diagnosis *diagnosis, struct finding *finding)
{
    dsql_error err = {0};
    dsql_credentials *found =
        dsql_credentials_explain(diagnosis->options.profile, describe_source, finding, &err);
    if (found == NULL) {
        finding_set(finding, VERDICT_FAILED, err.message,
                    "run 'dsql credentials' to see the result of each source");
        return;
    }
    dsql_credentials_free(found);
    finding->verdict = VERDICT_OK;
    diagnosis->provider = dsql_credentials_default(diagnosis->options.profile, &err);
    diagnosis->options.credentials = diagnosis->provider;
}

/*
 * libpq's parameters include a password, so making them needs credentials.  Without any, a
 * placeholder serves: host, port and certificates do not depend on it, and the password that
 * it signs is never sent, as the login is skipped.
 */
static dsql_params *make_params(const struct diagnosis *diagnosis, dsql_error *err)
{
    dsql_options options = diagnosis->options;
    if (diagnosis->provider != NULL) {
        return dsql_params_new(&options, err);
    }
    dsql_credentials_provider *placeholder =
        dsql_credentials_static("placeholder", "placeholder", NULL, err);
    if (placeholder == NULL) {
        return NULL;
    }
    options.credentials = placeholder;
    dsql_params *params = dsql_params_new(&options, err);
    dsql_credentials_unref(placeholder);
    return params;
}

/*
 * The region in the name of an endpoint is the cluster's, so a token for another one is rejected.
 * libdsql lets the caller decide, since a name of the user's own may contain anything.
 */
static bool has_other_region(const char *host, const char *given, dsql_endpoint *named)
{
    return given != NULL && dsql_endpoint_resolve(host, NULL, named, NULL) == DSQL_OK &&
           named->region[0] != '\0' && strstr(host, named->region) != NULL &&
           strcmp(named->region, given) != 0;
}

/*
 * The region may be known only when the token is signed, from the profile or from IMDS; the
 * detail says so instead of claiming one.
 */
static void check_endpoint(struct diagnosis *diagnosis, struct finding *finding)
{
    dsql_error err = {0};
    diagnosis->params = make_params(diagnosis, &err);
    if (diagnosis->params == NULL) {
        finding_set(finding, VERDICT_FAILED, err.message,
                    "use the endpoint that the console shows, and --region if it does not "
                    "include one");
        return;
    }
    char host[HOST_SIZE];
    dsql_endpoint endpoint = {0};
    host_name(diagnosis, host);
    dsql_endpoint_resolve(host, diagnosis->options.region, &endpoint, NULL);
    snprintf(finding->detail, sizeof finding->detail, "%s, region %s", host,
             endpoint.region[0] == '\0' ? "from the profile or the instance" : endpoint.region);
    finding->verdict = VERDICT_OK;
    dsql_endpoint named = {0};
    if (has_other_region(host, diagnosis->options.region, &named)) {
        snprintf(finding->detail, sizeof finding->detail, "%s, but the region given is %s", host,
                 endpoint.region);
        finding->verdict = VERDICT_WARNING;
        finding->remedy = "leave --region out: the name of the endpoint has the region";
    }
}

/* With PGHOSTADDR nothing is resolved: the addresses are only parsed. */
static void check_dns(struct diagnosis *diagnosis, struct finding *finding)
{
    char name[HOST_SIZE];
    char detail[PROBE_DETAIL_SIZE] = "";
    const char *addresses = numeric_addresses(diagnosis);
    if (probe_resolve(addresses == NULL ? host_name(diagnosis, name) : addresses,
                      param(diagnosis, "port"), &diagnosis->addresses, detail)) {
        finding_set(finding, VERDICT_OK, detail, NULL);
    } else {
        finding_set(
            finding, VERDICT_FAILED, detail,
            "compare the endpoint with the one in the console; check that this machine resolves "
            "other names");
    }
}

/*
 * The socket stays open for check_tls(), so TLS is tested on the very connection whose address is
 * reported.
 */
static void check_tcp(struct diagnosis *diagnosis, struct finding *finding)
{
    char detail[PROBE_DETAIL_SIZE] = "";
    diagnosis->socket = probe_tcp(&diagnosis->addresses, TIMEOUT_MS, detail);
    if (diagnosis->socket >= 0) {
        finding_set(finding, VERDICT_OK, detail, NULL);
        return;
    }
    char with_port[sizeof detail + 16];
    snprintf(with_port, sizeof with_port, "port %s of %s", param(diagnosis, "port"), detail);
    finding_set(
        finding, VERDICT_FAILED, with_port,
        is_on_this_machine(diagnosis)
            ? "check that the local cluster runs ('dsql local status'); unset PGHOSTADDR to "
              "use a real one"
            : "allow outbound traffic to that port: firewall, security group, route, VPC "
              "endpoint");
}

/* In OpenSSL's words.  A clock that is off makes every certificate too old or too young. */
static bool is_about_time(const char *detail)
{
    return strstr(detail, "not yet valid") != NULL || strstr(detail, "has expired") != NULL;
}

static const char *remedy_for_tls(const struct diagnosis *diagnosis, const char *detail)
{
    if (is_about_time(detail)) {
        return "check the clock of this machine (NTP); if it is correct, renew the certificate";
    }
    return is_on_this_machine(diagnosis)
               ? "a local cluster has its own certificate authority; run "
                 "eval \"$(dsql local env)\"; for a real cluster unset PGHOSTADDR"
               : "trust Amazon Root CA 1 (Debian: install ca-certificates) or set PGSSLROOTCERT; "
                 "check for a proxy that intercepts TLS";
}

/* Uses the same CA file as libpq would, resolved by libdsql (sslrootcert). */
static void check_tls(struct diagnosis *diagnosis, struct finding *finding)
{
    char detail[PROBE_DETAIL_SIZE] = "";
    char host[HOST_SIZE];
    bool is_secure = probe_tls(diagnosis->socket, host_name(diagnosis, host),
                               param(diagnosis, "sslrootcert"), TIMEOUT_MS, detail);
    finding_set(finding, is_secure ? VERDICT_OK : VERDICT_FAILED, detail,
                is_secure ? NULL : remedy_for_tls(diagnosis, detail));
}

/*
 * A signature is rejected when the clock is off by more than 5 minutes; a certificate may then
 * seem expired.  Within 60 seconds is fine.  Above 5 minutes it is certain that AWS rejects the
 * signature, so that is a failure and not a warning.
 */
static void check_clock(struct diagnosis *diagnosis, struct finding *finding)
{
    int64_t skew = 0;
    dsql_error err = {0};
    if (numeric_addresses(diagnosis) != NULL) {
        finding_set(finding, VERDICT_SKIPPED,
                    "not measured: with PGHOSTADDR set, AWS may be unreachable from here", NULL);
        return;
    }
    if (clock_skew_measure(&skew, &err) != DSQL_OK) {
        finding_set(finding, VERDICT_WARNING, err.message,
                    "compare the clock of this machine with another one");
        return;
    }
    int64_t off = skew < 0 ? -skew : skew;
    snprintf(finding->detail, sizeof finding->detail, "%lld s %s AWS", (long long)off,
             skew < 0 ? "behind" : "ahead of");
    finding->verdict = off <= TOLERATED_SKEW_S  ? VERDICT_OK
                       : off <= ACCEPTED_SKEW_S ? VERDICT_WARNING
                                                : VERDICT_FAILED;
    finding->remedy = off <= TOLERATED_SKEW_S ? NULL : "synchronize the clock (NTP)";
}

/*
 * Signing is local: this finds missing credentials or an unknown region, not a missing
 * permission.  The permission is checked by the cluster, at the login.
 */
static void check_token(struct diagnosis *diagnosis, struct finding *finding)
{
    dsql_error err = {0};
    int64_t expires_at = 0;
    char *token = dsql_token(&diagnosis->options, &expires_at, &err);
    if (token == NULL) {
        finding_set(finding, VERDICT_FAILED, err.message,
                    "run 'dsql token' to try this step by itself");
        return;
    }
    dsql_token_free(token);
    char when[TIME_TEXT_SIZE];
    time_text(expires_at, when);
    snprintf(finding->detail, sizeof finding->detail, "valid until %s, for role %s", when,
             param(diagnosis, "user"));
    finding->verdict = VERDICT_OK;
}

static const char try_again[] = "try again; if it persists, check the AWS status page";

/* By what the cluster, or libdsql's advice, says. */
static const char *remedy_for_login(const char *message)
{
    if (strstr(message, "Signature expired") != NULL ||
        strstr(message, "Signature not yet current") != NULL) {
        return "synchronize the clock (NTP)";
    }
    if (strstr(message, "another region") != NULL) {
        return "leave --region out, or give the region of the cluster";
    }
    if (strstr(message, "signature does not match") != NULL ||
        strstr(message, "access key") != NULL) {
        return "run 'dsql credentials' to see which keys are used, and where from";
    }
    if (strstr(message, "access denied") != NULL) {
        return "this is the cluster's answer: check that IAM allows dsql:DbConnect (for admin, "
               "dsql:DbConnectAdmin), and that AWS IAM GRANT maps any other role";
    }
    return try_again;
}

/* libdsql connects, with the token and the retries that a program would get. */
static void check_login(struct diagnosis *diagnosis, struct finding *finding)
{
    dsql_error err = {0};
    diagnosis->conn = dsql_connect(&diagnosis->options, &err);
    if (diagnosis->conn == NULL) {
        finding_set(finding, VERDICT_FAILED, err.message, remedy_for_login(err.message));
        return;
    }
    snprintf(finding->detail, sizeof finding->detail, "as %s, server %s", PQuser(diagnosis->conn),
             PQparameterStatus(diagnosis->conn, "server_version"));
    finding->verdict = VERDICT_OK;
}

/* One statement without tables: it works for every role, also for one without any privilege. */
static void check_query(struct diagnosis *diagnosis, struct finding *finding)
{
    dsql_error err = {0};
    PGresult *result = dsql_conn_exec(diagnosis->conn, "SELECT 1", 0, NULL, TIMEOUT_MS, &err);
    if (result != NULL) {
        finding_set(finding, VERDICT_OK, "SELECT 1", NULL);
    } else if (err.status == DSQL_ERR_TIMEOUT || err.status == DSQL_ERR_COMMIT_UNKNOWN) {
        finding_set(finding, VERDICT_FAILED, "SELECT 1 was not answered within 5 s", try_again);
    } else {
        finding_set(finding, VERDICT_FAILED, err.message, try_again);
    }
    PQclear(result);
}

void diagnosis_init(struct diagnosis *diagnosis)
{
    *diagnosis = (struct diagnosis){.options = dsql_options_init(), .socket = -1};
}

/* In any state of the examination: a step that did not run has left NULL or -1. */
void diagnosis_clear(struct diagnosis *diagnosis)
{
    PQfinish(diagnosis->conn);
    if (diagnosis->socket >= 0) {
        close(diagnosis->socket);
    }
    dsql_params_free(diagnosis->params);
    dsql_credentials_unref(diagnosis->provider);
}

/* ---- The table ---- */

#define NEEDS(step) (1U << (step))

/* The clock is always compared, as certificates and signatures depend on it. */
const struct doctor_step doctor_steps[DOCTOR_STEPS] = {
    [STEP_CREDENTIALS] = {"credentials", check_credentials, 0},
    [STEP_ENDPOINT] = {"endpoint", check_endpoint, 0},
    [STEP_DNS] = {"dns", check_dns, NEEDS(STEP_ENDPOINT)},
    [STEP_TCP] = {"tcp", check_tcp, NEEDS(STEP_DNS)},
    [STEP_TLS] = {"tls", check_tls, NEEDS(STEP_TCP)},
    [STEP_CLOCK] = {"clock", check_clock, 0},
    [STEP_TOKEN] = {"token", check_token, NEEDS(STEP_CREDENTIALS) | NEEDS(STEP_ENDPOINT)},
    [STEP_LOGIN] = {"login", check_login, NEEDS(STEP_TLS) | NEEDS(STEP_TOKEN)},
    [STEP_QUERY] = {"query", check_query, NEEDS(STEP_LOGIN)},
};
