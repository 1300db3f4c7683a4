#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Completions of bash, zsh and fish: all options and no others, and what is offered for their arguments.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"

completions=$top_builddir/completions

# options_of TOOL: -b and --brokers, one a line, sorted
options_of() {
	help_options "$1" | grep -oE -- '(^|, )--?[a-zA-Z][a-z-]*' | sed 's/^, //' | sort
}

# in_bash LINE: what is offered at its end, one a line; the words are as bash breaks them
in_bash() {
	local tool=${1%% *}
	# shellcheck disable=SC2016
	bash -c '
		compopt() { echo "compopt $*"; }
		. "$1"
		COMP_LINE=$2
		line=${COMP_LINE//=/ = }
		read -ra COMP_WORDS <<<"${line//:/ : }"
		[[ $COMP_LINE != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		again=${3:-1}
		while ((again--)); do
			COMPREPLY=()
			$(complete -p "${COMP_WORDS[0]}" | sed "s/.*-F //; s/ .*//") || exit
		done
		printf "%s\n" "${COMPREPLY[@]}"' bash "$completions/bash/$tool" "$@"
}

in_fish() {
	fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$completions/fish/${1%% *}" "$1" | cut -f1
}

# expect_offer LINE WORD...: these and no others
expect_offer() {
	local line=$1
	shift
	in_bash "$line" | sort >bash.got
	printf '%s\n' "$@" | sort >want
	expect_same want bash.got
	command -v fish >/dev/null || return 0
	# an argument behind '=' is offered with what is before it
	in_fish "$line" | sed 's/^--[a-z-]*=//' | sort >fish.got
	grep -vE '^(compopt.*)?$' want >fish.want || :
	expect_same fish.want fish.got
}

test_they_are_there() {
	local tool shell
	[ -e "$completions" ] || skip "a cross build has none"
	for tool in $tools; do
		for shell in bash zsh fish; do
			[ -s "$completions/$shell/$tool" ] || fail "none of $tool for $shell"
		done
	done
	expect_status 2 kafka-to-s3 --completion csh
	expect_line 'none of bash, zsh, fish' err
}

# in no other place than below the prefix, and gone again
test_they_are_installed() {
	local tool
	[ "$(grep -cE '^(bash|zsh|fish)completionsdir = .\{datadir\}/' "$top_builddir/Makefile")" = 3 ] ||
		skip "configured to go elsewhere"
	unset MAKEFLAGS MAKELEVEL
	make -s -C "$top_builddir" install-data-local DESTDIR="$PWD/there" prefix=/opt/sluice
	for tool in $tools; do
		expect_same "$completions/bash/$tool" "there/opt/sluice/share/bash-completion/completions/$tool"
		expect_same "$completions/zsh/$tool" "there/opt/sluice/share/zsh/site-functions/_$tool"
		expect_same "$completions/fish/$tool" "there/opt/sluice/share/fish/vendor_completions.d/$tool.fish"
	done
	make -s -C "$top_builddir" uninstall-local DESTDIR="$PWD/there" prefix=/opt/sluice
	[ -z "$(find there -type f)" ] || fail "$(find there -type f)"
}

test_all_options_and_no_others() {
	local tool
	for tool in $tools; do
		options_of "$tool" >want
		[ "$(wc -l <want)" -gt 20 ] || fail "$tool --help was not understood"
		in_bash "$tool -" | sort >got
		expect_same want got
		sed -nE "s/^	'(\([^)]*\))?\*?(--?[a-zA-Z][a-z-]*).*/\2/p" "$completions/zsh/$tool" | sed 's/-$//' | sort >got
		expect_same want got
		sed -nE 's/^complete -c [^ ]+( -s (.))? -l ([a-z-]+) .*/-\2\n--\3/p' "$completions/fish/$tool" |
			grep -vx -- - | sort >got
		expect_same want got
	done
}

test_shells_take_them() {
	local tool shell missing=
	for shell in bash zsh fish; do
		command -v $shell >/dev/null || {
			missing+=" $shell"
			continue
		}
		for tool in $tools; do $shell -n "$completions/$shell/$tool" || fail "$shell: $tool"; done
	done
	[ -z "$missing" ] || skip "not installed:$missing"
}

test_words() {
	expect_offer 'kafka-to-s3 --log-format ' text json
	expect_offer 'kafka-to-s3 --log-format j' json
	expect_offer 'kafka-to-s3 --log-format=j' json
	expect_offer 'kafka-to-s3 -z ' none lz4 gzip zstd snappy
	expect_offer 'kafka-window -o ' beginning end stored
	expect_offer 'gen-to-kafka --model t' taxi-ride trip-event
	expect_offer 'kafka-to-s3 --progress=' auto always never
	# its argument is in the same word, so this is another one
	in_bash 'kafka-to-s3 --progress a' >got
	expect_no_line 'auto' got
	expect_offer 'kafka-to-dynamo --ty' --types
	# nobody can guess it
	expect_offer 'kafka-to-s3 --max-age ' ''
}

test_files() {
	touch 'a file'
	# readline and fish know how to write such names
	in_bash 'kafka-to-s3 --schema a' >got
	expect_line '^compopt -o default$' got
	in_bash 's3-to-kafka ' >got
	expect_line '^compopt -o default$' got
	in_bash 'kafka-to-s3 --spool-dir ' >got
	expect_line '^compopt -o dirnames$' got
	in_bash 'kafka-to-pipe ' >got
	expect_no_line 'compopt' got
	# a command of its own
	in_bash 'kafka-to-lambda --async -- ech' >got
	expect_line '^echo$' got
}

test_properties() {
	in_bash 'kafka-to-pipe -X sasl.u' >got
	expect_line '^sasl.username=$' got
	expect_no_line '^bootstrap' got
	in_bash 'kafka-to-pipe -X ' >got
	[ "$(wc -l <got)" -gt 100 ]
	expect_line '^list$' got
}

# a kafka-topic that tells how often it was asked; it knows of brokers by the line, the environment or a file
make_kafka_topic() {
	mkdir bin
	cat >bin/kafka-topic <<-'END'
		#!/bin/sh
		echo "$*" >>asked
		case "$* ${BOOTSTRAP_SERVERS+-b}" in *-b* | *-F*) ;; *) exit 2 ;; esac
		case $1 in list) echo orders; echo trips ;; groups) cat groups ;; esac
	END
	echo etl >groups
	chmod +x bin/kafka-topic
	PATH=$PWD/bin:$PATH
}

test_topics_and_groups() {
	unset BOOTSTRAP_SERVERS
	make_kafka_topic
	expect_offer 'kafka-to-s3 -t ' ''
	# which brokers these are only the shell will know
	rm asked
	in_bash "kafka-to-s3 -b \$B -t " >got
	[ ! -e asked ] || fail "$(cat asked)"
	expect_offer 'kafka-to-s3 -b host:9092,other:9092 -t ' orders trips
	expect_line '^list --names .*-b host:9092,other:9092( |$)' asked
	expect_offer 'kafka-to-s3 --brokers=host:1 --topic o' orders
	expect_offer 'kafka-to-s3 -b host:1 -G ' etl
	BOOTSTRAP_SERVERS=there:1 expect_offer 'kafka-to-pipe -t t' trips
	expect_offer 'kafka-to-pipe -F my.conf -t t' trips
	expect_line '^list .*-F my.conf( |$)' asked
	expect_offer 'kafka-to-pipe --iam -b host:1 -t t' trips
	expect_line '^list .*--iam( |$)' asked
	# asked once by one shell
	rm asked
	in_bash 'kafka-to-s3 -b host:9092 -t ' 3 >got
	expect_line '^trips$' got
	[ "$(wc -l <asked)" = 1 ]
	# topics and groups
	expect_offer 'kafka-topic del' delete delete-group
	rm asked
	expect_offer 'kafka-topic ' list describe create alter delete offsets groups lag reset delete-group
	[ ! -e asked ] || fail "$(cat asked)"
	expect_offer 'kafka-topic describe -b host:9092 o' orders
	expect_offer 'kafka-topic lag -b host:9092 ' etl
	# a topic or a file
	in_bash 'kafka-to-s3 -b host:9092 --dead-letter ' >got
	expect_line '^orders$' got
	expect_line '^compopt -o default$' got
	# without it
	PATH=$PWD/none:/usr/bin:/bin
	! command -v kafka-topic || skip "another one is installed"
	[ -z "$(in_bash 'kafka-to-s3 -b host:9092 -t ')" ]
}

# anybody who may read a topic may make a group, of any name
test_names_are_never_expanded() {
	make_kafka_topic
	printf '%s\n' '$(touch touched)' '`touch touched`' 'a b' '$HOME' "it's" ';touch touched' >groups
	in_bash 'kafka-topic lag -b host:1 ' >got
	[ "$(wc -l <got)" = 6 ] || fail "$(cat got)"
	# as they come out when the shell reads the line
	eval "printf '%s\n' $(tr '\n' ' ' <got)" >as_read
	expect_same groups as_read
	in_bash 'kafka-topic lag -b host:1 a' >got
	printf 'a\\ b\n' >want
	expect_same want got
	if command -v fish; then
		in_fish 'kafka-topic lag -b host:1 ' | sort >got
		sort groups >want
		expect_same want got
	fi
	[ ! -e touched ] || fail "a name was run"
}

# the tool takes SIGTERM for a wish to end well, and a person waits
test_a_silent_broker_is_left_alone() {
	mkdir bin
	printf '#!/bin/bash\necho x >>asked\ntrap "" TERM\nsleep 60 &\necho $! >>pids\nwait\nwait\n' >bin/kafka-topic
	chmod +x bin/kafka-topic
	PATH=$PWD/bin:$PATH
	in_bash 'kafka-to-s3 -b host:9092 -t ' 3 >got 2>err
	[ -z "$(cat got err)" ] || fail "$(cat got err)"
	[ "$(wc -l <asked)" = 1 ] || fail "asked again: $(cat asked)"
}

# as a person has it
in_zsh() {
	mkdir -p functions
	cp "$completions/zsh/${1%% *}" "functions/_${1%% *}"
	cat >.zshrc <<-END
		PS1='%% '
		fpath=('$PWD/functions' \$fpath)
		autoload -Uz compinit && compinit -u -d '$PWD/dump'
		zstyle ':completion:*' list-colors
	END
	ZDOTDIR=$PWD TERM=dumb python3 "$top_srcdir/tests/io/terminal.py" --wait '% ' --type "$1"$'\t' --wait "$2" \
		--type $'\x15exit 7\n' "zsh -d -i" || [ $? = 7 ] || fail "$(cat -v sent)"
}

test_at_a_prompt_of_zsh() {
	command -v zsh || skip "without zsh"
	make_kafka_topic
	printf '%s\n' 'a $(touch touched)' >groups
	in_zsh 'kafka-topic lag -b host:1 ' 'a\\ \\\$\\\(touch'
	in_zsh 'kafka-topic describe -b host:1 o' 'orders'
	in_zsh 'kafka-to-s3 --log-format j' 'json'
	[ ! -e touched ] || fail "a name was run"
}

test_at_the_prompt() {
	TERM=dumb python3 "$top_srcdir/tests/io/terminal.py" --wait '% ' --type ". '$completions/bash/kafka-to-s3'"$'\n' \
		--wait '% ' --type $'kafka-to-s3 --log-format=j\t' --wait '=json ' --type $'\x15exit 7\n' \
		"PS1='% ' bash --norc --noprofile -i" || [ $? = 7 ] || fail "$(cat -v sent)"
}

run_tests
