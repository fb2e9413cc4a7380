/* Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0 */
/*
 * functions_16.c
 *	  Functions of PostgreSQL 16, for a cluster on PostgreSQL 15.
 *
 * sys/cluster.sql creates them in pg_catalog where the server lacks them, and
 * writes in SQL what can be written in SQL.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "parser/parse_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"

PG_FUNCTION_INFO_V1(dsql_any_value);
PG_FUNCTION_INFO_V1(dsql_array_sample);
PG_FUNCTION_INFO_V1(dsql_array_shuffle);
PG_FUNCTION_INFO_V1(dsql_erf);
PG_FUNCTION_INFO_V1(dsql_erfc);
PG_FUNCTION_INFO_V1(dsql_input_error_info);
PG_FUNCTION_INFO_V1(dsql_input_is_valid);

/* ---- Numbers, and the first of some values ---- */

Datum
dsql_erf(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(erf(PG_GETARG_FLOAT8(0)));
}

Datum
dsql_erfc(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(erfc(PG_GETARG_FLOAT8(0)));
}

/* The transition function of any_value(): keeps the first value. */
Datum
dsql_any_value(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* ---- Arrays: items are what the first dimension counts ---- */

static void
swap_items(Datum *values, bool *nulls, int size, int a, int b)
{
	for (int i = 0; i < size; i++)
	{
		Datum value = values[a * size + i];
		bool  null = nulls[a * size + i];

		values[a * size + i] = values[b * size + i];
		nulls[a * size + i] = nulls[b * size + i];
		values[b * size + i] = value;
		nulls[b * size + i] = null;
	}
}

/*
 * count items of the array, drawn without repetition: the beginning of a
 * Fisher-Yates shuffle.  The items have lower_bound in the new array.
 */
static ArrayType *
draw_items(ArrayType *array, int count, int lower_bound)
{
	int	   items = ARR_DIMS(array)[0];
	int	   dims[MAXDIM];
	int	   bounds[MAXDIM];
	int	   size;
	int	   elements;
	Datum *values;
	bool  *nulls;
	int16  typlen;
	bool   typbyval;
	char   typalign;

	get_typlenbyvalalign(ARR_ELEMTYPE(array), &typlen, &typbyval, &typalign);
	deconstruct_array(array, ARR_ELEMTYPE(array), typlen, typbyval, typalign,
					  &values, &nulls, &elements);
	size = elements / items;
	for (int i = 0; i < count; i++)
		swap_items(
			values, nulls, size, i,
			(int) pg_prng_uint64_range(&pg_global_prng_state, i, items - 1));
	memcpy(dims, ARR_DIMS(array), ARR_NDIM(array) * sizeof(int));
	memcpy(bounds, ARR_LBOUND(array), ARR_NDIM(array) * sizeof(int));
	dims[0] = count;
	bounds[0] = lower_bound;
	return construct_md_array(values, nulls, ARR_NDIM(array), dims, bounds,
							  ARR_ELEMTYPE(array), typlen, typbyval, typalign);
}

Datum
dsql_array_shuffle(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);

	if (ARR_NDIM(array) < 1 || ARR_DIMS(array)[0] < 2)
		PG_RETURN_ARRAYTYPE_P(array);
	PG_RETURN_ARRAYTYPE_P(
		draw_items(array, ARR_DIMS(array)[0], ARR_LBOUND(array)[0]));
}

Datum
dsql_array_sample(PG_FUNCTION_ARGS)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
	int		   count = PG_GETARG_INT32(1);
	int		   items = ARR_NDIM(array) < 1 ? 0 : ARR_DIMS(array)[0];

	if (count < 0 || count > items)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample size must be between 0 and %d", items)));
	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(ARR_ELEMTYPE(array)));
	PG_RETURN_ARRAYTYPE_P(draw_items(array, count, 1));
}

/* ---- Is a text the value of a type? ---- */

/* What is not the input's fault is not an answer. */
static bool
is_fault_of_input(const ErrorData *error)
{
	int category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category != ERRCODE_INSUFFICIENT_RESOURCES &&
		   category != ERRCODE_OPERATOR_INTERVENTION &&
		   category != ERRCODE_SYSTEM_ERROR &&
		   category != ERRCODE_INTERNAL_ERROR;
}

/*
 * PostgreSQL 15 has no input functions that return their error.  Theirs is
 * raised in a subtransaction, which is then rolled back.  Returns NULL if
 * there is none.
 */
static ErrorData *
find_error(FmgrInfo *input, char *value, Oid argument, int32 typmod)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		(void) InputFunctionCall(input, value, argument, typmod);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	if (error != NULL && !is_fault_of_input(error))
		ReThrowError(error);
	return error;
}

/* Of the arguments (value text, type text). */
static ErrorData *
find_error_of_call(FunctionCallInfo fcinfo)
{
	char	*value = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	*type_name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid		 type;
	int32	 typmod;
	Oid		 function;
	Oid		 argument;
	FmgrInfo input;

	parseTypeString(type_name, &type, &typmod, false);
	getTypeInputInfo(type, &function, &argument);
	fmgr_info(function, &input);
	return find_error(&input, value, argument, typmod);
}

Datum
dsql_input_is_valid(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(find_error_of_call(fcinfo) == NULL);
}

static void
set_text(Datum *value, bool *is_null, const char *text)
{
	*is_null = text == NULL;
	*value = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* One row: message, detail, hint, sql_error_code; of NULLs without an error.
 */
Datum
dsql_input_error_info(PG_FUNCTION_ARGS)
{
	TupleDesc  desc;
	ErrorData *error;
	Datum	   values[4] = {0};
	bool	   nulls[4] = {true, true, true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	error = find_error_of_call(fcinfo);
	if (error != NULL)
	{
		set_text(&values[0], &nulls[0], error->message);
		set_text(&values[1], &nulls[1], error->detail);
		set_text(&values[2], &nulls[2], error->hint);
		set_text(&values[3], &nulls[3], unpack_sql_state(error->sqlerrcode));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
