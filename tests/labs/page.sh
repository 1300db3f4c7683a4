# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What tests read out of sluice-labs(7). Sourced after tests/lib.sh.

# shellcheck source=tests/pages.sh
. "${top_srcdir:?}/tests/pages.sh"

labs_page=${top_srcdir:?}/man/sluice-labs.7

# page_names KIND: of displays, each once
page_names() {
	sed -n "s/^\\.\\\\\" $1: //p" "$labs_page" | uniq
}

# page_display KIND NAME: all of that kind and name, without roff
page_display() {
	awk -v mark=".\\\\\" $1: $2" '
	$0 == mark { is_next = 1 }
	$1 == ".Ed" { is_shown = 0 }
	is_shown { print }
	$1 == ".Bd" && is_next { is_shown = 1; is_next = 0 }' "$labs_page" | without_escapes
}
