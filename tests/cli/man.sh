#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The manual: pages without a fault, the options of --help and no others, examples that work.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"

test_every_tool_has_a_page() {
	local tool
	for tool in $tools; do
		[ -s "$pages/$tool.1" ] || fail "no page of $tool"
		grep -q "^\.It Xr $tool 1" "$pages/sluice.7" || fail "sluice(7) does not know $tool"
	done
	# and every program that is built is one of them
	sed -n 's/^bin_PROGRAMS += //p' "$top_srcdir"/tools/*/local.mk | tr ' ' '\n' | sort >built
	tr ' ' '\n' <<<"$tools" | sort >known
	[ -z "$(comm -23 built known)" ] || fail "no page of $(comm -23 built known)"
}

test_pages_are_without_fault() {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	mandoc -T lint -W warning "$pages"/*.[17] || fail "see above"
}

test_pages_are_installed() {
	local page
	for page in "$pages"/*.[17]; do
		grep -qx "dist_man_MANS += man/${page##*/}" "$pages/local.mk" || fail "${page##*/} is not in man/local.mk"
	done
}

test_options_are_those_of_help() {
	local tool
	for tool in $tools; do
		help_options "$tool" >help
		[ "$(wc -l <help)" -gt 10 ] || fail "$tool --help lists nothing"
		# each row of the table is one line of --help that begins an option
		[ "$(help_rows "$tool" | grep -cE '^ {2,6}(-., )?--')" = "$(wc -l <help)" ] ||
			fail "a line of $tool --help was not understood"
		page_options "$pages/$tool.1" >page
		sort help >help.sorted
		sort page >page.sorted
		expect_same help.sorted page.sorted
	done
}

# sluice(7) describes options that every tool with that option has in this form
test_common_options_are_common() {
	local option
	for tool in $tools; do help_options "$tool"; done | sort -u >all
	page_options "$pages/sluice.7" >page
	while read -r option; do
		grep -qxF -- "$option" all || fail "sluice(7): no tool has $option"
	done <page
}

test_sections_that_every_page_has() {
	local tool section
	for tool in $tools; do
		for section in NAME SYNOPSIS DESCRIPTION DELIVERY ENVIRONMENT FILES 'EXIT STATUS' EXAMPLES \
			DIAGNOSTICS 'SEE ALSO' CAVEATS; do
			grep -qx "\.Sh $section" "$pages/$tool.1" || fail "$tool(1) has no $section"
		done
	done
}

test_exit_statuses_are_documented() {
	local status
	for status in $(sed -nE 's/^\tERR_[A-Z_]+ = ([0-9]+),.*/\1/p' "$top_srcdir/common/base/err.h"); do
		grep -qx "\.It $status" "$pages/sluice.7" || fail "sluice(7) lacks $status"
	done
}

# AWS_ENDPOINT_URL_SERVICE stands in the code as the beginning of a name
test_variables_of_aws_are_documented() {
	local variable
	grep -ohE '"AWS_[A-Z0-9_]*[A-Z0-9]"' "$top_srcdir"/common/aws/*.c | tr -d '"' | sort -u >variables
	[ "$(wc -l <variables)" -gt 20 ] || fail "they are not found in the code"
	while read -r variable; do
		grep -qw -- "$variable" "$pages/sluice.7" || fail "sluice(7) lacks $variable"
	done <variables
}

test_examples_of_sluice() {
	run_examples "$pages/sluice.7" pipe
}

test_examples_of_record_stream() {
	run_examples "$pages/record-stream.7" pipe
}

test_examples_of_s3_to_kafka() {
	run_examples "$pages/s3-to-kafka.1" pipe
}

test_examples_of_gen_to_kafka() {
	run_examples "$pages/gen-to-kafka.1" pipe
}

test_examples_of_kafka_window() {
	run_examples "$pages/kafka-window.1" pipe
}

test_examples_of_kafka_to_s3() {
	run_examples "$pages/kafka-to-s3.1" pipe
}

test_examples_of_kafka_to_lambda() {
	run_examples "$pages/kafka-to-lambda.1" pipe
}

run_tests
