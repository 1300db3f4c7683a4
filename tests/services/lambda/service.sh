# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# AWS Lambda's invocation, by serverless-offline. Sourced by scripts/services.

# shellcheck disable=SC2034 # read by scripts/services by name
lambda_about='serverless-offline 13.10.1: functions of a folder, invoked as in AWS Lambda'

lambda_files=${definitions:?}/lambda

lambda_help() {
	cat <<'TEXT'
  start lambda [--functions DIR] [--timeout SECONDS]
                                      each DIR/NAME.js is a function NAME with its `handler`, each
                                      DIR/NAME.py one with `handler` (those of tests/services/lambda
                                      without --functions; another --name for each test's own); --timeout: of
                                      a call (30)
  env gives AWS_ENDPOINT_URL_LAMBDA and, where they are not set, AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY and AWS_REGION that mean nothing.
TEXT
}

# What packages run when they are installed is not needed.
lambda_install() {
	local out
	say "fetching serverless-offline with npm, once (300 MB)"
	cp -- "$lambda_files/package.json" "$1" &&
		if ! out=$(cd -- "$1" && npm install --omit=dev --ignore-scripts --no-audit --no-fund \
			--no-package-lock --loglevel=error 2>&1 </dev/null); then
			printf '%s\n' "$out" >&2
			say "npm could not install what $lambda_files/package.json lists"
			return 1
		fi
}

lambda_fetch() {
	local version
	need node nodejs
	need npm npm
	need curl curl
	version=$(node -p 'process.versions.node.split(".")[0]')
	if ((version < 18)); then
		say "serverless-offline needs Node.js 18 or newer, and this one is $version"
		exit "${EX_UNAVAILABLE:?}"
	fi
	lambda_packages=$(cached lambda "$(key_of "$lambda_files/package.json")" lambda_install)
}

lambda_configure() {
	local dir=$1 functions=$lambda_files/functions timeout_s=30
	shift
	while (($# > 0)); do
		case $1 in
		--functions) functions=${2:-}; shift ;;
		--functions=*) functions=${1#*=} ;;
		--timeout) timeout_s=${2:-}; shift ;;
		--timeout=*) timeout_s=${1#*=} ;;
		*) usage_error "lambda has no option $1" ;;
		esac
		(($# == 0)) || shift
	done
	[[ -d $functions ]] || usage_error "--functions needs a folder"
	[[ $timeout_s =~ ^[1-9][0-9]*$ ]] || usage_error "--timeout needs a number of seconds"
	if [[ ! -d $dir/data ]]; then
		free_port >"$dir/port"
		free_port >"$dir/http-port"
		mkdir -- "$dir/data"
	fi
	functions=$(realpath -- "$functions")
	ln -sfnT -- "$functions" "$dir/functions"
	ln -sfnT -- "$lambda_packages/node_modules" "$dir/node_modules"
	lambda_settings "$functions" "$timeout_s" >"$dir/serverless.yml"
}

# lambda_settings FOLDER SECONDS
lambda_settings() {
	local file name runtime
	cat <<TEXT
service: tests
frameworkVersion: '3'
plugins: [serverless-offline]
provider:
  name: aws
  timeout: $2
functions:
TEXT
	for file in "$1"/*.js "$1"/*.py; do
		[[ -f $file ]] || continue
		name=${file##*/}
		name=${name%.*}
		runtime=nodejs20.x
		[[ $file != *.py ]] || runtime=python3.11
		printf '  %s:\n    name: %s\n    handler: functions/%s.handler\n    runtime: %s\n' \
			"${name//[^A-Za-z0-9]/}" "$name" "$name" "$runtime"
	done
}

lambda_run() {
	cd -- "$1" || return
	export HOME=$1 SLS_TELEMETRY_DISABLED=1 SLS_NOTIFICATIONS_MODE=off
	exec setsid node node_modules/serverless/bin/serverless.js offline --host 127.0.0.1 \
		--lambdaPort "$(<"$1/port")" --httpPort "$(<"$1/http-port")" --noPrependStageInUrl
}

lambda_at() { printf 'http://127.0.0.1:%s' "$(<"$1/port")"; }

# The line in its own log first: the port alone could be somebody else's. A function that is not there is an
# answer too.
lambda_ready() {
	grep -q 'Offline \[http for lambda\] listening on' "$1/log" || return
	[[ $(curl -sS --max-time 3 -o /dev/null -w '%{http_code}' -d '{}' \
		"$(lambda_at "$1")/2015-03-31/functions/is-not-there/invocations" 2>/dev/null) == 404 ]]
}

lambda_env() {
	cat <<TEXT
export AWS_ENDPOINT_URL_LAMBDA=$(lambda_at "$1")
export AWS_ACCESS_KEY_ID="\${AWS_ACCESS_KEY_ID:-dummy}"
export AWS_SECRET_ACCESS_KEY="\${AWS_SECRET_ACCESS_KEY:-dummy}"
export AWS_REGION="\${AWS_REGION:-us-east-1}"
TEXT
}
