/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/* Command tags: PostgreSQL's src/include/tcop/cmdtaglist.h. */
#include "proxy/statement_kind.h"

#include "base/memory.h"

/* A kind can have several tags. */
static const struct {
    enum statement_kind kind;
    const char *tag;
} tags[] = {
    {STATEMENT_BEGIN, "BEGIN"},
    {STATEMENT_BEGIN, "START TRANSACTION"},
    {STATEMENT_COMMIT, "COMMIT"},
    {STATEMENT_COMMIT, "PREPARE TRANSACTION"},
    {STATEMENT_COMMIT, "ROLLBACK"}, /* COMMIT of a failed transaction */
    {STATEMENT_ROLLBACK, "ROLLBACK"},
    {STATEMENT_SAVEPOINT, "SAVEPOINT"},
    {STATEMENT_RELEASE, "RELEASE"},
    {STATEMENT_UNDO_TO, "ROLLBACK"},
    {STATEMENT_SET, "SET"},
    {STATEMENT_SET_LOCAL, "SET"},
    {STATEMENT_SET_LOCAL, "SET CONSTRAINTS"},
    {STATEMENT_RESET, "RESET"},
    {STATEMENT_RESET, "SET"}, /* SET x TO DEFAULT */
    {STATEMENT_RESET_ALL, "RESET"},
    {STATEMENT_DISCARD_ALL, "DISCARD ALL"},
    {STATEMENT_DEALLOCATE, "DEALLOCATE"},
    {STATEMENT_DEALLOCATE_ALL, "DEALLOCATE ALL"},
    {STATEMENT_PREPARE, "PREPARE"},
};

void statement_effects_free(struct statement_effect *effects)
{
    while (effects != NULL) {
        struct statement_effect *next = effects->next;
        mem_free(effects->value);
        mem_free(effects);
        effects = next;
    }
}

bool statement_summary_is_undoable(const struct statement_summary *summary)
{
    return summary->count == 1 && summary->kind == STATEMENT_UNDOABLE && !summary->is_unclear;
}

/* CREATE, LISTEN and the others that keep the session have many tags: any will do. */
bool statement_kind_has_tag(enum statement_kind kind, struct text tag)
{
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (tags[i].kind == kind && text_equal_string(tag, tags[i].tag)) {
            return true;
        }
    }
    return kind == STATEMENT_KEEPS_SESSION;
}
