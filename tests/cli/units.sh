#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The units of systemd, and the pages on systemd and cron: each file, drop-in and line that they show.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"

unset BOOTSTRAP_SERVERS XDG_CONFIG_HOME ${!AWS_*}
# the machine's own credentials are never asked for
export AWS_EC2_METADATA_DISABLED=true
systemd_page=$pages/sluice-systemd.7
cron_page=$pages/sluice-cron.7
unit_tools="gen-to-kafka kafka-to-dynamo kafka-to-lambda kafka-to-opensearch kafka-to-s3 kafka-window s3-to-kafka"

unit_of() {
	echo "$top_builddir/tools/systemd/sluice-$1@.service"
}

# setting TOOL NAME: its values in the unit, one a line
setting() {
	sed -n "s/^$2=//p" "$(unit_of "$1")"
}

# page_files PAGE: those it shows, with their names, under ./root
page_files() {
	local number path
	for number in $(page_displays "$1" file); do
		path=$(example_note "$1" "$number" example)
		path=root/${path#file }
		mkdir -p "${path%/*}"
		example_text "$1" "$number" >"$path"
	done
}

need_analyze() {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
}

# units_to_verify: all, in ./units, with the programs that were built
units_to_verify() {
	local tool unit
	mkdir units
	for tool in $unit_tools; do
		unit=$(unit_of "$tool")
		sed "s|^ExecStart=[^ ]*/|ExecStart=$top_builddir/|" "$unit" >"units/${unit##*/}"
	done
}

# verify FILE...: nothing to say. It is silent where it knows no man pages (--man=no).
verify() {
	local status=0
	SYSTEMD_UNIT_PATH=$PWD/units: systemd-analyze verify --man=no "$@" >verified 2>&1 || status=$?
	if [ $status = 0 ] && [ ! -s verified ]; then return 0; fi
	cat verified
	fail "systemd-analyze verify $*: status $status"
}

test_each_service_has_a_unit() {
	local tool
	# all tools but what ends by itself or writes to its standard output
	for tool in $unit_tools kafka-to-pipe kafka-topic; do echo "$tool"; done | sort >known
	tr ' ' '\n' <<<"$tools" | sort >all
	expect_same all known
	for tool in $unit_tools; do
		grep -q "tools/systemd/sluice-$tool@\.service" "$top_srcdir/tools/systemd/local.mk" ||
			fail "sluice-$tool@.service is not in local.mk"
		[ -s "$(unit_of "$tool")" ] || fail "it was not made"
		grep -q "^\.Xr $tool 1" "$systemd_page" || fail "the page does not know $tool"
		[[ $(setting "$tool" ExecStart) == /*"/$tool \$ARGS" ]] || fail "$(setting "$tool" ExecStart)"
		[ "$(setting "$tool" EnvironmentFile)" = "/etc/sluice/$tool-%i.env" ] || fail "$tool: its file"
		expect_no_line '@[A-Z_a-z]+@' "$(unit_of "$tool")"
	done
}

# milliseconds of TIME as both write it: 30s, 2min
span_ms() {
	case $1 in
	*min) echo $((${1%min} * 60000)) ;;
	*m) echo $((${1%m} * 60000)) ;;
	*s) echo $((${1%s} * 1000)) ;;
	*) fail "what is $1?" ;;
	esac
}

test_restarts_are_for_69_and_75_only() {
	local tool drain
	for tool in $unit_tools; do
		[ "$(setting "$tool" 'RestartForceExitStatus')" = "69 75" ] || fail "$tool: which are forced"
		[ "$(setting "$tool" Restart)" = no ] || fail "$tool: others are restarted, too"
		[ "$(setting "$tool" StartLimitIntervalSec)" = 0 ] || fail "$tool: restarts come to an end"
		drain=$(help_rows "$tool" | sed -n '/--drain /,/\[/p' | sed -n 's/.*\[\([0-9a-z]*\)\]$/\1/p')
		[ "$(span_ms "$(setting "$tool" TimeoutStopSec)")" -gt "$(span_ms "$drain")" ] ||
			fail "$tool is killed before --drain $drain is over"
	done
	# these statuses mean that it is safe to start again
	expect_line 'ERR_.* = 69' "$top_srcdir/common/base/err.h"
	expect_line 'ERR_.* = 75' "$top_srcdir/common/base/err.h"
	grep -A2 '^\.It 69' "$pages/sluice.7" | grep -q 'safe to start again' || fail "sluice(7) says otherwise of 69"
	grep -A2 '^\.It 75' "$pages/sluice.7" | grep -q 'safe to start again' || fail "sluice(7) says otherwise of 75"
}

test_systemd_knows_all_that_the_units_say() {
	need_analyze
	units_to_verify
	verify units/*.service
	# it would have told
	sed -i 's/^NoNewPrivileges=/NoNewPrivilege=/' units/sluice-kafka-to-s3@.service
	(verify units/sluice-kafka-to-s3@.service) >told && fail "a wrong name was not seen"
	expect_line 'NoNewPrivilege' told
}

# of 10; with 252 it is 1.5, for kafka-to-lambda 1.6, and a newer one may count more
test_exposure_is_low() {
	need_analyze
	systemd-analyze security --help | grep -q -- --threshold || skip "this systemd-analyze has no threshold"
	local tool
	units_to_verify
	for tool in $unit_tools; do
		systemd-analyze security --offline=yes --no-pager --threshold=20 "units/sluice-$tool@.service" >seen ||
			fail "$tool: $(tail -n 1 seen)"
	done
}

test_drop_ins_of_the_page() {
	need_analyze
	local number names=0
	units_to_verify
	for number in $(page_displays "$systemd_page" dropin); do
		mkdir -p "units/sluice-kafka-to-s3@.service.d"
		example_text "$systemd_page" "$number" >"units/sluice-kafka-to-s3@.service.d/$number.conf"
		names=$((names + 1))
	done
	[ $names -gt 3 ] || fail "they were not found"
	verify units/sluice-kafka-to-s3@.service
	echo 'Restarts=no' >>"units/sluice-kafka-to-s3@.service.d/$number.conf"
	(verify units/sluice-kafka-to-s3@.service) >told && fail "a wrong name in a drop-in was not seen"
	expect_line 'Restarts' told
}

# What systemd says of the unit stands between the tool's own lines.
test_messages_from_the_journal() {
	command -v jq >/dev/null || skip "jq is not installed"
	local number tried=0
	mkdir stubs
	cat >journal <<-'END'
		Started sluice: kafka-to-s3 trips.
		{"time":"2019-01-01T00:00:00.000Z","level":"info","tool":"kafka-to-s3","message":"reading"}
		{"time":"2019-01-01T00:00:01.000Z","level":"warning","tool":"kafka-to-s3","message":"a \"b\""}
		Stopping sluice: kafka-to-s3 trips...
		{"time":"2019-01-01T00:00:02.000Z","level":"warning","tool":"kafka-to-s3","message":"c"}
		sluice-kafka-to-s3@trips.service: Deactivated successfully.
	END
	printf '#!/bin/sh\nexec cat %q\n' "$PWD/journal" >stubs/journalctl
	chmod +x stubs/journalctl
	for number in $(page_displays "$systemd_page" journal); do
		example_text "$systemd_page" "$number" >script
		expect_status 0 env PATH="$PWD/stubs:$PATH" bash -o pipefail script
		grep '"warning"' journal >want
		expect_same want out
		tried=$((tried + 1))
	done
	[ $tried = 1 ] || fail "$tried were found"
}

test_timer_of_the_page() {
	need_analyze
	units_to_verify
	page_files "$systemd_page"
	cp root/etc/systemd/system/*.timer units
	verify units/*.timer
	for timer in root/etc/systemd/system/*.timer; do
		timer=${timer##*/}
		[ -s "units/${timer%@*}@.service" ] || fail "$timer is no unit's"
		[ -s "root/etc/sluice/$(sed 's/^sluice-//; s/@/-/; s/timer$/env/' <<<"$timer")" ] ||
			fail "the page has no file for $timer"
	done
}

# arguments_of ENV: assignments in $variables, words in $arguments
arguments_of() {
	local text is_word=
	variables=()
	arguments=()
	python3 "$top_srcdir/tests/units/env_arguments.py" "$1" ARGS >words
	while IFS= read -r -d '' text; do
		if [ -n "$is_word" ]; then arguments+=("$text"); elif [ -z "$text" ]; then is_word=1; else variables+=("$text"); fi
	done <words
}

test_words_are_split_as_by_systemd() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	# what systemd 252 made of it
	cat >file.env <<-'END'
		# a comment
		; one more
		 X= a b  
		ARGS=-t trips --where "fare gt 5" \
		  --path year={@year}/x=%Y 'it'"'s" "" $HOME *
		Y='a "b"
		c'
	END
	arguments_of file.env
	[ "$(printf '[%s]' "${arguments[@]}")" = "[-t][trips][--where][fare gt 5][--path][year={@year}/x=%Y][it's][][\$HOME][*]" ] ||
		fail "$(printf '[%s]' "${arguments[@]}")"
	[ "${variables[0]}" = "X=a b" ] || fail "${variables[0]}"
	[ "${variables[2]}" = "Y=a \"b\"
c" ] || fail "${variables[2]}"
}

# Each instance that the page shows, with its files, as its tool understands them.
test_instances_of_the_page() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	local file name tool instances=0
	page_files "$systemd_page"
	for file in root/etc/sluice/*.env; do
		name=${file##*/}
		name=${name%.env}
		for tool in $unit_tools; do
			case $name in "$tool"-*) break ;; esac
		done
		arguments_of "$file"
		[ ${#arguments[@]} -gt 2 ] || fail "$file: no arguments"
		printf '# none\n' >conf
		[ ! -e "${file%.env}.conf" ] || cp "${file%.env}.conf" conf
		cp conf aws
		[ ! -e "${file%.env}.aws" ] || cp "${file%.env}.aws" aws
		expect_status 0 env -i PATH="$PATH" SLUICE_CONFIG="$PWD/conf" AWS_SHARED_CREDENTIALS_FILE="$PWD/aws" \
			"${variables[@]}" "$tool" --dry-run "${arguments[@]}"
		instances=$((instances + 1))
	done
	[ $instances -gt 3 ] || fail "only $instances were found"
}

# Without their files the unit says "# none" in place of both.
test_files_of_secrets_need_not_be_there() {
	local tool
	for tool in $unit_tools; do
		setting "$tool" SetCredential >defaults
		expect_text defaults "conf:# none
aws:# none"
	done
	echo '# none' | tee conf >aws
	expect_status 0 env SLUICE_CONFIG="$PWD/conf" AWS_SHARED_CREDENTIALS_FILE="$PWD/aws" AWS_REGION=eu-west-1 \
		kafka-to-dynamo --dry-run -b localhost:1 -t trips trips
}

# make_stubs: ./stubs has the tools, which note what they are asked for and do not do it
make_stubs() {
	local tool
	mkdir stubs
	for tool in $tools; do
		cat >"stubs/$tool" <<-END
			#!/bin/sh
			"$top_builddir/$tool" --dry-run "\$@" >>"$PWD/said" 2>&1
			status=\$?
			for argument; do printf '[%s]' "\$argument"; done >>"$PWD/calls"
			echo " $tool \$status" >>"$PWD/calls"
			exit \$status
		END
	done
	printf '#!/bin/sh\ncat\n' >stubs/logger
	chmod +x stubs/*
}

# as_cron NUMBER: the command of ./jobs as cron runs it, in ./home
as_cron() {
	local setting settings=()
	while IFS= read -r -d '' setting; do
		case $setting in PATH=*) ;; *) settings+=("$setting") ;; esac
	done <"jobs/$1.environment"
	(
		cd home
		env -i HOME="$PWD" LOGNAME=etl SHELL=/bin/sh PATH="${PWD%/home}/stubs:/usr/bin:/bin" \
			AWS_EC2_METADATA_DISABLED=true "${settings[@]}" \
			/bin/sh -c "$(cat "../jobs/$1.command")" <"../jobs/$1.input"
	)
}

# run_crontab NUMBER: each line of that display of the page
run_crontab() {
	local job
	rm -rf jobs
	mkdir jobs
	example_text "$cron_page" "$1" >table
	python3 "$top_srcdir/tests/units/crontab.py" table jobs || fail "display $1"
	for job in jobs/*.command; do
		job=${job##*/}
		job=${job%.command}
		: >calls
		: >said
		expect_status 0 as_cron "$job"
		grep -q ' 0$' calls || fail "no tool was called by: $(cat "jobs/$job.command")"
		expect_no_line ' [1-9][0-9]*$' calls
		cat "jobs/$job.command" >>all_lines
		case $(example_note "$cron_page" "$1" example) in
		*locked) meets_lock "$job" ;;
		esac
	done
}

# meets_lock NUMBER: while its lock is held the line does nothing, and does not complain
meets_lock() {
	local lock
	lock=$(sed -nE 's/.*flock -n -E 0 ([^ ]+) .*/\1/p' "jobs/$1.command")
	[ -n "$lock" ] || fail "no lock in $(cat "jobs/$1.command")"
	: >calls
	exec 9>"home/$lock"
	flock -n 9 || fail "the lock is held after the run"
	expect_status 0 as_cron "$1"
	exec 9>&-
	[ ! -s calls ] || fail "it ran while another one did: $(cat calls)"
	[ ! -s err ] || fail "it complained: $(cat err)"
}

test_lines_for_cron() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	command -v flock >/dev/null || skip "flock is not installed"
	local number
	mkdir home home/incoming
	echo '{"a":1}' >home/incoming/1.json
	make_stubs
	page_files "$cron_page"
	cp root/windows.sh home
	for number in $(page_displays "$cron_page" crontab); do run_crontab "$number"; done
	# what begins as a line of a crontab stands in such a display
	grep -cE '^([0-9*][0-9*/]* +){2}[0-9*]|^@hourly' "$cron_page" >shown
	[ "$(cat shown)" -gt 8 ] || fail "they were not found"
	[ "$(cat shown)" = "$(grep -c . all_lines)" ] || fail "of $(cat shown) lines only these were tried: $(cat all_lines)"
}

test_percent_signs_in_crontabs() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	mkdir jobs
	printf '%s\n' 'A = "b c"' '0 3 * * 1-5  cat %one%two\% three' "@hourly echo '\\%F' \\\\n" >table
	python3 "$top_srcdir/tests/units/crontab.py" table jobs
	expect_text jobs/1.command "cat "
	expect_text jobs/1.input "one
two% three"
	[ "$(cat jobs/2.command)" = "echo '%F' \\\\n" ] || fail "$(cat jobs/2.command)"
	printf '0 3 * *  true\n' >wrong
	expect_status 1 python3 "$top_srcdir/tests/units/crontab.py" wrong jobs
}

run_tests
