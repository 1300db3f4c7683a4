#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The units under a systemd of their own, with a real broker: sluice-systemd(7) from nothing, what is restarted and
# what is not, secrets, stops. It is the first process of namespaces that end with the test, sees a copy of
# /etc, an empty /run, /srv and /var/lib, and no units but ours.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/pages.sh
. "$top_srcdir/tests/pages.sh"

page=$pages/sluice-systemd.7

# what the first process does before it is systemd; $1 is the directory of units, $2 that of programs
boot='
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mount -t tmpfs -o mode=755 tmpfs /srv
cp -a /etc /run/etc
mount --bind /run/etc /etc
rm -rf /etc/systemd/system /etc/sluice /etc/sluice.conf
mkdir -p /etc/systemd/system /etc/sluice /run/units /run/bin
cp "$1"/* /run/units
cp "$2"/gen-to-kafka "$2"/kafka-* "$2"/s3-to-kafka /run/bin
# credentials are mounted in a namespace whose parent is to see them
mount --make-rshared /
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec env -i container=other SYSTEMD_UNIT_PATH=/run/units:/etc/systemd/system \
	/lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=no
'

# start_systemd [LINE...]: further lines of [Service]. PrivateTmp hides the build, so programs are copied.
start_systemd() {
	local tool target
	is_sanitized && skip "no sanitizer works under the units' hardening"
	[ "$(id -u)" = 0 ] || skip "only root can make the namespaces"
	[ ! -d /run/systemd/system ] || skip "this machine runs systemd itself"
	[ -x /lib/systemd/systemd ] || skip "systemd is not installed"
	mkdir stubs
	for tool in "$top_builddir"/tools/systemd/*.service; do
		sed "s|^ExecStart=[^ ]*/|ExecStart=/run/bin/|" "$tool" >"stubs/${tool##*/}"
		printf '%s\n' '[Service]' 'StandardOutput=append:/run/messages' 'StandardError=append:/run/messages' \
			"$@" >>"stubs/${tool##*/}"
	done
	for target in basic sysinit shutdown umount multi-user timers network-online; do
		printf '[Unit]\nDefaultDependencies=no\n' >stubs/$target.target
	done
	unshare --pid --mount --ipc --uts --cgroup --fork --mount-proc --kill-child \
		bash -c "$boot" boot "$PWD/stubs" "$top_builddir" >boot.log 2>&1 &
	unshare_pid=$!
	local end=$((SECONDS + 60))
	until inside systemctl is-system-running >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ] || ! kill -0 $unshare_pid 2>/dev/null; then
			skip "no systemd can be run here: $(tail -n 1 boot.log)"
		fi
		sleep 0.1
	done
}

# inside COMMAND...
inside() {
	local first
	first=$(pgrep -P $unshare_pid) || return 1
	nsenter -t "$first" -m -p -i -u -C "$@"
}

# write PATH, from standard input
write() {
	inside sh -c 'cat >"$1"' write "$1"
}

# state INSTANCE NAME: a property, as systemctl show has it
state() {
	inside systemctl show -p "$2" --value "$1"
}

state_is() {
	[ "$(state "$1" "$2")" = "$3" ]
}

has_restarted() {
	[ "$(state "$1" NRestarts)" -ge "$2" ]
}

# The page's rides go to a topic of this test.
test_an_instance_from_nothing() {
	local id number path start end
	id=$(fresh_id)
	create_topic "$id" 2
	start_systemd
	for number in $(page_displays "$page" file); do
		path=$(example_note "$page" "$number" example)
		path=${path#file }
		example_text "$page" "$number" |
			sed "s/localhost:9092/$BOOTSTRAP_SERVERS/; s/-t rides/-t $id/; s/--max-age 1m/--max-age 1s/" | write "$path"
	done
	read -r start end <<<"$(page_displays "$page" shell | xargs)"
	example_text "$page" "$start" >start
	example_text "$page" "$end" >end
	inside bash -e <start >status
	[ "$(grep -c "active (running)" status)" = 2 ] || fail "$(cat status)"
	inside test -e /etc/systemd/system/multi-user.target.wants/sluice-gen-to-kafka@rides.service
	wait_for 60 inside sh -c 'find /var/lib/sluice/kafka-to-s3-rides/lake/ -name "*.json" | grep -q .'
	wait_for 60 inside grep -q '^sluice_records_read_total.* [1-9]' /run/sluice/kafka-to-s3-rides/sluice.prom
	inside sh -c 'cat $(find /var/lib/sluice/kafka-to-s3-rides/lake/ -name "*.json")' >lines
	grep -q '"source":"rides of Lab 1"' lines
	inside systemctl stop sluice-gen-to-kafka@rides
	inside systemctl restart sluice-kafka-to-s3@rides
	wait_for 60 state_is sluice-kafka-to-s3@rides ActiveState active
	inside cp /etc/sluice/kafka-to-s3-rides.env /run
	inside bash -e <end
	state_is sluice-kafka-to-s3@rides Result success
	state_is sluice-kafka-to-s3@rides ActiveState inactive
	inside test ! -e /run/sluice/kafka-to-s3-rides
	inside test ! -e /etc/systemd/system/multi-user.target.wants/sluice-gen-to-kafka@rides.service
	# what a last life finds included, nothing was lost by the restart, and nothing is there twice
	inside sh -c 'sed "s/^ARGS=/ARGS=-e /" /run/kafka-to-s3-rides.env >/etc/sluice/kafka-to-s3-rides.env'
	inside systemctl start sluice-kafka-to-s3@rides
	wait_for 60 state_is sluice-kafka-to-s3@rides ActiveState inactive
	inside sh -c 'cat $(find /var/lib/sluice/kafka-to-s3-rides/lake/ -name "*.json")' |
		sed 's/,"source":"rides of Lab 1"}$/}/' | sort >got
	kafka-to-pipe -q -e -t "$id" | sort >want
	[ -s want ]
	expect_same want got
}

# 69: nobody listens on port 1. 65: what is no JSON. 2: no such option.
test_what_is_started_again() {
	local id
	id=$(fresh_id)
	create_topic "$id" 1
	echo '{"a":1}' | s3-to-kafka -q -t "$id" -
	start_systemd RestartSec=100ms
	write /etc/sluice/kafka-to-s3-away.env <<<"ARGS=-b 127.0.0.1:1 --wait 100ms -t $id ./lake"
	write /etc/sluice/kafka-to-s3-bad.env <<<"ARGS=-b $BOOTSTRAP_SERVERS -t $id --time when --path {@year} ./lake"
	write /etc/sluice/kafka-to-s3-wrong.env <<<"ARGS=--no-such-option"
	inside systemctl start sluice-kafka-to-s3@away sluice-kafka-to-s3@bad sluice-kafka-to-s3@wrong
	wait_for 60 has_restarted sluice-kafka-to-s3@away 7
	wait_for 60 state_is sluice-kafka-to-s3@bad ActiveState failed
	wait_for 60 state_is sluice-kafka-to-s3@wrong ActiveState failed
	state_is sluice-kafka-to-s3@bad ExecMainStatus 65
	state_is sluice-kafka-to-s3@bad NRestarts 0
	state_is sluice-kafka-to-s3@wrong ExecMainStatus 2
	state_is sluice-kafka-to-s3@wrong NRestarts 0
	inside systemctl stop sluice-kafka-to-s3@away
	is_over() { [[ $(state sluice-kafka-to-s3@away ActiveState) =~ ^(inactive|failed)$ ]]; }
	wait_for 60 is_over
}

# Files that only root can read are what the instance has of its own.
test_secrets_are_handed_over() {
	local id
	id=$(fresh_id)
	create_topic "$id" 1
	gen-to-kafka -q --model taxi-ride -c 10 -t "$id"
	start_systemd
	printf 'ARGS=-t %s -- sh -c "%s"\n' "$id" 'cat "/run/credentials/sluice-kafka-to-lambda@x.service/aws" >aws; cat >event' |
		write /etc/sluice/kafka-to-lambda-x.env
	printf '[default]\naws_access_key_id = ID\n' | write /etc/sluice/kafka-to-lambda-x.aws
	printf 'brokers = %s\nlog-format = json\n' "$BOOTSTRAP_SERVERS" | write /etc/sluice/kafka-to-lambda-x.conf
	inside sh -c 'chmod 600 /etc/sluice/*'
	inside systemctl start sluice-kafka-to-lambda@x
	wait_for 60 inside test -s /var/lib/sluice/kafka-to-lambda-x/event
	inside cat /var/lib/sluice/kafka-to-lambda-x/aws >aws
	expect_text aws '[default]
aws_access_key_id = ID'
	inside systemctl stop sluice-kafka-to-lambda@x
	inside cat /run/messages >messages
	expect_line '^\{"time":.*"tool":"kafka-to-lambda"' messages
	state_is sluice-kafka-to-lambda@x Result success
}

# drop_in INSTANCE TEXT: the page's display with that in it
drop_in() {
	local number
	for number in $(page_displays "$page" dropin); do
		example_text "$page" "$number" >text
		if grep -q "$2" text; then
			inside mkdir -p "/etc/systemd/system/$1.service.d"
			write "/etc/systemd/system/$1.service.d/$number.conf" <text
			inside systemctl daemon-reload
			return
		fi
	done
	fail "no drop-in with $2"
}

test_an_encrypted_file_in_place_of_the_plain_one() {
	local id
	id=$(fresh_id)
	create_topic "$id" 1
	gen-to-kafka -q --model taxi-ride -c 10 -t "$id"
	start_systemd
	printf 'ARGS=-e -t %s /var/lib/sluice/kafka-to-s3-trips/lake\n' "$id" | write /etc/sluice/kafka-to-s3-trips.env
	printf 'brokers = %s\n' "$BOOTSTRAP_SERVERS" | write /run/trips.conf
	inside systemd-creds encrypt --with-key=host --name=conf /run/trips.conf /etc/sluice/kafka-to-s3-trips.cred
	drop_in sluice-kafka-to-s3@trips LoadCredentialEncrypted
	inside systemctl start sluice-kafka-to-s3@trips
	wait_for 60 state_is sluice-kafka-to-s3@trips ActiveState inactive
	state_is sluice-kafka-to-s3@trips ExecMainStatus 0
	[ "$(inside sh -c 'cat $(find /var/lib/sluice/kafka-to-s3-trips/lake/ -name "*.json")' | wc -l)" = 10 ]
}

# A directory elsewhere is read-only until a drop-in says otherwise.
test_a_lake_elsewhere() {
	local id
	id=$(fresh_id)
	create_topic "$id" 1
	gen-to-kafka -q --model taxi-ride -c 10 -t "$id"
	start_systemd
	inside sh -c 'echo etl:x:4242:4242::/:/bin/false >>/etc/passwd; echo etl:x:4242: >>/etc/group
		mkdir /srv/lake; chown etl: /srv/lake'
	write /etc/sluice/kafka-to-s3-srv.env <<<"ARGS=-e -b $BOOTSTRAP_SERVERS -t $id /srv/lake"
	inside systemctl start sluice-kafka-to-s3@srv
	wait_for 60 state_is sluice-kafka-to-s3@srv ActiveState failed
	state_is sluice-kafka-to-s3@srv ExecMainStatus 73
	inside cat /run/messages >messages
	expect_line 'Read-only file system$' messages
	drop_in sluice-kafka-to-s3@srv ReadWritePaths=/srv/lake
	inside systemctl start sluice-kafka-to-s3@srv
	wait_for 60 state_is sluice-kafka-to-s3@srv ActiveState inactive
	state_is sluice-kafka-to-s3@srv ExecMainStatus 0
	[ "$(inside sh -c 'cat $(find /srv/lake -user etl -name "*.json")' | wc -l)" = 10 ]
}

# Asked as the page has it, the tool says how far it is, and its command goes on.
test_asked_how_far_it_is() {
	local id state
	id=$(fresh_id)
	create_topic "$id" 1
	gen-to-kafka -q --model taxi-ride -c 1 -t "$id"
	start_systemd
	printf 'ARGS=-b %s -G %s -t %s -- sh -c "%s"\n' "$BOOTSTRAP_SERVERS" "$id" "$id" \
		'echo >>begun; until [ -e go ]; do sleep 0.1; done; cat >event' | write /etc/sluice/kafka-to-lambda-slow.env
	state=/var/lib/sluice/kafka-to-lambda-slow
	inside systemctl start sluice-kafka-to-lambda@slow
	wait_for 60 inside test -e $state/begun
	example_text "$page" "$(page_displays "$page" signal)" | sed -n '1s/kafka-to-s3@trips/kafka-to-lambda@slow/p' >ask
	expect_line '^systemctl kill .*USR1 sluice-kafka-to-lambda@slow$' ask
	inside sh -e <ask
	wait_for 60 inside grep -q '^kafka-to-lambda: 1 record, ' /run/messages
	inside touch $state/go
	wait_for 60 inside test -s $state/event
	# the first one was not ended by the signal
	[ "$(inside cat $state/begun | wc -l)" = 1 ]
	inside systemctl stop sluice-kafka-to-lambda@slow
	state_is sluice-kafka-to-lambda@slow Result success
}

# A stop is for the tool: its command ends what it has begun.
test_a_command_ends_its_batch() {
	local id state
	id=$(fresh_id)
	create_topic "$id" 1
	gen-to-kafka -q --model taxi-ride -c 1 -t "$id"
	start_systemd
	printf 'ARGS=-b %s -G %s -t %s -- sh -c "%s"\n' "$BOOTSTRAP_SERVERS" "$id" "$id" \
		'echo >>begun; until [ -e go ]; do sleep 0.1; done; cat >event' | write /etc/sluice/kafka-to-lambda-slow.env
	state=/var/lib/sluice/kafka-to-lambda-slow
	inside systemctl start sluice-kafka-to-lambda@slow
	wait_for 60 inside test -e $state/begun
	inside systemctl stop --no-block sluice-kafka-to-lambda@slow
	wait_for 60 state_is sluice-kafka-to-lambda@slow ActiveState deactivating
	inside touch $state/go
	wait_for 60 state_is sluice-kafka-to-lambda@slow ActiveState inactive
	state_is sluice-kafka-to-lambda@slow Result success
	# once, and not again after a signal of its own
	[ "$(inside cat $state/begun | wc -l)" = 1 ]
	inside test -s $state/event
	[ "$(services group offsets "$id" | cut -f3)" = 1 ]
}

# A stop reaches the leader of -j alone, once: members deliver and end well.
test_members_stop_once() {
	local id
	id=$(fresh_id)
	create_topic "$id" 4
	start_systemd
	write /etc/sluice/kafka-to-s3-j.env <<<"ARGS=-b $BOOTSTRAP_SERVERS -t $id -j 3 --max-age 1s /var/lib/sluice/kafka-to-s3-j/lake"
	inside systemctl start sluice-kafka-to-s3@j
	gen-to-kafka -q --model taxi-ride -c 1000 -t "$id"
	wait_for 60 inside sh -c 'find /var/lib/sluice/kafka-to-s3-j/lake/ -name "*.json" | grep -q .'
	inside systemctl stop sluice-kafka-to-s3@j
	state_is sluice-kafka-to-s3@j Result success
	state_is sluice-kafka-to-s3@j ExecMainStatus 0
	# and a second life has the rest
	inside sed -i 's/ARGS=/ARGS=-e /' /etc/sluice/kafka-to-s3-j.env
	inside systemctl start sluice-kafka-to-s3@j
	wait_for 60 state_is sluice-kafka-to-s3@j ActiveState inactive
	inside sh -c 'cat $(find /var/lib/sluice/kafka-to-s3-j/lake/ -name "*.json")' | sort >got
	kafka-to-pipe -q -e -t "$id" | sort >want
	expect_same want got
}

run_tests
