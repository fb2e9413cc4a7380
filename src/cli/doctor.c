/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql doctor: runs the steps of a connection (doctor_steps.h) and reports on each.  A step
 * that fails does not end the examination: only the steps that need it are skipped.
 */
#include "base/message_code.h"
#include "cli/commands.h"
#include "cli/doctor_steps.h"
#include "cli/target.h"

#include <jansson.h>

#include <stdio.h>

enum { EXIT_FIRST_STEP = 10 }; /* exit status if the first step is the first that fails */

static const char *const verdict_names[] = {"ok", "warning", "failed", "skipped"};

/* ---- Report ---- */

/* The detail says more than the remedy, which many causes share.  NULL if there is nothing wrong.
 */
static const char *code_of(const struct finding *finding)
{
    if (finding->verdict != VERDICT_FAILED && finding->verdict != VERDICT_WARNING) {
        return NULL;
    }
    const char *code = message_code(text_of(finding->detail));
    if (code[0] == '\0') {
        code = message_code(text_of(finding->remedy));
    }
    return code[0] == '\0' ? NULL : code;
}

/* The remedy is under the detail, so that the columns stay readable. */
static void print_finding(const char *name, const struct finding *finding)
{
    const char *code = code_of(finding);
    printf("%-12s %-8s %s", name, verdict_names[finding->verdict], finding->detail);
    if (code != NULL) {
        printf(" [%s]", code);
    }
    putchar('\n');
    if (finding->remedy != NULL) {
        printf("%21s -> %s\n", "", finding->remedy);
    }
    fflush(stdout); /* the next step may take seconds */
}

static json_t *finding_json(const char *name, const struct finding *finding)
{
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "step", name, "verdict",
                     verdict_names[finding->verdict], "detail", finding->detail, "remedy",
                     finding->remedy, "code", code_of(finding));
}

/* In JSON nothing is printed before the end: half an array would not be JSON. */
static void report_finding(const char *name, const struct finding *finding, json_t *report)
{
    if (report == NULL) {
        print_finding(name, finding);
    } else {
        json_array_append_new(report, finding_json(name, finding));
    }
}

/* ---- Examination ---- */

/*
 * The step whose failure makes this one pointless; NULL if there is none.  blame[i] is the step
 * that failed or made step i pointless.  So a step that was skipped passes its obstacle on, and
 * the last step still names the first cause.
 */
static const struct doctor_step *find_obstacle(const struct doctor_step *step,
                                               const struct doctor_step *const blame[DOCTOR_STEPS])
{
    for (int i = 0; i < DOCTOR_STEPS; i++) {
        if ((step->needs & 1U << i) != 0 && blame[i] != NULL) {
            return blame[i];
        }
    }
    return NULL;
}

/*
 * Returns 0, or the exit status of the first step that failed.  Later steps go on after a failure
 * if they do not need the failed one: two causes at once (a clock and a firewall) are common, and
 * the second should not need a second run.
 */
static int examine(struct diagnosis *diagnosis, json_t *report)
{
    const struct doctor_step *blame[DOCTOR_STEPS] = {NULL};
    int status = EXIT_DONE;
    for (int i = 0; i < DOCTOR_STEPS; i++) {
        const struct doctor_step *step = &doctor_steps[i];
        struct finding finding = {.verdict = VERDICT_SKIPPED};
        blame[i] = find_obstacle(step, blame);
        if (blame[i] == NULL) {
            step->check(diagnosis, &finding);
        } else {
            snprintf(finding.detail, sizeof finding.detail, "because %s failed", blame[i]->name);
        }
        report_finding(step->name, &finding, report);
        if (finding.verdict == VERDICT_FAILED) {
            blame[i] = step;
            status = status == EXIT_DONE ? EXIT_FIRST_STEP + i : status;
        }
    }
    return status;
}

/*
 * Exit status 2 is for the command line, 1 for output that could not be written; 10 and above are
 * the findings.
 */
int doctor_run(const struct command_line *line)
{
    struct diagnosis diagnosis;
    bool is_json = false;
    diagnosis_init(&diagnosis);
    if (!target_read(line, &diagnosis.options) || !command_wants_json(line, &is_json)) {
        return EXIT_USAGE;
    }
    json_t *report = is_json ? json_array() : NULL;
    int status = examine(&diagnosis, report);
    if (is_json) {
        json_dumpf(report, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
        json_decref(report);
    }
    diagnosis_clear(&diagnosis);
    return status;
}
