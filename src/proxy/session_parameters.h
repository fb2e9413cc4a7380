/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client has SET follows it from one server connection to the next.  Before a connection is
 * lent, the parameters in which it differs from the client are set, in one flight.  Known are
 *   - parameters that the server reports (ParameterStatus), however they were set;
 *   - those of SET, RESET and DISCARD ALL statements that succeeded, when their transaction is
 *     committed.
 * What cannot be seen: set_config() of a parameter that is not reported, and SET inside a function
 * or procedure.  SET LOCAL ends with the transaction, and with it before the connection is given
 * back.
 *
 * Source: PostgreSQL manual, "SET", "RESET", and "Message Flow", "Asynchronous Operations".
 */
#ifndef DSQL_PROXY_SESSION_PARAMETERS_H
#define DSQL_PROXY_SESSION_PARAMETERS_H

#include "base/buf.h"
#include "proxy/parameter_list.h"
#include "proxy/statement_kind.h"
#include "sql/lexer.h"

struct parameter_snapshot {
    char savepoint[STATEMENT_NAME_SIZE]; /* "": the beginning of the transaction */
    struct parameter_list list;
};

/** The parameters of one side, with what they were at each savepoint. */
struct parameter_state {
    struct parameter_list list;           /* those that differ from the defaults */
    struct parameter_snapshot *snapshots; /* from the beginning of the transaction on */
    size_t snapshot_count;
};

/** What a fresh session of this cluster, role and database reports: shared by all of its clients.
 */
struct parameter_defaults {
    struct parameter_list reported;
};

/** One client. */
struct session_parameters {
    const struct parameter_defaults *defaults;
    struct parameter_state state;
    struct parameter_list base;   /* of its startup message: RESET leads back to them */
    struct parameter_list resets; /* reported ones of base whose last change was RESET */
    struct parameter_list shown;  /* what the client was told, where it differs from defaults */
    struct lexer_rules rules;     /* of session_parameters_rules() ... */
    struct {
        uint64_t own;
        uint64_t reported;
    } rules_of; /* ... at these fingerprints */
};

/** One server connection. */
struct server_parameters {
    const struct parameter_defaults *defaults;
    struct parameter_state state;
};

void session_parameters_init(struct session_parameters *client,
                             const struct parameter_defaults *defaults);
void session_parameters_clear(struct session_parameters *client);
void server_parameters_init(struct server_parameters *server,
                            const struct parameter_defaults *defaults);
void server_parameters_clear(struct server_parameters *server);

/** A parameter of the client's startup message, or one -c option of "options".  False: no memory.
 */
bool session_parameters_start(struct session_parameters *client, struct text name,
                              struct text value) __attribute__((warn_unused_result));

/** A ParameterStatus that the client got with its login.  False: no memory. */
bool session_parameters_show(struct session_parameters *client, struct text name, struct text value)
    __attribute__((warn_unused_result));

/**
 * A ParameterStatus of a server's login.  The first connection makes the defaults; those of a later
 * one that differ are noted, so that they are set.  False: no memory.
 */
bool server_parameters_login(struct server_parameters *server, struct parameter_defaults *defaults,
                             struct text name, struct text value)
    __attribute__((warn_unused_result));

/** Whether the connection must be set up before it is lent to the client. */
bool session_parameters_differ(const struct session_parameters *client,
                               const struct server_parameters *server);

/**
 * Appends the Query messages that set the connection up, and notes that it is.  Returns how many,
 * each of which is answered by ReadyForQuery.  If one fails, the connection must be closed.
 * SIZE_MAX: no memory.
 */
size_t session_parameters_set_up(struct session_parameters *client,
                                 struct server_parameters *server, struct buf *out);

/**
 * A ParameterStatus while the connection is lent or set up.  *is_news: the client does not know it
 * and must get it.  False: no memory.
 */
bool session_parameters_report(struct session_parameters *client, struct server_parameters *server,
                               struct text name, struct text value, bool *is_news)
    __attribute__((warn_unused_result));

/** A statement with this effect succeeded.  False: no memory. */
bool session_parameters_apply(struct session_parameters *client, struct server_parameters *server,
                              const struct statement_effect *effect)
    __attribute__((warn_unused_result));

/** ReadyForQuery with status 'I'.  is_failed: the last statement failed, and with it the implicit
    transaction that it was in. */
bool session_parameters_end_transaction(struct session_parameters *client,
                                        struct server_parameters *server, bool is_failed)
    __attribute__((warn_unused_result));

/** How the client's texts are to be read. */
struct lexer_rules session_parameters_rules(struct session_parameters *client);

#endif
