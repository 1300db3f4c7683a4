# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Flink SQL in one process, for scripts/fidelity and scripts/bench: sourced from the top of the tree.

# flink_need PROGRAM PACKAGE
flink_need() {
	command -v "$1" >/dev/null && return
	echo "$1 is not installed, which Flink needs; on Debian: apt-get install $2" >&2
	exit 69
}

# flink_fill DIR: what pom.xml pins, and FlinkWindows; the registry is Maven's business
flink_fill() {
	echo "fetching Flink with mvn, once (130 MB)" >&2
	mvn -q -B -f tests/services/flink/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory="$1/jars" </dev/null >&2 &&
		javac -cp "$1/jars/*" -d "$1/classes" tests/services/flink/FlinkWindows.java &&
		jar --create --file "$1/windows.jar" -C "$1/classes" . &&
		rm -r "$1/classes"
}

# flink_prepare: sets flink_home, and flink_classpath with FlinkWindows and all it uses. Each jar is named: the
# JVM archives no classes of a class path with wildcards or folders.
flink_prepare() {
	local cache=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice} part
	flink_need javac openjdk-17-jdk-headless
	flink_need mvn maven
	flink_home=$cache/flink-$(cat tests/services/flink/{pom.xml,FlinkWindows.java} | sha256sum | cut -c 1-12)
	if [ ! -d "$flink_home" ]; then
		mkdir -p "$cache"
		part=$(mktemp -d "$cache/.flink.XXXXXX")
		if ! flink_fill "$part"; then
			rm -rf "$part"
			echo "Flink could not be fetched or built" >&2
			exit 1
		fi
		# another run may have been first
		mv -T "$part" "$flink_home" 2>/dev/null || rm -rf "$part"
	fi
	# shellcheck disable=SC2034 # the caller reads it
	flink_classpath=$(printf '%s:' "$flink_home/windows.jar" "$flink_home"/jars/*.jar)
}
