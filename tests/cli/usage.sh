#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What every tool does with its command line, its configuration and its standard descriptors.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# those that move records, and all
record_tools="s3-to-kafka gen-to-kafka kafka-window kafka-to-s3 kafka-to-pipe"
record_tools+=" kafka-to-opensearch kafka-to-dynamo kafka-to-lambda"
tools="$record_tools kafka-topic"
# those that read standard input without -t
pipe_tools="kafka-window kafka-to-s3"
version=$(sed -n 's/^AC_INIT(\[sluice\], \[\([^]]*\)\].*/\1/p' "$top_srcdir/configure.ac")
# nothing of the caller's may leak in
unset BOOTSTRAP_SERVERS XDG_CONFIG_HOME

# The least that the tool needs to read a pipe, or, for kafka-to-pipe, a topic. Sets $words.
words_of() {
	case $1 in
	s3-to-kafka) words=() ;;
	gen-to-kafka) words=(--model taxi-ride) ;;
	kafka-window) words=(--tumble 1h --time t -a n=count) ;;
	kafka-to-s3) words=(lake) ;;
	kafka-to-dynamo) words=(--endpoint-url http://127.0.0.1:1 rides) ;;
	kafka-to-pipe) words=(-t topic) ;;
	kafka-topic) words=(list) ;;
	kafka-to-lambda) words=(function --region eu-west-1) ;;
	kafka-to-opensearch) words=(--index t --id '{id}' http://127.0.0.1:1) ;;
	*) fail "what does $1 need?" ;;
	esac
}

# The least it needs to use a topic. Sets $words.
topic_words_of() {
	words_of "$1"
	case $1 in
	kafka-to-pipe | kafka-topic) ;;
	*) words=(-t topic "${words[@]}") ;;
	esac
}

# expect_usage REGEX TOOL ARGUMENT...: exit status 2, nothing on stdout, one line that matches
expect_usage() {
	local regex=$1
	shift
	expect_status 2 "$@" </dev/null
	[ ! -s out ] || fail "$*: something on standard output"
	[ "$(wc -l <err)" = 1 ] || fail "$*: not one line: $(cat err)"
	expect_line "^$1: .*$regex.*\($1 --help lists the options\)$" err
}

test_help() {
	local tool
	for tool in $tools; do
		for option in -h --help; do
			expect_status 0 "$tool" $option
			[ ! -s err ] || fail "$tool $option: something on standard error"
			head -n 1 out | grep -q "^usage: $tool " || fail "$tool $option does not begin with usage:"
			tail -n 1 out | grep -q "man $tool" || fail "$tool $option does not name its page"
			expect_no_line '.{81}' out
			expect_no_line ' $' out
		done
		# whatever else there is, as long as it can be read
		words_of "$tool"
		expect_status 0 "$tool" "${words[@]}" -t '' --help
	done
}

test_help_that_cannot_be_printed() {
	local tool status
	for tool in $tools; do
		for option in --help --version; do
			status=0
			"$tool" $option >/dev/full 2>err || status=$?
			[ $status = 74 ] || fail "$tool $option: status $status"
			expect_line "^$tool: stdout: No space left on device$" err
			status=0
			"$tool" $option >&- 2>err || status=$?
			[ $status = 74 ] || fail "$tool $option, closed: status $status"
		done
	done
}

# needs nothing else, and shows no secret
test_list_of_properties() {
	local tool status
	echo hunter2 >secret
	for tool in $tools; do
		expect_status 0 "$tool" -X client.id=me -X sasl.password=@secret -X list
		[ ! -s err ] || fail "$tool -X list: something on standard error"
		expect_line '^client.id=me$' out
		expect_line '^sasl.password=\*+$' out
		expect_line '^queue.buffering.max.messages ' out
		expect_no_line hunter2 out
		status=0
		"$tool" -X list >/dev/full 2>err || status=$?
		[ $status = 74 ] || fail "$tool -X list: status $status"
	done
}

test_version() {
	local tool
	for tool in $tools; do
		for option in -V --version; do
			expect_status 0 "$tool" $option
			expect_text out "$tool (sluice) $version"
		done
	done
}

test_options_that_are_wrong() {
	local tool
	for tool in $tools; do
		words_of "$tool"
		expect_usage '--nonsense' "$tool" "${words[@]}" --nonsense
		expect_usage '--nonsense=1' "$tool" "${words[@]}" --nonsense=1
		expect_usage '-Y' "$tool" "${words[@]}" -Y
		expect_usage '--config .*FILE' "$tool" "${words[@]}" -F
		expect_usage '--config .*FILE' "$tool" "${words[@]}" --config
		expect_usage '--quiet' "$tool" "${words[@]}" --quiet=1
		expect_usage '--log-format.*"xml"' "$tool" "${words[@]}" --log-format xml
		expect_usage '--wait.*"5"' "$tool" "${words[@]}" --wait 5
		expect_usage '--wait.*"1 m"' "$tool" "${words[@]}" --wait '1 m'
		expect_usage '--wait.*"1.5h"' "$tool" "${words[@]}" --wait 1.5h
		expect_usage '--property.*"nonsense"' "$tool" "${words[@]}" -X nonsense
	done
	for tool in $record_tools; do
		words_of "$tool"
		expect_usage '--memory.*"1T"' "$tool" "${words[@]}" --memory 1T
		expect_usage '--memory.*at least' "$tool" "${words[@]}" --memory 1K
		expect_usage '--count.*at least' "$tool" "${words[@]}" -c 0
		expect_usage '--count.*"ten"' "$tool" "${words[@]}" -c ten
	done
}

test_values_that_are_empty() {
	local tool
	for tool in $tools; do
		words_of "$tool"
		expect_usage '--topic: .*empty' "$tool" "${words[@]}" -t ''
		expect_usage '--topic: .*empty' "$tool" "${words[@]}" --topic=
		expect_usage '--brokers: .*empty' "$tool" "${words[@]}" -t topic -b ''
		expect_usage '--config: .*empty' "$tool" "${words[@]}" --config=
	done
	expect_usage 'empty' s3-to-kafka ''
	expect_usage 'empty' kafka-to-s3 ''
	for tool in kafka-window kafka-to-s3 kafka-to-pipe; do
		topic_words_of "$tool"
		expect_usage '--group: .*empty' "$tool" "${words[@]}" -G ''
	done
}

test_too_many_arguments() {
	local tool
	for tool in kafka-window kafka-to-s3 kafka-to-pipe; do
		words_of "$tool"
		expect_usage 'one-more' "$tool" "${words[@]}" one-more
	done
}

test_a_terminal_on_standard_input() {
	local tool status
	for tool in s3-to-kafka $pipe_tools; do
		words_of "$tool"
		status=0
		script -qec "$tool ${words[*]}" /dev/null >out </dev/null || status=$?
		[ $status = 2 ] || fail "$tool: status $status: $(cat out)"
		expect_line 'standard input is a terminal' out
	done
	[ ! -e lake ]
}

# options of topics on the command line, but no topic: a variable was forgotten
test_options_of_topics_without_a_topic() {
	local tool
	for tool in $pipe_tools; do
		words_of "$tool"
		expect_usage '--brokers' "$tool" "${words[@]}" -b localhost:1
		expect_usage '--group' "$tool" "${words[@]}" -G group
		expect_usage '--offset' "$tool" "${words[@]}" -o beginning
		expect_usage '--partition' "$tool" "${words[@]}" -p 0
		expect_usage '--exit-at-end' "$tool" "${words[@]}" -e
	done
	expect_usage '--brokers' s3-to-kafka -b localhost:1
	expect_usage '--partition' s3-to-kafka -p 0
	for option in '-b localhost:1' '-G group' '-o beginning' '-p 0' -e; do
		# shellcheck disable=SC2086
		expect_usage 'no topic' kafka-to-pipe $option
	done
	[ ! -e lake ]
}

# in vain on the command line: something was forgotten; in a file it is for other runs
test_options_that_go_with_another() {
	local tool
	for tool in $record_tools; do
		words_of "$tool"
		expect_usage '--stats-interval goes with --stats-file' "$tool" "${words[@]}" --stats-interval 1s
		expect_usage '--stats-label goes with --stats-file' "$tool" "${words[@]}" --stats-label a=b
		case $tool in gen-to-kafka | kafka-to-pipe) continue ;; esac
		expect_usage '--dead-letter-max goes with --dead-letter' "$tool" "${words[@]}" --dead-letter-max 1
	done
	expect_usage '--resume-topic goes with --resume-id' s3-to-kafka --resume-topic kept
	expect_usage '--commit-interval goes with --resume-id' s3-to-kafka --commit-interval 2s
	printf '[s3-to-kafka]\ndead-letter-max = 1\nstats-interval = 1s\nstats-label = a=b\nresume-topic = kept\n' >file
	echo '{"t":1}' >in
	expect_status 0 s3-to-kafka -F file in
	expect_same in out
	printf '[kafka-to-s3]\ndead-letter-max = 1\n' >file
	expect_status 0 kafka-to-s3 -q -F file lake <in
	# the other one may stand in a file
	printf 'dead-letter = ./letters\n' >file
	expect_status 0 kafka-to-s3 -q -F file --dead-letter-max 1 --overwrite lake <in
	# this one's goes by another name
	expect_status 0 kafka-to-lambda -q --on-failure ./letters --dead-letter-max 1 -- cat <in
}

# they would be read again, as bad as they were
test_dead_letters_into_the_topic_that_is_read() {
	local tool
	for tool in $record_tools; do
		case $tool in s3-to-kafka | gen-to-kafka | kafka-to-pipe) continue ;; esac
		topic_words_of "$tool"
		expect_usage '--dead-letter: topic is the topic that is read' "$tool" "${words[@]}" -b 127.0.0.1:1 \
			--dead-letter topic
	done
	printf 'dead-letter = topic\n' >file
	expect_usage '--dead-letter: topic is the topic that is read' kafka-to-s3 -F file -b 127.0.0.1:1 -t topic lake
	[ ! -e lake ]
}

# from the environment or a file they are for all tools and say nothing
test_brokers_from_elsewhere_without_a_topic() {
	echo '{"t":1}' >in
	export BOOTSTRAP_SERVERS=127.0.0.1:1
	expect_status 0 s3-to-kafka in
	expect_same in out
	expect_status 0 kafka-to-s3 -q lake <in
	expect_status 0 kafka-window -q --tumble 1h --time t -a n=count <in
	unset BOOTSTRAP_SERVERS
	echo 'brokers = 127.0.0.1:1' >file
	expect_status 0 s3-to-kafka -F file in
}

# a dead letter topic is a use for brokers
test_brokers_for_dead_letters_only() {
	expect_status 69 s3-to-kafka -b 127.0.0.1:1 --dead-letter letters --wait 0 /dev/null
	expect_status 69 kafka-to-s3 -b 127.0.0.1:1 --dead-letter letters --wait 0 lake </dev/null
	expect_usage 'needs brokers' s3-to-kafka --dead-letter letters /dev/null
}

test_no_brokers() {
	local tool
	for tool in $tools; do
		topic_words_of "$tool"
		expect_usage 'no brokers: give -b' "$tool" "${words[@]}"
	done
}

test_a_broker_that_is_not_there() {
	local tool
	for tool in $tools; do
		topic_words_of "$tool"
		expect_status 69 "$tool" -q -b 127.0.0.1:1 --wait 0 "${words[@]}" </dev/null
		[ "$(wc -l <err)" = 1 ] || fail "$tool: not one line: $(cat err)"
		expect_line "^$tool: .*127\.0\.0\.1:1 .*Connection refused" err
	done
}

# ---- standard descriptors ----

test_standard_output_that_is_closed() {
	local status=0
	echo '{"t":1}' >in
	s3-to-kafka in >&- 2>err || status=$?
	[ $status = 74 ] || fail "status $status"
	expect_line 'stdout: Bad file descriptor' err
	status=0
	kafka-window --tumble 1h --time t -a n=count <in >&- 2>err || status=$?
	[ $status = 74 ] || fail "kafka-window: status $status"
	# what is opened next must not get the records
	status=0
	{ echo '{"t":1}'; echo broken; } | s3-to-kafka --time t --dead-letter ./letters >&- 2>err || status=$?
	[ $status = 74 ] || fail "status $status"
	expect_no_line '^\{"t":1\}' letters
	# a tool that writes none does not mind
	kafka-to-s3 -q lake <in >&-
	expect_same in lake/part-000000000001.json
}

test_standard_input_that_is_closed() {
	local tool status
	for tool in s3-to-kafka $pipe_tools; do
		words_of "$tool"
		status=0
		timeout 20 "$tool" "${words[@]}" <&- >out 2>err || status=$?
		[ $status = 74 ] || fail "$tool: status $status: $(cat err)"
		expect_line 'stdin: .*Bad file descriptor' err
	done
}

test_standard_error_that_is_closed() {
	echo '{"t":1}' >in
	s3-to-kafka in 2>&- >out
	expect_same in out
	kafka-to-s3 lake <in 2>&-
	expect_same in lake/part-000000000001.json
}

# ---- configuration ----

test_a_configuration_file_that_is_wrong() {
	local tool
	for tool in $tools; do
		words_of "$tool"
		printf '# comment\n\nwait = 1s\nnonsense = 1\n' >file
		expect_usage 'file:4: nonsense' "$tool" -F file "${words[@]}"
		printf '; comment\n[%s]\n  nonsense = 1\n' "$tool" >file
		expect_usage 'file:3: .*nonsense' "$tool" -F file "${words[@]}"
		printf 'wait = 5\n' >file
		expect_usage 'file:1: --wait: "5"' "$tool" -F file "${words[@]}"
		printf 'wait 5s\n' >file
		expect_usage 'file:1: expected name = value' "$tool" -F file "${words[@]}"
		printf '[%s\n' "$tool" >file
		expect_usage 'file:1: a section' "$tool" -F file "${words[@]}"
		printf 'quiet = perhaps\n' >file
		expect_usage 'file:1: .*"perhaps"' "$tool" -F file "${words[@]}"
		printf 'config = other\n' >file
		expect_usage 'file:1: ' "$tool" -F file "${words[@]}"
		printf '\nno.such.property = 1\n' >file
		expect_usage 'file:2: .*has no property no.such.property' "$tool" -F file "${words[@]}"
		printf '# properties\n\nlinger.ms = soon\n' >file
		SLUICE_CONFIG="file" expect_usage 'file:3: .*property linger.ms: ' "$tool" "${words[@]}"
		printf 'acks = 1\n\nenable.auto.commit = true\n' >file
		expect_usage 'file:1: acks' "$tool" -F file "${words[@]}"
		sed -i 1d file
		expect_usage 'file:2: .*enable.auto.commit' "$tool" -F file "${words[@]}"
		expect_status 66 "$tool" -F nowhere "${words[@]}" </dev/null
		expect_line "^$tool: nowhere: No such file" err
		expect_status 66 env SLUICE_CONFIG=nowhere "$tool" "${words[@]}" </dev/null
	done
}

test_sections_are_for_their_tool() {
	echo '{"t":1}' >in
	printf '[kafka-to-s3]\nnonsense = 1\n[other-tool]\nnonsense\n[s3-to-kafka]\nquiet = yes\n' >file
	expect_status 0 s3-to-kafka -F file in
	[ ! -s err ]
	printf 'quiet = yes\n[s3-to-kafka]\nquiet = no\n' >file
	expect_status 0 s3-to-kafka -F file in
	expect_line '1 records? read' err
}

# expect_broker PORT TOOL ARGUMENT...: it is this one that is asked
expect_broker() {
	local port=$1
	shift
	expect_status 69 "$@" </dev/null
	expect_line "127\.0\.0\.1:$port " err
}

test_precedence() {
	local tool
	mkdir -p xdg home/.config
	echo 'brokers = 127.0.0.1:1' >user
	echo 'brokers = 127.0.0.1:3' >given
	echo 'bootstrap.servers=127.0.0.1:3' >client.properties
	echo 'brokers = 127.0.0.1:5' >xdg/sluice.conf
	echo 'brokers = 127.0.0.1:6' >home/.config/sluice.conf
	for tool in $tools; do
		topic_words_of "$tool"
		words+=(--wait 0)
		export SLUICE_CONFIG=user
		expect_broker 1 "$tool" "${words[@]}"
		export BOOTSTRAP_SERVERS=127.0.0.1:2
		expect_broker 2 "$tool" "${words[@]}"
		expect_broker 3 "$tool" -F given "${words[@]}"
		expect_broker 3 "$tool" -F client.properties "${words[@]}"
		expect_broker 4 "$tool" -F given -b 127.0.0.1:4 "${words[@]}"
		expect_broker 4 "$tool" "${words[@]}" -X bootstrap.servers=127.0.0.1:4 -F given
		unset BOOTSTRAP_SERVERS SLUICE_CONFIG
		expect_broker 5 env XDG_CONFIG_HOME="$PWD/xdg" HOME="$PWD/home" "$tool" "${words[@]}"
		expect_broker 6 env HOME="$PWD/home" "$tool" "${words[@]}"
	done
}

# ---- secrets and promises ----

expect_no_secret() {
	expect_no_line hunter2 out
	expect_no_line hunter2 err
}

test_secrets() {
	local tool name
	echo hunter2 >secret
	for tool in $tools; do
		topic_words_of "$tool"
		words+=(-b 127.0.0.1:1 --wait 0)
		for name in sasl.password ssl.key.password ssl.keystore.password sasl.oauthbearer.client.secret; do
			expect_usage "$name is a secret" "$tool" "${words[@]}" -X $name=hunter2
			expect_no_secret
		done
		# wrong, but not to be repeated
		expect_status 2 "$tool" "${words[@]}" -X sasl.jaas.config='PlainLoginModule required password="hunter2";'
		expect_no_secret
		expect_status 66 "$tool" "${words[@]}" -X sasl.password=@nothing </dev/null
		expect_text err "$tool: -X, --property: property sasl.password: nothing: No such file or directory"
		: >empty
		expect_usage 'empty' "$tool" "${words[@]}" -X sasl.password=@empty
		printf 'sasl.password = hunter2\nsasl.username = u\n' >file
		for from in '-X sasl.password=@secret -X sasl.username=u' '-F file'; do
			# shellcheck disable=SC2086
			expect_status 69 "$tool" "${words[@]}" $from -X security.protocol=SASL_PLAINTEXT \
				-X sasl.mechanism=PLAIN -v -X debug=all </dev/null
			expect_no_secret
		done
		printf 'sasl.password hunter2\n' >file
		expect_status 2 "$tool" "${words[@]}" -F file </dev/null
		expect_no_secret
	done
}

test_properties_that_would_break_a_promise() {
	local tool name
	for tool in $tools; do
		topic_words_of "$tool"
		for name in enable.auto.commit enable.auto.offset.store group.id transactional.id acks \
			request.required.acks enable.idempotence isolation.level auto.offset.reset topic.acks; do
			expect_usage "property .* cannot be set" "$tool" "${words[@]}" -b localhost:1 -X $name=1
		done
		expect_usage 'has no property no.such.property' "$tool" "${words[@]}" -X no.such.property=1
	done
}

# ---- messages ----

test_messages_as_json() {
	command -v jq >/dev/null || skip "jq is not installed"
	local tool
	for tool in $tools; do
		topic_words_of "$tool"
		expect_status 69 "$tool" --log-format json -b 127.0.0.1:1 --wait 0 "${words[@]}" </dev/null
		jq -es --arg tool "$tool" 'all(.tool == $tool and (.time | test("^20.*Z$")) and (.message | length > 0))
			and .[-1].level == "error"' err >/dev/null || fail "$(cat err)"
	done
}

# expect_json_error COMMAND...: exit status 2 and nothing but objects, the last of which is the error
expect_json_error() {
	expect_status 2 "$@"
	python3 - err <<-'END' || fail "$*: $(cat err)"
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
		assert lines[-1]["level"] == "error" and lines[-1]["message"], lines
	END
}

# wherever the format is asked for, and wherever the mistake is
test_mistakes_as_json() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	local tool
	printf 'log-format = json\nno-such = 1\n' >before.conf
	printf 'no-such = 1\nlog-format = json\n' >behind.conf
	printf 'log-format = json\nbrokers = localhost:1\n' >good.conf
	for tool in $tools; do
		topic_words_of "$tool"
		expect_json_error "$tool" --log-format json "${words[@]}" --wait 5
		expect_json_error "$tool" "${words[@]}" --wait 5 --log-format=json
		expect_json_error "$tool" --no-such "${words[@]}" --log-format json
		expect_json_error "$tool" "${words[@]}" --log-format json --quiet=1
		expect_json_error "$tool" "${words[@]}" -F before.conf
		expect_json_error "$tool" "${words[@]}" -F behind.conf
		expect_json_error "$tool" --no-such "${words[@]}" -F good.conf
		expect_json_error "$tool" "${words[@]}" -F <(cat before.conf)
		expect_json_error env SLUICE_CONFIG=behind.conf "$tool" "${words[@]}"
		expect_json_error env SLUICE_CONFIG=good.conf "$tool" --no-such "${words[@]}"
		# the strongest one counts
		expect_usage 'no-such' "$tool" "${words[@]}" --log-format text -F behind.conf
		printf '[%s]\nlog-format = text\n' "$tool" | cat behind.conf - >own.conf
		expect_usage 'no-such' "$tool" "${words[@]}" -F own.conf
	done
}

# names and records may hold any bytes
test_letters_in_one_word() {
	for tool in $tools; do
		expect_status 0 "$tool" -qvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv --version
		expect_line "^$tool \(sluice\) " out
	done
	expect_status 2 kafka-to-pipe -vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv
}

test_messages_are_utf8() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	expect_status 66 s3-to-kafka --log-format json $'n\xff\xc2\x9b\e[2J.json'
	python3 - err <<-'END'
		import json, sys
		line = json.loads(open(sys.argv[1], encoding="utf-8").read())
		assert "n\ufffd\u009b\x1b[2J.json" in line["message"], line
	END
	expect_status 66 s3-to-kafka $'n\xff\xc2\x9b\e[2J.json'
	expect_line $'n\xef\xbf\xbd[?][?]\\[2J[.]json' err
}

test_dry_run_needs_no_broker_and_changes_nothing() {
	local tool
	echo '{"t":1}' >in
	for tool in kafka-window kafka-to-s3 kafka-to-pipe; do
		topic_words_of "$tool"
		expect_status 0 "$tool" --dry-run -b 127.0.0.1:1 "${words[@]}" </dev/null
		[ ! -s out ]
		expect_line 'would ' err
	done
	expect_status 0 s3-to-kafka --dry-run -b 127.0.0.1:1 -t topic in
	expect_line 'would ' err
	[ ! -e lake ]
}

run_tests
