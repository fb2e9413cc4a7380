/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * The message is for people: the server's primary message, unchanged, and of the other fields what
 * helps to find the place.  The fields themselves are for programs.
 */
#include "connect/server_error.h"

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>

/* In bytes, so that what follows the primary message is not what is cut. */
enum { PRIMARY_SHOWN = 300, PLACE_SIZE = 110 };

static const char *field(const PGresult *res, int code)
{
    const char *value = PQresultErrorField(res, code);
    return value == NULL ? "" : value;
}

/* A DETAIL is a sentence with a full stop, but more text may follow it here. */
static struct text without_stop(const char *words)
{
    struct text text = text_of(words);
    return text_ends_with(text, ".") ? text_slice(text, 0, text.len - 1) : text;
}

/*
 * Only of a conflict: `dsql local` names the row there.  The DETAIL of another error may contain
 * values that do not belong in a log.
 */
static struct text shown_detail(const PGresult *res, dsql_status status)
{
    return without_stop(status == DSQL_ERR_OCC ? field(res, PG_DIAG_MESSAGE_DETAIL) : "");
}

/* The hint of a conflict is to run the transaction again, which is what the library does. */
static const char *shown_hint(const dsql_error *err, dsql_status status)
{
    return status == DSQL_ERR_OCC ? "" : err->hint;
}

/* Most primary messages name the constraint; one that a function raises may not. */
static void describe_place(const dsql_error *err, const char *primary, char place[PLACE_SIZE])
{
    place[0] = '\0';
    if (err->constraint_name[0] != '\0' && !text_contains(text_of(primary), err->constraint_name)) {
        snprintf(place, PLACE_SIZE, " (constraint \"%s\")", err->constraint_name);
    } else if (err->statement_position > 0) {
        snprintf(place, PLACE_SIZE, " at character %d", err->statement_position);
    }
}

static void copy_fields(const PGresult *res, dsql_error *err)
{
    error_set_sqlstate(err, PQresultErrorField(res, PG_DIAG_SQLSTATE));
    error_set_text(err->detail, sizeof err->detail, field(res, PG_DIAG_MESSAGE_DETAIL));
    error_set_text(err->hint, sizeof err->hint, field(res, PG_DIAG_MESSAGE_HINT));
    error_set_text(err->schema_name, sizeof err->schema_name, field(res, PG_DIAG_SCHEMA_NAME));
    error_set_text(err->table_name, sizeof err->table_name, field(res, PG_DIAG_TABLE_NAME));
    error_set_text(err->column_name, sizeof err->column_name, field(res, PG_DIAG_COLUMN_NAME));
    error_set_text(err->datatype_name, sizeof err->datatype_name,
                   field(res, PG_DIAG_DATATYPE_NAME));
    error_set_text(err->constraint_name, sizeof err->constraint_name,
                   field(res, PG_DIAG_CONSTRAINT_NAME));
    int64_t position = 0;
    if (text_to_int64(text_of(field(res, PG_DIAG_STATEMENT_POSITION)), 1, INT32_MAX, &position)) {
        err->statement_position = (int)position;
    }
}

dsql_status server_error_read(const PGresult *res, dsql_error *err)
{
    dsql_status status = dsql_result_occ(res) == DSQL_OCC_NONE ? DSQL_ERR_QUERY : DSQL_ERR_OCC;
    if (err == NULL) {
        return status;
    }
    *err = (dsql_error){.status = status};
    copy_fields(res, err);
    const char *primary = field(res, PG_DIAG_MESSAGE_PRIMARY);
    struct text detail = shown_detail(res, status);
    const char *hint = shown_hint(err, status);
    char place[PLACE_SIZE];
    describe_place(err, primary, place);
    bool is_alone = text_is_empty(detail) && place[0] == '\0' && *hint == '\0';
    size_t shown = text_utf8_prefix(text_of(primary), is_alone ? SIZE_MAX : PRIMARY_SHOWN);
    return fail_again(err, status, "%.*s%s%s%.*s%s%s", (int)shown, primary, place,
                      text_is_empty(detail) ? "" : ": ", (int)detail.len, detail.data,
                      *hint == '\0' ? "" : "; hint: ", hint);
}
