#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-topic without a broker: verbs and their options, and what it does where nobody answers.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

unset BOOTSTRAP_SERVERS XDG_CONFIG_HOME

# usage REGEX ARGUMENT...: exit status 2 and one line, before any broker is looked for
usage() {
	local regex=$1
	shift
	expect_status 2 kafka-topic -b 127.0.0.1:1 "$@" </dev/null
	[ ! -s out ]
	[ "$(wc -l <err)" = 1 ] || fail "not one line: $(cat err)"
	expect_line "^kafka-topic: .*$regex" err
}

# unreachable ARGUMENT...: the command line is right, for it goes on to look for a broker
unreachable() {
	expect_status 69 kafka-topic -b 127.0.0.1:1 --wait 0 "$@" </dev/null
	[ "$(wc -l <err)" = 1 ] || fail "not one line: $(cat err)"
	expect_line '^kafka-topic: no broker of 127.0.0.1:1 answered .*Connection refused' err
}

verbs="list describe create alter delete offsets groups lag reset delete-group"

# The least that a verb needs. Sets $words.
words_of() {
	case $1 in
	create | offsets) words=("$1" t) ;;
	alter) words=(alter t --partitions 2) ;;
	delete | delete-group) words=("$1" t --yes) ;;
	reset) words=(reset g -o end --yes) ;;
	*) words=("$1") ;;
	esac
}

test_verbs() {
	local verb
	usage 'an argument is missing'
	usage '"crate" is none of list, describe, .*delete-group' crate t
	for verb in $verbs; do
		words_of "$verb"
		unreachable "${words[@]}"
		# options may come first
		unreachable -q --timeout 1s "${words[@]}"
		# --help and its page know each verb
		kafka-topic "$verb" --help >help
		expect_line "^  $verb( |\$)" help
		expect_line "^\.It Cm $verb\$" "$top_srcdir/man/kafka-topic.1"
	done
	# and no others
	[ "$(sed -n '/^Verbs:/,/^$/p' help | grep -c '^  ')" = "$(wc -w <<<"$verbs")" ]
}

test_names_that_a_verb_needs() {
	local verb
	for verb in create alter delete offsets reset delete-group; do
		usage "an argument is missing: $verb [TG]" "$verb"
	done
	usage 'list takes no argument, but was given t' list t
	usage 't is named twice' delete --yes t u t
	usage 'one argument too many: h' reset g h -o end --yes
	usage 'argument 2 is empty' create ''
}

# expect_takes VERB OPTION...: of all options of verbs it takes these alone
expect_takes() {
	local verb=$1 option given
	shift
	for option in --all --topic=t --partition=0 --offset=end --shift=1 --partitions=2 --replication=1 --set=a=b \
		--unset=a --if-not-exists --if-exists --max=1 --age --max-age=1s --yes --internal; do
		given=${option#--}
		words_of "$verb"
		case " $* " in
		*" ${given%%=*} "*) ;;
		*) usage "$verb takes no --${given%%=*} " "${words[@]}" "$option" ;;
		esac
	done
}

test_options_that_are_for_other_verbs() {
	expect_takes list all
	expect_takes describe all
	expect_takes create partitions replication set if-not-exists
	expect_takes alter partitions set unset internal
	expect_takes delete if-exists yes internal
	expect_takes offsets partition offset
	expect_takes groups
	expect_takes lag topic max age max-age
	expect_takes reset topic partition offset shift yes
	expect_takes delete-group if-exists yes
}

# what prints nothing has no form, and names alone are for lists
test_forms() {
	local verb form
	for verb in $verbs; do
		words_of "$verb"
		for form in table json names; do
			case $verb:$form in
			create:* | alter:* | describe:names | offsets:names | lag:names | reset:names)
				usage "$verb takes no --$form " "${words[@]}" --$form
				;;
			*) unreachable "${words[@]}" --$form ;;
			esac
		done
	done
	usage 'groups takes no --names' groups g --names
}

test_options_that_are_taken() {
	unreachable list -a
	unreachable create t u --partitions 3 --replication 2 --set a=b --set c=d=e --if-not-exists
	unreachable alter t --set a= --unset b --partitions 100000
	unreachable delete t u --if-exists --yes
	unreachable offsets t -p 0,1 -p 2 -o -5
	unreachable lag g h -t t -t u --max 0 --age --max-age 0
	unreachable reset g -t t -p 0 -o s@2026-01-01T00:00:00Z --yes
	unreachable reset g --shift -5 --dry-run
	unreachable reset g --shift +5 --dry-run
	unreachable reset g -t t -o 5 --dry-run
	unreachable reset g -o earliest --dry-run
	unreachable reset g -o latest --dry-run
	unreachable delete-group g --dry-run
}

test_values_that_are_wrong() {
	local value
	for value in stored e@2026-01-01 e@nonsense nonsense -x 99999999999999999999 ''; do
		usage "--offset: \"$value\" is none of beginning, end, N, -N, s@TIME" reset g --yes -t t -o "$value"
	done
	usage '--offset: "nonsense" is no' reset g --yes -o s@nonsense
	for value in one 1.5 '' ' 1' 1x + ++5 +-5 '+ 5'; do
		usage '--shift: ' reset g --yes --shift "$value"
	done
	for value in -1 x '' '0,' '1,,2' 99999999999 2147483648; do
		usage '--partition: ' offsets t -p "$value"
	done
	usage '--partitions: must be at least 1' create t --partitions 0
	usage '--partitions: must be at most 100000' create t --partitions 100001
	usage '--partitions: "many" is not' create t --partitions many
	usage '--replication: must be at least 1' create t --replication 0
	usage '--replication: must be at most 32767' create t --replication 32768
	usage '--max: must be at least 0' lag --max -1
	usage '--max-age: "5"' lag --max-age 5
	usage '--timeout: must be at least 100' list --timeout 0
	usage '--timeout: must be at most' list --timeout 61m
	usage '--set: a topic.s property is NAME=VALUE, not "retention.ms"' create t --set retention.ms
	usage '--set: a property has a name' create t --set =1
	usage '--unset: takes a name alone, not "a=b"' alter t --unset a=b
	usage 'set a=: the value is empty' create t --set a=
}

test_what_does_not_go_together() {
	usage 'alter: nothing to change' alter t
	usage 'reset: to where' reset g --yes
	usage 'either --offset or --shift' reset g --yes -o end --shift 1
	usage 'the offset 1500 is a place in one topic: name it, -t' reset g --yes -o 1500
	usage 'the offset 0 is a place in one topic: name it, -t' reset g --yes -o 0 -p 1
}

test_topics_that_are_not_the_users() {
	usage 'topic __consumer_offsets is Kafka.s own, .*: give --internal' delete --yes __consumer_offsets
	usage 'topic __t is Kafka.s own' delete --dry-run --if-exists t __t
	usage 'topic __t is Kafka.s own' alter t __t --partitions 100
	unreachable delete --yes --internal __t
	unreachable alter --internal __t --set a=b
	unreachable delete --yes _t t__
	unreachable offsets __t
}

# without a terminal nobody can be asked, and nothing is looked for
test_nobody_to_ask() {
	usage 'standard input is no terminal to ask at: give --yes' delete t
	usage 'no terminal to ask at: give --yes' delete-group g
	usage 'no terminal to ask at: give --yes' reset g -o end
	echo y >yes
	expect_status 2 kafka-topic -b 127.0.0.1:1 delete t <yes
	# one who could answer would not see the question
	expect_status 2 timeout 60 "$top_srcdir/tests/answer.py" y -- sh -c 'kafka-topic -b 127.0.0.1:1 delete t 2>log'
	expect_line '^kafka-topic: standard error is no terminal to ask at: give --yes' log
}

# what says which things are changed, and to what, is the command line's alone
test_what_no_file_says() {
	local section
	for section in '' '[kafka-topic]'; do
		printf '%s\n' "$section" 'topic = payments' 'partition = 0,x' 'offset = stored' 'shift = few' \
			'partitions = 12' 'set = a' 'unset = a=b' 'yes = true' 'internal = true' >file
		usage 'reset: to where' reset g --yes -F file
		usage 'no terminal to ask at' reset g -o end -F file
		usage 'no terminal to ask at' delete t -F file
		usage 'no terminal to ask at' delete-group g -F file
		usage 'alter: nothing to change' alter t -F file
		usage '__t is Kafka.s own' delete --yes __t -F file
		# of one topic alone, which is not named
		usage 'name it, -t' reset g --yes -o 5 -F file
		unreachable create t --set a=b -F file
		unreachable reset g --yes -o end -F file
		# its own, and these only: the file's would be too many
		mapfile -t words < <(seq -f '--topic=t%g' 256; seq -f '--partition=%g' 1024)
		unreachable reset g --yes -o end -F file "${words[@]}"
		mapfile -t words < <(seq -f '--set=a%g=b' 64)
		unreachable alter t -F file "${words[@]}"
	done
	expect_status 69 kafka-topic -v -b 127.0.0.1:1 --wait 0 -F file delete --yes t
	expect_no_line '--yes counts' err
	expect_status 69 kafka-topic -v -b 127.0.0.1:1 --wait 0 -F file lag
	expect_line '^kafka-topic: --topic counts on the command line only' err
	expect_no_line '--(partition|set|yes) counts' err
}

test_one_form_only() {
	usage '--table and --json exclude each other' list --json --table
	usage '--json and --names exclude each other' list --names --json
	# a file's is only the default
	echo 'json = true' >file
	unreachable -F file list --names
}

# what a file says for other verbs is passed over, and its own section is its own
test_configuration() {
	printf '[kafka-topic]\nreplication = 3\nif-exists = true\nmax = 5\nage = true\nall = yes\n' >file
	unreachable -F file delete t --yes
	unreachable -F file lag g
	unreachable -F file groups
	printf '[kafka-topic]\nnames = true\njson = true\ntimeout = 2s\n' >file
	unreachable -F file create t
	unreachable -F file lag g
	printf '[kafka-topic]\njson = no\nnames = false\n' >file
	unreachable -F file list
	printf '[kafka-topic]\njson = perhaps\n' >file
	usage 'file:2: --json: "perhaps"' -F file list
	printf '[kafka-topic]\nreplication = 0\n' >file
	usage 'file:2: --replication: must be at least 1' -F file list
}

# a broker that takes connections and says nothing; its port in ./port
start_silent_broker() {
	python3 -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(16)
print(s.getsockname()[1], flush=True)
time.sleep(600)' >port &
	wait_for 20 test -s port
}

test_a_broker_that_is_silent() {
	start_silent_broker
	expect_status 69 timeout 60 kafka-topic -q -b "127.0.0.1:$(cat port)" --wait 1s --timeout 1s list
	expect_line "^kafka-topic: no broker of 127.0.0.1:[0-9]+ answered within" err
}

test_a_signal_ends_the_wait() {
	local status=0
	start_silent_broker
	setsid env --default-signal=INT,HUP kafka-topic -b "127.0.0.1:$(cat port)" --wait 10m list 2>err &
	local tool=$!
	wait_for 20 grep -q 'waiting for a broker' err
	kill -TERM $tool
	wait $tool || status=$?
	[ $status = 75 ] || fail "status $status: $(cat err)"
}

run_tests
