/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql doctor: each step of a connection on its own, with a verdict and a remedy.  What
 * a failed step makes pointless is skipped.
 */
#include "base/text.h"
#include "cli/clock_skew.h"
#include "cli/commands.h"
#include "cli/probe.h"
#include "cli/target.h"
#include "cli/time_text.h"

#include <dsql.h>
#include <jansson.h>

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

enum {
    TIMEOUT_MS = 5000,
    TOLERATED_SKEW_S = 60,    /* AWS accepts 5 minutes: worth a word before that */
    ACCEPTED_SKEW_S = 5 * 60, /* IAM User Guide, "Why requests are signed" */
    EXIT_FIRST_STEP = 10,
    HOST_SIZE = 256
};

enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_FAILED, VERDICT_SKIPPED };

static const char *const verdict_names[] = {"ok", "warning", "failed", "skipped"};

struct finding {
    enum verdict verdict;
    char detail[DSQL_ERROR_MESSAGE_SIZE];
    const char *remedy; /* NULL: nothing to do */
};

/* What the steps hand on to each other. */
struct patient {
    dsql_options options;
    dsql_credentials_provider *provider;
    dsql_params *params;
    struct probe_addresses addresses;
    int socket; /* -1: none */
    PGconn *conn;
};

static void say(struct finding *finding, enum verdict verdict, const char *detail,
                const char *remedy)
{
    finding->verdict = verdict;
    finding->remedy = remedy;
    text_copy(text_slice(text_of(detail), 0, sizeof finding->detail - 1), finding->detail,
              sizeof finding->detail);
}

/* The value of a libpq keyword, or NULL. */
static const char *param(const struct patient *patient, const char *keyword)
{
    const char *const *keywords = dsql_params_keywords(patient->params);
    for (size_t i = 0; keywords[i] != NULL; i++) {
        if (strcmp(keywords[i], keyword) == 0) {
            return dsql_params_values(patient->params)[i];
        }
    }
    return NULL;
}

/* Where libpq connects instead of resolving the name, with commas; NULL: it resolves. */
static const char *numeric_addresses(const struct patient *patient)
{
    const char *given = param(patient, "hostaddr");
    if (given == NULL || given[0] == '\0') {
        given = target_environment("PGHOSTADDR");
    }
    return given;
}

/* The name to be verified.  Several addresses come with as many copies of it. */
static const char *host_name(const struct patient *patient, char out[HOST_SIZE])
{
    struct text first;
    struct text rest;
    text_cut(text_of(param(patient, "host")), ',', &first, &rest);
    return text_copy(first, out, HOST_SIZE) ? out : "";
}

/* A local cluster, or a tunnel. */
static bool is_on_this_machine(const struct patient *patient)
{
    const char *address = numeric_addresses(patient);
    return address != NULL && (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0);
}

/* ---- Steps ---- */

static void note_winner(void *arg, const char *source, dsql_source_verdict verdict,
                        const char *detail)
{
    struct finding *finding = arg;
    if (verdict == DSQL_SOURCE_GOT) {
        snprintf(finding->detail, sizeof finding->detail, "%s: %s", source, detail);
    }
}

static void check_credentials(struct patient *patient, struct finding *finding)
{
    dsql_error err = {0};
    dsql_credentials *found =
        dsql_credentials_explain(patient->options.profile, note_winner, finding, &err);
    if (found == NULL) {
        say(finding, VERDICT_FAILED, err.message, "'dsql credentials' shows what each source says");
        return;
    }
    dsql_credentials_free(found);
    finding->verdict = VERDICT_OK;
    patient->provider = dsql_credentials_default(patient->options.profile, &err);
    patient->options.credentials = patient->provider;
}

/* Making the parameters also makes a token: here it tells whether host and region are good. */
static void check_endpoint(struct patient *patient, struct finding *finding)
{
    dsql_error err = {0};
    patient->params = dsql_params_new(&patient->options, &err);
    if (patient->params == NULL) {
        say(finding, VERDICT_FAILED, err.message,
            "give the endpoint that the console shows, and --region where it tells none");
        return;
    }
    char host[HOST_SIZE];
    dsql_endpoint endpoint = {0};
    host_name(patient, host);
    dsql_endpoint_resolve(host, patient->options.region, &endpoint, NULL);
    snprintf(finding->detail, sizeof finding->detail, "%s, region %s", host,
             endpoint.region[0] == '\0' ? "from the profile or the instance" : endpoint.region);
    finding->verdict = VERDICT_OK;
}

static void check_dns(struct patient *patient, struct finding *finding)
{
    char name[HOST_SIZE];
    char detail[PROBE_DETAIL_SIZE] = "";
    const char *addresses = numeric_addresses(patient);
    if (probe_resolve(addresses == NULL ? host_name(patient, name) : addresses,
                      param(patient, "port"), &patient->addresses, detail)) {
        say(finding, VERDICT_OK, detail, NULL);
    } else {
        say(finding, VERDICT_FAILED, detail,
            "compare the endpoint with the console's; does this machine resolve other names?");
    }
}

static void check_tcp(struct patient *patient, struct finding *finding)
{
    char detail[PROBE_DETAIL_SIZE] = "";
    patient->socket = probe_tcp(&patient->addresses, TIMEOUT_MS, detail);
    if (patient->socket >= 0) {
        say(finding, VERDICT_OK, detail, NULL);
        return;
    }
    char with_port[sizeof detail + 16];
    snprintf(with_port, sizeof with_port, "port %s of %s", param(patient, "port"), detail);
    say(finding, VERDICT_FAILED, with_port,
        is_on_this_machine(patient)
            ? "does the local cluster run ('dsql local status')? unset PGHOSTADDR for a real one"
            : "open the way out to that port: firewall, security group, route, VPC endpoint");
}

static const char *remedy_for_tls(const struct patient *patient)
{
    return is_on_this_machine(patient)
               ? "a local cluster has an authority of its own: eval \"$(dsql local env)\""
               : "trust Amazon Root CA 1 (Debian: ca-certificates), or set PGSSLROOTCERT; does a "
                 "proxy open TLS on the way?";
}

static void check_tls(struct patient *patient, struct finding *finding)
{
    char detail[PROBE_DETAIL_SIZE] = "";
    char host[HOST_SIZE];
    bool is_secure = probe_tls(patient->socket, host_name(patient, host),
                               param(patient, "sslrootcert"), TIMEOUT_MS, detail);
    say(finding, is_secure ? VERDICT_OK : VERDICT_FAILED, detail,
        is_secure ? NULL : remedy_for_tls(patient));
}

static void check_clock(struct patient *patient, struct finding *finding)
{
    int64_t skew = 0;
    dsql_error err = {0};
    if (numeric_addresses(patient) != NULL) {
        say(finding, VERDICT_SKIPPED, "an address was given: not asking the network for the time",
            NULL);
        return;
    }
    if (clock_skew_measure(&skew, &err) != DSQL_OK) {
        say(finding, VERDICT_WARNING, err.message, "check the clock of this machine by hand");
        return;
    }
    int64_t off = skew < 0 ? -skew : skew;
    snprintf(finding->detail, sizeof finding->detail, "%lld s %s AWS", (long long)off,
             skew < 0 ? "behind" : "ahead of");
    finding->verdict = off <= TOLERATED_SKEW_S  ? VERDICT_OK
                       : off <= ACCEPTED_SKEW_S ? VERDICT_WARNING
                                                : VERDICT_FAILED;
    finding->remedy = off <= TOLERATED_SKEW_S ? NULL : "set the clock, best by NTP";
}

static void check_token(struct patient *patient, struct finding *finding)
{
    dsql_error err = {0};
    int64_t expires_at = 0;
    char *token = dsql_token(&patient->options, &expires_at, &err);
    if (token == NULL) {
        say(finding, VERDICT_FAILED, err.message, "'dsql token' tries this step alone");
        return;
    }
    dsql_token_free(token);
    char when[TIME_TEXT_SIZE];
    time_text(expires_at, when);
    snprintf(finding->detail, sizeof finding->detail, "good until %s, for role %s", when,
             param(patient, "user"));
    finding->verdict = VERDICT_OK;
}

static void check_login(struct patient *patient, struct finding *finding)
{
    dsql_error err = {0};
    patient->conn = dsql_connect(&patient->options, &err);
    if (patient->conn == NULL) {
        say(finding, VERDICT_FAILED, err.message,
            "that is the cluster's own answer; who may log in is said by IAM (dsql:DbConnect, for "
            "admin dsql:DbConnectAdmin) and, for any other role, by AWS IAM GRANT");
        return;
    }
    snprintf(finding->detail, sizeof finding->detail, "as %s, server %s", PQuser(patient->conn),
             PQparameterStatus(patient->conn, "server_version"));
    finding->verdict = VERDICT_OK;
}

static void check_query(struct patient *patient, struct finding *finding)
{
    dsql_error err = {0};
    PGresult *result = probe_query(patient->conn, "SELECT 1", TIMEOUT_MS);
    if (result == NULL) {
        say(finding, VERDICT_FAILED, "SELECT 1 was not answered in time",
            "try again; if it stays, see the AWS status");
    } else if (dsql_check(patient->conn, result, &err) == DSQL_OK) {
        say(finding, VERDICT_OK, "SELECT 1", NULL);
    } else {
        say(finding, VERDICT_FAILED, err.message, "try again; if it stays, see the AWS status");
    }
    PQclear(result);
}

/* In this order the exit statuses count from EXIT_FIRST_STEP. */
static const struct {
    const char *name;
    void (*check)(struct patient *patient, struct finding *finding);
} steps[] = {
    {"credentials", check_credentials},
    {"endpoint", check_endpoint},
    {"dns", check_dns},
    {"tcp", check_tcp},
    {"tls", check_tls},
    {"clock", check_clock},
    {"token", check_token},
    {"login", check_login},
    {"query", check_query},
};

enum { STEP_COUNT = sizeof steps / sizeof *steps };

/* ---- Report ---- */

static void print_finding(const char *name, const struct finding *finding)
{
    printf("%-12s %-8s %s\n", name, verdict_names[finding->verdict], finding->detail);
    if (finding->remedy != NULL) {
        printf("%21s -> %s\n", "", finding->remedy);
    }
    fflush(stdout); /* the next step may take its time */
}

static json_t *finding_json(const char *name, const struct finding *finding)
{
    return json_pack("{s:s, s:s, s:s, s:s?}", "step", name, "verdict",
                     verdict_names[finding->verdict], "detail", finding->detail, "remedy",
                     finding->remedy);
}

/* The exit status: 0, or that of the first step that failed. */
static int examine(struct patient *patient, json_t *report)
{
    int status = EXIT_DONE;
    for (int i = 0; i < STEP_COUNT; i++) {
        struct finding finding = {.verdict = VERDICT_SKIPPED};
        if (status == EXIT_DONE) {
            steps[i].check(patient, &finding);
        }
        if (report == NULL) {
            print_finding(steps[i].name, &finding);
        } else {
            json_array_append_new(report, finding_json(steps[i].name, &finding));
        }
        if (finding.verdict == VERDICT_FAILED) {
            status = EXIT_FIRST_STEP + i;
        }
    }
    return status;
}

static void dismiss(struct patient *patient)
{
    PQfinish(patient->conn);
    if (patient->socket >= 0) {
        close(patient->socket);
    }
    dsql_params_free(patient->params);
    dsql_credentials_unref(patient->provider);
}

int doctor_run(const struct command_line *line)
{
    struct patient patient = {.options = dsql_options_init(), .socket = -1};
    bool is_json = false;
    if (!target_read(line, &patient.options) || !command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    json_t *report = is_json ? json_array() : NULL;
    int status = examine(&patient, report);
    if (is_json) {
        json_dumpf(report, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
        json_decref(report);
    }
    dismiss(&patient);
    return fflush(stdout) == 0 ? status : EXIT_FAILED;
}
