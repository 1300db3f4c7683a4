# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# DynamoDB Local: Amazon's own, over SQLite. Sourced by scripts/services.

# shellcheck disable=SC2034 # read by scripts/services by name
dynamodb_about='DynamoDB Local 3.0.0; it checks no signatures'
# shellcheck disable=SC2034
dynamodb_commands=dynamodb

dynamodb_files=${definitions:?}/dynamodb
dynamodb_rows=$definitions/rows.py

dynamodb_help() {
	cat <<'TEXT'
  start dynamodb [--on-disk]          --on-disk: the data is kept over a restart (ten times slower)
  dynamodb scan TABLE                 all its items as DynamoDB's JSON, one a line, sorted
  dynamodb call ACTION [JSON]         one action (CreateTable, DescribeTable...) with this, or stdin's,
                                      body; prints the answer
  env gives AWS_ENDPOINT_URL_DYNAMODB and, where they are not set, AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY and AWS_REGION that mean nothing.
TEXT
}

dynamodb_fetch_jars() {
	say "fetching DynamoDB Local with mvn, once (46 MB)"
	fetch_jars "$dynamodb_files/pom.xml" "$1" &&
		javac -cp "$1/*" -d "$1" "$dynamodb_files/Loopback.java"
}

dynamodb_fetch() {
	need java openjdk-17-jdk-headless
	need javac openjdk-17-jdk-headless
	need python3 python3
	dynamodb_jars=$(cached dynamodb "$(key_of "$dynamodb_files"/{pom.xml,Loopback.java})" \
		dynamodb_fetch_jars)
}

dynamodb_configure() {
	local dir=$1 in_memory=1
	shift
	while (($# > 0)); do
		case $1 in
		--on-disk) in_memory=0 ;;
		*) usage_error "dynamodb has no option $1" ;;
		esac
		shift
	done
	if [[ ! -d $dir/data ]]; then
		free_port >"$dir/port"
		mkdir -p -- "$dir/data"
	fi
	printf '%d\n' "$in_memory" >"$dir/in-memory"
}

# One database for all keys and regions (-sharedDb), as tests have several. The library path is for SQLite.
dynamodb_run() {
	local where=(-dbPath "$1/data")
	[[ $(<"$1/in-memory") == 0 ]] || where=(-inMemory)
	exec setsid java -XX:+UseSerialGC -XX:-UsePerfData -Djava.awt.headless=true \
		-Xmx"${SLUICE_DYNAMODB_HEAP:-512m}" -Djava.library.path="$dynamodb_jars" \
		-cp "$dynamodb_jars:$dynamodb_jars/*" Loopback \
		-sharedDb "${where[@]}" -disableTelemetry -port "$(<"$1/port")"
}

dynamodb_at() { printf 'http://127.0.0.1:%s' "$(<"$1/port")"; }

# The line in its own log first: the port alone could be somebody else's.
dynamodb_ready() {
	grep -q '^Initializing DynamoDB Local' "$1/log" || return
	timeout 5 python3 "$dynamodb_rows" call "$(dynamodb_at "$1")" ListTables '{}' >/dev/null 2>&1
}

dynamodb_env() {
	cat <<TEXT
export AWS_ENDPOINT_URL_DYNAMODB=$(dynamodb_at "$1")
export AWS_ACCESS_KEY_ID="\${AWS_ACCESS_KEY_ID:-dummy}"
export AWS_SECRET_ACCESS_KEY="\${AWS_SECRET_ACCESS_KEY:-dummy}"
export AWS_REGION="\${AWS_REGION:-us-east-1}"
TEXT
}

dynamodb_command() {
	local dir=$1 word=${3:-} body
	need python3 python3
	case $word in
	scan)
		(($# == 4)) || usage_error "dynamodb scan needs a table"
		python3 "$dynamodb_rows" scan "$(dynamodb_at "$dir")" "$4"
		;;
	call)
		(($# == 4 || $# == 5)) || usage_error "dynamodb call needs an action and perhaps a body"
		if (($# == 5)); then body=$5; else body=$(cat); fi
		python3 "$dynamodb_rows" call "$(dynamodb_at "$dir")" "$4" "$body"
		;;
	*) usage_error "dynamodb takes: scan TABLE, call ACTION [JSON]" ;;
	esac
}
