/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * types.c
 *	  Which types a column may have, and which a key, and its collation.
 *
 * The lists are the service's.  Any other type of PostgreSQL may be used while
 * a query runs, but not stored; the geometric ones not even then.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "dialect/refuse.h"
#include "dialect/types.h"
#include "nodes/value.h"
#include "parser/parse_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Bytes, as declared. */
#define CHAR_MAX_LENGTH	   4096
#define VARCHAR_MAX_LENGTH 65535
#define KEY_MAX_LENGTH	   2000

/* Of a numeric that is declared without. */
#define NUMERIC_PRECISION 18
#define NUMERIC_SCALE	  6

static const Oid stored[] = {
	INT2OID,		INT4OID,   INT8OID,		 FLOAT4OID,	  FLOAT8OID,
	NUMERICOID,		BPCHAROID, VARCHAROID,	 TEXTOID,	  DATEOID,
	TIMEOID,		TIMETZOID, TIMESTAMPOID, INTERVALOID, BOOLOID,
	TIMESTAMPTZOID, BYTEAOID,  UUIDOID,		 JSONOID,	  JSONBOID,
};

static const Oid not_in_keys[] = {
	JSONOID, JSONBOID, BYTEAOID, INTERVALOID, TIMETZOID,
};

/* Types of which there is no value, and their arrays. */
static const Oid geometric[] = {
	POINTOID,	 LSEGOID,		  PATHOID,		 BOXOID,		 POLYGONOID,
	LINEOID,	 CIRCLEOID,		  POINTARRAYOID, LSEGARRAYOID,	 PATHARRAYOID,
	BOXARRAYOID, POLYGONARRAYOID, LINEARRAYOID,	 CIRCLEARRAYOID,
};

static bool
is_among(Oid type, const Oid *types, int count)
{
	for (int i = 0; i < count; i++)
		if (types[i] == type)
			return true;
	return false;
}

static void
check_length(const char *shown, int32 typmod, int max)
{
	if (typmod - VARHDRSZ > max)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("Datatype limit greater than %d bytes not supported "
						"for %s",
						max, shown)));
}

void
dialect_types_check_column(Oid type, int32 typmod)
{
	if (!is_among(type, stored, lengthof(stored)) &&
		get_typtype(type) != TYPTYPE_DOMAIN)
		dialect_refuse("datatype %s not supported", format_type_be(type));
	if (type == BPCHAROID)
		check_length("char", typmod, CHAR_MAX_LENGTH);
	if (type == VARCHAROID)
		check_length("varchar", typmod, VARCHAR_MAX_LENGTH);
}

Oid
dialect_types_check(TypeName *name, int32 *typmod)
{
	Oid type;

	typenameTypeIdAndMod(NULL, name, &type, typmod);
	dialect_types_check_column(type, *typmod);
	return type;
}

/* Row types are the types of tables, which functions may take and return. */
void
dialect_types_check_of_function(Oid type)
{
	Oid base = getBaseType(type);

	if (type == VOIDOID || type == RECORDOID ||
		get_typtype(base) == TYPTYPE_COMPOSITE)
		return;
	if (!is_among(base, stored, lengthof(stored)))
		dialect_refuse("datatype %s not supported", format_type_be(type));
}

void
dialect_types_check_key(Oid type, int32 typmod)
{
	Oid base = getBaseTypeAndTypmod(type, &typmod);

	if (!is_among(base, stored, lengthof(stored)) ||
		is_among(base, not_in_keys, lengthof(not_in_keys)))
		dialect_refuse("datatype %s is not supported in a key",
					   format_type_be(type));
	if ((base == BPCHAROID || base == VARCHAROID) &&
		typmod - VARHDRSZ > KEY_MAX_LENGTH)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("key size greater than %d bytes not supported",
							   KEY_MAX_LENGTH)));
}

void
dialect_types_check_collation(Oid collation)
{
	static const char *const names[] = {"default", "C", "POSIX", "ucs_basic"};
	const char				*name = get_collation_name(collation);

	for (int i = 0; name != NULL && i < lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return;
	dialect_refuse("COLLATE clause not supported");
}

void
dialect_types_check_value(Oid type)
{
	if (is_among(type, geometric, lengthof(geometric)))
		dialect_refuse("datatype %s not supported", format_type_be(type));
}

static Node *
integer_constant(int value)
{
	A_Const *constant = makeNode(A_Const);

	constant->val.ival.type = T_Integer;
	constant->val.ival.ival = value;
	constant->location = -1;
	return (Node *) constant;
}

void
dialect_types_complete_numeric(TypeName *name)
{
	bool is_numeric =
		list_length(name->names) == 2 &&
		strcmp(strVal(linitial(name->names)), "pg_catalog") == 0 &&
		strcmp(strVal(lsecond(name->names)), "numeric") == 0;

	if (!is_numeric || name->typmods != NIL || name->arrayBounds != NIL)
		return;
	name->typmods = list_make2(integer_constant(NUMERIC_PRECISION),
							   integer_constant(NUMERIC_SCALE));
}
