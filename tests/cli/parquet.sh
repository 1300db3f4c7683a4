#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Parquet files, read by readers that are not ours: pyarrow and DuckDB, as scripts/install-deps check has them.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

json_to_parquet=$top_builddir/tests/tools/json_to_parquet
readers=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}/readers/bin/python

# read_back CASE: tests/parquet/readers.py says what it holds
read_back() {
	"$readers" -c 'import duckdb, pyarrow' 2>/dev/null || skip "no pyarrow and DuckDB (scripts/install-deps check)"
	"$readers" "$top_srcdir/tests/parquet/readers.py" "$1" "$json_to_parquet"
}

test_all_types_in_all_compressions() {
	read_back types
}

test_dictionaries_where_they_are_of_use() {
	read_back dictionary
}

test_a_full_dictionary_falls_back_to_plain() {
	read_back fallback
}

test_no_rows_and_nothing_but_nulls() {
	read_back nothing
}

test_a_hundred_columns() {
	read_back columns
}

test_many_rows() {
	read_back rows
}

run_tests
