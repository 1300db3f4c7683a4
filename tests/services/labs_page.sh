#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sluice-labs(7), typed from its beginning to its end, and nothing but that: services that it starts itself, all labs one
# after another, and what scripts/labs compares.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/labs/page.sh
. "$top_srcdir/tests/labs/page.sh"

unset BOOTSTRAP_SERVERS "${!AWS_@}" "${!OPENSEARCH_@}"

# what a user would type into bash; the end of a lab is where its files are compared
typed() {
	local name
	page_display services start
	for name in $(page_names lab); do
		page_display lab "$name"
		echo "echo $name >>\"\$TMPDIR\"/ended"
	done
	echo "pwd >\"\$TMPDIR\"/where"
	page_display services stop
}

has_all_services() {
	local service
	for service in kafka versitygw opensearch dynamodb lambda; do
		"$top_srcdir/scripts/services" fetch $service >fetched 2>&1 || skip "without $service: $(tail -n 1 fetched)"
	done
	PATH=$PATH:$top_srcdir/tests/labs/bin duckdb -jsonlines -c 'SELECT 1' >/dev/null 2>&1 || skip "there is no DuckDB"
}

# compared DIR: the rows of all labs
compared() (
	cd "$1"
	sed -n 's/^\t*compare //p' "$top_srcdir"/tests/labs/[1-9]-*.sh | while read -r words; do
		eval "python3 -B \"\$top_srcdir\"/tests/labs/compare.py $words" || echo "compare $words"
	done
)

test_page_is_enough() {
	local status=0
	has_all_services
	typed >typed.sh
	: >ended
	# OpenSearch's own script minds blanks there
	export SLUICE_SERVICES_DIR=${scratch:?}/services SLUICE_SERVICES_WAIT=300 BUILD=$top_builddir TMPDIR=$PWD
	(cd "$top_srcdir" && exec bash -euo pipefail "$TMPDIR/typed.sh") >out 2>&1 || status=$?
	[ $status = 0 ] || fail "status $status behind lab $(paste -sd' ' ended): $(tail -n 20 out)"
	[ -z "$(ls "$SLUICE_SERVICES_DIR" 2>/dev/null)" ] || fail "left: $(ls "$SLUICE_SERVICES_DIR")"
	compared "$(cat where)" >table
	awk -F'\t' 'NF != 3 || $2 "" != $3 ""' table >bad
	[ "$(wc -l <table)" -gt 70 ] && [ ! -s bad ] || fail "$(cat bad)"
}

# what a page that ends half-way has left
end_of_tests() {
	SLUICE_SERVICES_DIR=$scratch/services "$top_srcdir/scripts/services" stop all >/dev/null 2>&1
}

run_tests
