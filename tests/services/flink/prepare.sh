# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Flink SQL in one process, for scripts/fidelity and scripts/bench: sourced from the top of the tree.

# flink_need PROGRAM PACKAGE
flink_need() {
	command -v "$1" >/dev/null && return
	echo "$1 is not installed, which Flink needs; on Debian: apt-get install $2" >&2
	exit 69
}

# flink_cached FOLDER FUNCTION: the folder of the cache; where it is not there, FUNCTION DIR fills one first
flink_cached() {
	local part
	[ ! -d "$1" ] || return 0
	mkdir -p "${1%/*}"
	part=$(mktemp -d "${1%/*}/.flink.XXXXXX")
	if ! "$2" "$part"; then
		rm -rf "$part"
		echo "Flink could not be fetched or built" >&2
		exit 1
	fi
	# another run may have been first
	mv -T "$part" "$1" 2>/dev/null || rm -rf "$part"
}

flink_key() { cat "$@" | sha256sum | cut -c 1-12; }

# what pom.xml pins; the registry is Maven's business
flink_fetch() {
	echo "fetching Flink with mvn, once (150 MB)" >&2
	mvn -q -B -f tests/services/flink/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory="$1" </dev/null >&2
}

flink_build() {
	javac -cp "$flink_jars/*" -d "$1/classes" tests/services/flink/FlinkWindows.java &&
		jar --create --file "$1/windows.jar" -C "$1/classes" . &&
		rm -r "$1/classes"
}

# flink_prepare: sets flink_classpath, with FlinkWindows and all it uses, and flink_archive, where an archive of
# their classes is or may be put. Each jar is named: the JVM archives none of a class path with wildcards.
flink_prepare() {
	local cache=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice} home pom=tests/services/flink/pom.xml
	flink_need javac openjdk-17-jdk-headless
	flink_need mvn maven
	flink_jars=$cache/flink-jars-$(flink_key $pom)
	flink_cached "$flink_jars" flink_fetch
	# the archive is of one Java
	home=$cache/flink-windows-$(java -version 2>&1 | flink_key $pom tests/services/flink/FlinkWindows.java -)
	flink_cached "$home" flink_build
	# shellcheck disable=SC2034 # the caller reads it
	flink_archive=$home/classes.jsa
	# shellcheck disable=SC2034
	flink_classpath=$(printf '%s:' "$home/windows.jar" "$flink_jars"/*.jar)
}
