/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_header.c
 *	  What EXPLAIN has printed of a custom scan before it calls us.
 *
 * It is found by the name of the scan's provider, which has a random number:
 * names and literals of users are in the same text, but were there first.
 *
 * In the text format the header is the line with that name.  In the others it
 * is what follows the node's type, and there texts of users are escaped, so
 * that none can look like a property with its quotes or brackets.
 */
#include "postgres.h"

#include <ctype.h>

#include "dialect/explain_header.h"

/* How PostgreSQL prints properties, each format in its way. */
typedef struct Spelling
{
	const char *type;
	const char *output; /* begins a line */
	int			cut; /* where the text ends without it, from that break on */
} Spelling;

static const Spelling spellings[] = {
	[EXPLAIN_FORMAT_TEXT] = {"Custom Scan", "Output: ", 1},
	[EXPLAIN_FORMAT_XML] = {"<Node-Type>Custom Scan</Node-Type>", "<Output>",
							1},
	[EXPLAIN_FORMAT_JSON] = {"\"Node Type\": \"Custom Scan\"", "\"Output\": [",
							 -1},
	[EXPLAIN_FORMAT_YAML] = {"Node Type: \"Custom Scan\"", "Output: ", 0},
};

const CustomScanMethods *
explain_header_methods(void)
{
	CustomScanMethods *methods = palloc0(sizeof(CustomScanMethods));
	uint64			   number;

	if (!pg_strong_random(&number, sizeof(number)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate a random number")));
	methods->CustomName = psprintf("dsql_local " UINT64_FORMAT, number);
	return methods;
}

/* ---- Finding ---- */

/* From the end, which is near. */
static char *
last_occurrence(StringInfo text, const char *wanted)
{
	int len = strlen(wanted);

	for (int at = text->len - len; at >= 0; at--)
		if (memcmp(text->data + at, wanted, len) == 0)
			return text->data + at;
	elog(ERROR, "EXPLAIN has not printed \"%s\"", wanted);
}

static char *
start_of_line(StringInfo text, char *at)
{
	while (at > text->data && at[-1] != '\n')
		at--;
	return at;
}

/*
 * The node's type.  In the text format that is the first one in the line of
 * the provider; the node's output, which may follow, is a user's text.
 */
static char *
type_of(const ExplainState *es, const char *provider)
{
	const char *spelled = spellings[es->format].type;
	char	   *provided = last_occurrence(es->str, provider);

	if (es->format == EXPLAIN_FORMAT_TEXT)
		return strstr(start_of_line(es->str, provided), spelled);
	return last_occurrence(es->str, spelled);
}

/* The line break before the node's output, which is not always printed. */
static char *
break_before_output(char *header, const char *spelled)
{
	for (char *found = strchr(header, '\n'); found != NULL;
		 found = strchr(found + 1, '\n'))
		if (strncmp(found + 1 + strspn(found + 1, " "), spelled,
					strlen(spelled)) == 0)
			return found;
	return NULL;
}

/* ---- Changing ---- */

static void
cut_off(StringInfo text, const char *from)
{
	text->len = from - text->data;
	text->data[text->len] = '\0';
}

static void
replace(StringInfo text, char *from, const char *end, const char *new)
{
	char *rest = pstrdup(end);

	cut_off(text, from);
	appendStringInfoString(text, new);
	appendStringInfoString(text, rest);
	pfree(rest);
}

static void
cut_off_output(ExplainState *es, char *header)
{
	const Spelling *spelling = &spellings[es->format];
	char		   *found = break_before_output(header, spelling->output);

	if (found != NULL)
		cut_off(es->str, found + spelling->cut);
}

/* In the text format the provider is in parentheses after the name. */
static void
replace_text(ExplainState *es, const char *provider, const char *name)
{
	char *type = type_of(es, provider);

	replace(es->str, type,
			strstr(type, provider) + strlen(provider) + strlen(")"), name);
}

static void
replace_properties(ExplainState *es, const char *provider, const char *name)
{
	char *type = strstr(type_of(es, provider), "Custom Scan");
	char *line;

	replace(es->str, type, type + strlen("Custom Scan"), name);
	line = start_of_line(es->str, last_occurrence(es->str, provider));
	replace(es->str, line, strchr(line, '\n') + 1, "");
}

void
explain_header_replace(ExplainState *es, const char *provider,
					   const char *name)
{
	cut_off_output(es, type_of(es, provider));
	if (es->format == EXPLAIN_FORMAT_TEXT)
		replace_text(es, provider, name);
	else
		replace_properties(es, provider, name);
}

/* In YAML the dash of the group's first property stays. */
void
explain_header_take_back(ExplainState *es, const char *provider)
{
	char *start = type_of(es, provider);

	if (es->format == EXPLAIN_FORMAT_TEXT)
		start = start_of_line(es->str, start);
	while (es->format == EXPLAIN_FORMAT_XML && start[-1] == ' ')
		start--;
	while (es->format == EXPLAIN_FORMAT_JSON &&
		   isspace((unsigned char) start[-1]))
		start--;
	cut_off(es->str, start);
	if (es->format == EXPLAIN_FORMAT_JSON || es->format == EXPLAIN_FORMAT_YAML)
		linitial_int(es->grouping_stack) = 0;
}
