# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests that need a broker: sourced after tests/lib.sh. scripts/services has started it, and
# BOOTSTRAP_SERVERS says where it is. A test names its topics with fresh_id, so that tests cannot meet.

[ -n "${BOOTSTRAP_SERVERS:-}" ] || {
	echo "Bail out! BOOTSTRAP_SERVERS is not set: eval \"\$(scripts/services env)\""
	exit 99
}
export BOOTSTRAP_SERVERS

services() {
	"${top_srcdir:?source tests/lib.sh first}/scripts/services" "$@"
}

# need_s3: S3 as AWS_ENDPOINT_URL_S3 says, where nothing of the caller's is found
need_s3() {
	[ -n "${AWS_ENDPOINT_URL_S3:-}" ] || {
		echo "1..0 # SKIP AWS_ENDPOINT_URL_S3 is not set: scripts/services start versitygw"
		exit 0
	}
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
	unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL
}

# new_bucket: set bucket, and folder, where its objects lie
# shellcheck disable=SC2034 # callers use it
new_bucket() {
	bucket=$(fresh_id)
	services s3-bucket "$bucket"
	folder=$(services s3-folder "$bucket")
}

fresh_id() {
	printf 't%s-%s' "$$" "$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')"
}

# create_topic NAME PARTITIONS [K=V...]
create_topic() {
	services topic create "$@" >/dev/null || fail "topic $1 could not be made"
}

# end_offsets TOPIC: the sum over its partitions
end_offsets() {
	services topic offsets "$1" | awk '{ sum += $NF } END { print sum + 0 }'
}

# files_of_lake [WORD-OF-FIND...]: of ./lake, without the marks beside the data
files_of_lake() {
	find lake -type f -not -path 'lake/_sluice/*' "$@" 2>/dev/null
}

lines_of_lake() {
	files_of_lake -exec cat {} +
}
