/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * dsql_job_wait(): polls sys.jobs.  The server's sys.wait_for_job() has no time limit, and it
 * would keep a connection busy for as long as the job runs.
 */
#include "base/cancellation.h"
#include "base/error.h"
#include "base/text.h"
#include "pool/pool.h"
#include "transaction/exec.h"

enum {
    JOB_ID_LEN = 26, /* a UUID in base32 */
    FIRST_WAIT_MS = 100,
    LONGEST_WAIT_MS = 2000
};

enum job_state { JOB_RUNNING, JOB_COMPLETED, JOB_FAILED };

/* On the stack of dsql_job_wait(), which has pinned the pool. */
struct job {
    dsql_pool *pool;
    const char *id;
    struct transaction_settings settings;
    const struct clock *clock;
    int64_t deadline_ms; /* -1: none */
};

/*
 * RFC 4648, in lower case and without padding.  Checked here so that a misspelt id is a usage
 * error at once, and not "not found" after a round trip.
 */
static bool is_job_id(const char *id)
{
    struct text text = text_of(id);
    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = text.data[i] >= '2' && text.data[i] <= '7';
        if (!char_is_lower(text.data[i]) && !is_digit) {
            return false;
        }
    }
    return text.len == JOB_ID_LEN;
}

/* -1: no limit. */
static int64_t time_left_ms(const struct job *job)
{
    if (job->deadline_ms < 0) {
        return -1;
    }
    int64_t left_ms = job->deadline_ms - clock_monotonic_ms(job->clock);
    return left_ms > 0 ? left_ms : 0;
}

/* details is the server's text, and may be empty. */
static enum job_state fail_job(dsql_error *err, const struct job *job, const char *what,
                               const char *details)
{
    fail(err, DSQL_ERR_QUERY, "job %s: %s%s%s", job->id, what, details[0] == '\0' ? "" : ": ",
         details);
    return JOB_FAILED;
}

/* An unknown state is a failure: it could be a final one, and waiting would never end. */
static enum job_state state_of(const struct job *job, const PGresult *result, dsql_error *err)
{
    if (PQntuples(result) == 0) {
        return fail_job(err, job,
                        "not found in sys.jobs, which forgets finished jobs after about 30 minutes",
                        "");
    }
    struct text status = text_of(PQgetvalue(result, 0, 0));
    if (text_equal_string(status, "completed")) {
        return JOB_COMPLETED;
    }
    if (text_equal_string(status, "submitted") || text_equal_string(status, "processing")) {
        return JOB_RUNNING;
    }
    return fail_job(err, job, PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
}

/*
 * Reads the state once; its retries end with the caller's time limit.  changes_nothing lets it
 * run again after a lost connection.  0 ms left still gives it one attempt.
 */
static enum job_state read_state(const struct job *job, dsql_error *err)
{
    struct transaction_settings settings = job->settings;
    int64_t left_ms = time_left_ms(job);
    int limit_ms = settings.retry.timeout_ms;
    if (left_ms >= 0 && (limit_ms < 0 || left_ms < limit_ms)) {
        settings.retry.timeout_ms = (int)left_ms;
    }
    const struct statement statement = {
        .sql = "SELECT status, details FROM sys.jobs WHERE job_id = $1",
        .param_count = 1,
        .params = &job->id,
        .changes_nothing = true,
    };
    PGresult *result = exec_statement(job->pool, &settings, &statement, err);
    if (result == NULL) {
        return JOB_FAILED;
    }
    enum job_state state = state_of(job, result, err);
    PQclear(result);
    return state;
}

/*
 * Waits in a doubling series, cut off at the deadline, so the state is read once more at the very
 * end.  No connection is held during a wait.
 */
static dsql_status wait_for(const struct job *job, int timeout_ms, dsql_error *err)
{
    dsql_error reason = {0};
    int64_t wait_ms = FIRST_WAIT_MS;
    enum job_state state = read_state(job, &reason);
    while (state == JOB_RUNNING) {
        int64_t left_ms = time_left_ms(job);
        if (left_ms == 0) {
            return fail(err, DSQL_ERR_TIMEOUT, "job %s is still running after %d ms", job->id,
                        timeout_ms);
        }
        bool is_last = left_ms > 0 && left_ms < wait_ms;
        clock_sleep_ms(job->clock, is_last ? left_ms : wait_ms);
        wait_ms = wait_ms > LONGEST_WAIT_MS / 2 ? LONGEST_WAIT_MS : wait_ms * 2;
        state = read_state(job, &reason);
    }
    if (state == JOB_COMPLETED) {
        return DSQL_OK;
    }
    if (err != NULL) {
        *err = reason;
    }
    return reason.status;
}

static dsql_status check_arguments(const dsql_pool *pool, const char *job_id, int timeout_ms,
                                   dsql_error *err)
{
    if (pool == NULL || job_id == NULL) {
        return fail(err, DSQL_ERR_USAGE, "dsql_job_wait(): pool and job_id must not be NULL");
    }
    if (!is_job_id(job_id)) {
        return fail(err, DSQL_ERR_USAGE,
                    "invalid job id: it must have 26 characters of a-z and 2-7, as CREATE INDEX "
                    "ASYNC returns it");
    }
    if (timeout_ms < -1) {
        return fail(err, DSQL_ERR_USAGE, "dsql_job_wait(): timeout_ms is %d; it must be -1 or more",

                    timeout_ms);
    }
    return DSQL_OK;
}

/*
 * Pinned, because between two reads the pool would otherwise look unused, and dsql_pool_close()
 * would free it.
 */
dsql_status dsql_job_wait(dsql_pool *pool, const char *job_id, int timeout_ms, dsql_error *err)
{
    HOLD_CANCELLATION();
    dsql_status status = check_arguments(pool, job_id, timeout_ms, err);
    if (status != DSQL_OK) {
        return status;
    }
    const struct pool_parts *parts = pool_parts(pool);
    struct job job = {
        .pool = pool,
        .id = job_id,
        .settings = {.retry = parts->retry, .place = "dsql_job_wait()"},
        .clock = parts->clock,
        .deadline_ms = timeout_ms < 0 ? -1 : clock_monotonic_ms(parts->clock) + timeout_ms,
    };
    pool_pin(pool);
    status = wait_for(&job, timeout_ms, err);
    pool_unpin(pool);
    return status;
}
