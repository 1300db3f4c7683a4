# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Apache Kafka, one node that is broker and controller. Sourced by scripts/services.

# shellcheck disable=SC2034 # read by scripts/services by name
kafka_about='Apache Kafka 4.1.0, one node (KRaft), no topics made by themselves'
# shellcheck disable=SC2034
kafka_commands='topic group admin'

kafka_files=${definitions:?}/kafka

kafka_help() {
	cat <<'EOF'
  start kafka [--partitions N] [--set K=V]...
                                      N: of topics made without a number (4); K=V: any broker setting
  topic create NAME PARTITIONS [K=V...]
                                      made and led when this returns; K=V: any topic setting
  topic grow NAME PARTITIONS          it has so many from now on
  topic delete NAME...                gone when this returns
  topic list
  topic offsets NAME                  partition, first offset, end offset; tabs between
  topic read NAME                     what Kafka's own consumer sees, read_committed: partition, offset,
                                      partition Java's producer would choose, timestamp, key, value; tabs
                                      between
  topic delete-records NAME PARTITION OFFSET
                                      forget what is before OFFSET (-1: all of it)
  group list
  group offsets GROUP                 topic, partition, offset, metadata; tabs between
  group set-offset GROUP TOPIC PARTITION OFFSET [METADATA]
  group delete GROUP
  admin                               such commands from stdin, one a line: one start of Java for all
  env gives BOOTSTRAP_SERVERS.
  SLUICE_KAFKA_HEAP                   most heap (512m)
  SLUICE_KAFKA_JAVA_OPTS              more options for the broker's java
EOF
}

kafka_fetch_jars() {
	say "fetching Kafka with mvn, once (54 MB)"
	fetch_jars "$kafka_files/pom.xml" "$1"
}

# kafka_build_tools DIR: our own jar, first on the class path: KafkaAdmin and the log levels. A folder
# there instead would keep the JVM from using a class archive.
kafka_build_tools() {
	javac -cp "$kafka_jars/*" -d "$1/classes" "$kafka_files"/*.java &&
		cp -- "$kafka_files/simplelogger.properties" "$1/classes" &&
		jar --create --file "$1/tools.jar" -C "$1/classes" . &&
		rm -r -- "$1/classes"
}

# kafka_archive_classes DIR: start a broker once and have the JVM keep, when it ends, what it has
# loaded (a class-data archive). It halves the time of each later start; a JVM it does not fit
# ignores it.
kafka_archive_classes() (
	scratch=$1/scratch
	end=$((SECONDS + ${wait_s:?}))
	say "preparing Kafka's classes, once"
	mkdir -- "$scratch"
	kafka_configure "$scratch" || return
	kafka_run "$scratch" "-XX:ArchiveClassesAtExit=$1/classes.jsa" >"$scratch/log" 2>&1 </dev/null &
	pid=$!
	trap 'kill -KILL "$pid" 2>/dev/null' EXIT
	until kafka_ready "$scratch" || ((SECONDS >= end)) || ! kill -0 "$pid" 2>/dev/null; do
		sleep 0.1
	done
	kill "$pid" && wait "$pid"
	trap - EXIT
	rm -r -- "$scratch"
	[[ -s $1/classes.jsa ]]
)

kafka_fetch() {
	local key archive
	need java openjdk-17-jdk-headless
	need javac openjdk-17-jdk-headless
	key=$(key_of "$kafka_files/pom.xml")
	kafka_jars=$(cached kafka-jars "$key" kafka_fetch_jars)
	key=$key-$(key_of "$kafka_files"/*.java "$kafka_files/simplelogger.properties")
	kafka_tools=$(cached kafka-tools "$key" kafka_build_tools)
	key=$key-$(java -version 2>&1 | key_of)
	if archive=$(cached kafka-classes "$key" kafka_archive_classes); then
		kafka_java_options+=("-XX:SharedArchiveFile=$archive/classes.jsa")
	else
		say "no class archive could be made: each start of Kafka takes two seconds longer"
	fi
}

# The serial collector: as fast as the others here (2 M records in and out, 2 cores), and smallest.
kafka_java_options=(-XX:+UseSerialGC -XX:-UsePerfData -Djava.awt.headless=true)

# A cluster id is 16 bytes in URL-safe base64; one that begins with a dash would be read as an option.
kafka_cluster_id() {
	local id=-
	while [[ $id == -* ]]; do
		id=$(head -c 16 /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_')
	done
	printf '%s\n' "$id"
}

kafka_configure() {
	local dir=$1 partitions=4 extra=()
	shift
	while (($# > 0)); do
		case $1 in
		--partitions) partitions=${2:-}; shift ;;
		--partitions=*) partitions=${1#*=} ;;
		--set) extra+=("${2:-}"); shift ;;
		--set=*) extra+=("${1#*=}") ;;
		*) usage_error "kafka has no option $1" ;;
		esac
		(($# == 0)) || shift
	done
	[[ $partitions =~ ^[1-9][0-9]*$ ]] || usage_error "--partitions needs a number"
	if [[ ! -d $dir/data ]]; then
		free_port >"$dir/port"
		free_port >"$dir/controller-port"
	fi
	kafka_properties "$dir" "$partitions" >"$dir/server.properties"
	((${#extra[@]} == 0)) || printf '%s\n' "${extra[@]}" >>"$dir/server.properties"
	if [[ ! -d $dir/data ]]; then
		kafka_short_java kafka.tools.StorageTool format -t "$(kafka_cluster_id)" \
			-c "$dir/server.properties" >"$dir/log" 2>&1 || {
			cat "$dir/log" >&2
			return 1
		}
	fi
}

# Timestamps of a replay are years old, so nothing may expire by age. The log cleaner's buffer, 128 MB
# by default, is taken at the start. The short session lets a broker come back soon after a kill:
# its own controller waits for the old session's end. Clients of the tests may have short sessions too.
kafka_properties() {
	local port controller_port
	port=$(<"$1/port")
	controller_port=$(<"$1/controller-port")
	cat <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$1/data
num.partitions=$2
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=16777216
EOF
}

# kafka_short_java CLASS ARGS: for what runs a second; kafka_run is for the broker.
kafka_short_java() {
	java "${kafka_java_options[@]}" -XX:TieredStopAtLevel=1 \
		-cp "$kafka_tools/tools.jar:$kafka_jars/*" "$@"
}

# kafka_run DIR [JAVA OPTION...]
kafka_run() {
	local more dir=$1
	shift
	read -ra more <<<"${SLUICE_KAFKA_JAVA_OPTS:-}"
	exec setsid java "${kafka_java_options[@]}" -Xmx"${SLUICE_KAFKA_HEAP:-512m}" "${more[@]}" \
		"$@" -cp "$kafka_tools/tools.jar:$kafka_jars/*" kafka.Kafka "$dir/server.properties"
}

# The line in its own log first: the port alone could be somebody else's Kafka.
kafka_ready() {
	local at
	grep -q 'Kafka Server started' "$1/log" || return
	at=127.0.0.1:$(<"$1/port")
	if command -v kcat >/dev/null; then
		timeout 5 kcat -L -m 3 -b "$at" >/dev/null 2>&1
	else
		kafka_admin "$1" ready >/dev/null 2>&1
	fi
}

kafka_env() {
	printf 'export BOOTSTRAP_SERVERS=127.0.0.1:%s\n' "$(<"$1/port")"
}

kafka_admin() {
	local dir=$1
	shift
	kafka_short_java KafkaAdmin "127.0.0.1:$(<"$dir/port")" "$@"
}

kafka_command() {
	local dir=$1
	shift
	kafka_fetch
	if [[ $1 == admin ]]; then
		(($# == 1)) || usage_error "admin takes its commands from stdin"
		shift
	fi
	kafka_admin "$dir" "$@"
}
