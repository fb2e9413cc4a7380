/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * What messages that are under way will change: which statements a client and a server connection
 * have.  A change is noted when its message is sent, and settled by the answer.
 */
#ifndef DSQL_PROXY_STATEMENT_CHANGES_H
#define DSQL_PROXY_STATEMENT_CHANGES_H

#include "proxy/answers.h"
#include "proxy/client_statements.h"
#include "proxy/server_statements.h"

/** A client and the server connection that it has.  The parts belong to the caller. */
struct statements {
    struct statement_cache *cache;
    struct client_statements *client;
    struct server_statements *server;
    struct answers *answers; /* made with statements_settled() and this */
    uint64_t settings;       /* a hash of the client's parameters */
    struct lexer_rules rules;
    uint64_t batch;            /* counts Syncs ... */
    uint64_t period;           /* ... and these all messages that ReadyForQuery answers, ... */
    uint64_t settled;          /* ... up to here it has come */
    unsigned name_changes;     /* SQL that changes what names mean, under way */
    unsigned setting_changes;  /* SQL that changes settings, under way */
    bool are_settings_unknown; /* changed, and ReadyForQuery, with the reports, has not come */
    bool has_changed_settings; /* since the transaction began, whose end may undo it */
    bool is_again;             /* the client's request is sent again: a Parse is no duplicate */
    bool has_freed;            /* names of the client are not in use any more */
    bool is_unclear;           /* effects cannot be followed: too many portals */
};

/** What the answer to a message will change.  The subject of its entry in the queue. */
struct statement_change {
    struct statement_slot *client_slot; /* NULL: none of these */
    struct server_statement *server_entry;
    struct statement_slot *server_unnamed;
    struct statement *statement;        /* a reference: what will be on the server; NULL: nothing */
    struct statement *client_statement; /* the same for the slot of the client */
    /* Of Execute and Query. */
    struct statement *executed;             /* a reference, or NULL */
    struct statement_effect *own_effects;   /* of a Query, to be freed */
    const struct statement_effect *effects; /* those that have not happened yet */
    bool is_unclear;                        /* see statement_summary */
    bool changes_names;
    bool changes_settings;
};

/**
 * Applies to the slots what is about to be sent, and expects the answer that settles it.  made: for
 * the action, or empty.  False: there is no memory, or too much is under way.  That ends the
 * session, so the slots need not be right then.
 */
bool statements_expect_change(struct statements *statements, enum answer_kind kind,
                              enum answer_action action, struct text made,
                              const struct statement_change *wanted);

/** The callback of the queue of answers; arg is a struct statements. */
void statements_settled(void *arg, const struct answer *answer, enum answer_outcome outcome);

/**
 * A statement of the head of the queue was completed with this tag.  Returns the effects that
 * happened, in order; call again for the next until NULL.  The connection and the client have
 * forgotten the statements that it has deallocated.
 */
const struct statement_effect *statements_completed(struct statements *statements, struct text tag,
                                                    bool *is_first);

/** An error of the server to what the head of the queue is. */
void statements_error(struct statements *statements, struct text sqlstate);

/**
 * ReadyForQuery: ends portals if there is no transaction, frees what is not in use.  period: the
 * number of the answer that it ends; UINT64_MAX: the connection is taken back.
 */
void statements_ready(struct statements *statements, char status, uint64_t period);

#endif
