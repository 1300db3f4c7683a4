#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-window in a pipe: windows, groups, aggregates, late records, bad input.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

window() {
	kafka-window -q --time t "$@"
}

test_hours_by_key_with_every_aggregate() {
	cat >in <<-END
		{"t":"2019-01-01T00:10:00Z","k":"a","v":1.5}
		{"t":"2019-01-01T00:20:00Z","k":"b","v":2}
		{"t":"2019-01-01T00:59:59.999Z","k":"a","v":0.1}
		{"t":"2019-01-01T01:00:00Z","k":"a","v":null}
		{"t":"2019-01-01T02:00:00+01:00","k":"a","v":-7}
	END
	window --tumble 1h --by k -a n=count -a c=count:v -a s=sum:v -a lo=min:v -a hi=max:v -a m=avg:v <in >out
	expect_text out '{"window_start":"2019-01-01T00:00:00.000Z","window_end":"2019-01-01T01:00:00.000Z","window_time":"2019-01-01T00:59:59.999Z","k":"a","n":2,"c":2,"s":1.6,"lo":0.1,"hi":1.5,"m":0.8}
{"window_start":"2019-01-01T00:00:00.000Z","window_end":"2019-01-01T01:00:00.000Z","window_time":"2019-01-01T00:59:59.999Z","k":"b","n":1,"c":1,"s":2,"lo":2,"hi":2,"m":2}
{"window_start":"2019-01-01T01:00:00.000Z","window_end":"2019-01-01T02:00:00.000Z","window_time":"2019-01-01T01:59:59.999Z","k":"a","n":2,"c":1,"s":-7,"lo":-7,"hi":-7,"m":-7}'
}

# every function once, each with what it comes to by hand
test_the_other_aggregates() {
	cat >in <<-END
		{"t":3000,"k":"a","v":3.5,"e":"buy","p":"y","d":"2020-01-01"}
		{"t":1000,"k":"a","v":1,"e":"view","p":"x","d":"2020-01-02"}
		{"t":2000,"k":"a","v":-2,"e":"view","p":"x","d":"2020-03-01"}
		{"t":2500,"k":"a","v":null,"e":"view","p":true}
	END
	window --tumble 1h --out-of-order 1h --by k -a f=first:p -a l=last:p -a lo=min:d -a hi=max:v \
		-a sd=stddev:v -a sp=stddev_pop:v -a d=distinct:p -a ad=approx_distinct:p -a p50=p50:v \
		-a q=p:99.9:v -a t=top:2:p -a s=set:p -a s1=set:1:p -a ls=list:v -a l2=list:2:p <in >out
	[ "$(jq -c 'del(.window_start,.window_end,.window_time)' out)" = '{"k":"a","f":"x","l":"y","lo":"2020-01-01","hi":3.5,"sd":2.753785273643051,"sp":2.2484562605386738,"d":3,"ad":3,"p50":0.99,"q":3.4903138713917436,"t":[{"value":"x","count":2},{"value":true,"count":1}],"s":[true,"x","y"],"s1":[true],"ls":[1,-2,3.5],"l2":["x","x"]}' ] || fail "$(cat out)"
	# the order in which records come does not show
	tac in | window --tumble 1h --out-of-order 1h --by k -a f=first:p -a l=last:p -a lo=min:d \
		-a hi=max:v -a sd=stddev:v -a sp=stddev_pop:v -a d=distinct:p -a ad=approx_distinct:p \
		-a p50=p50:v -a q=p:99.9:v -a t=top:2:p -a s=set:p -a s1=set:1:p -a ls=list:v \
		-a l2=list:2:p >out2
	expect_same out out2
}

test_where() {
	printf '{"t":1,"e":"product_view","n":1}\n{"t":2,"e":"order","n":"3"}\n{"t":3,"n":4}\n{"t":4,"e":null}\n' >in
	window --tumble 1s -a n=count -a 'products=count where=e=product_view' \
		-a 'others=count where=e != "product_view"' -a 'big=sum:n where=n>=2' <in >out
	[ "$(jq -c '[.n,.products,.others,.big]' out)" = '[4,1,1,4]' ] || fail "$(cat out)"
	# "3" is no number, but only records that are taken are looked at
	window --tumble 1s -a 's=sum:n where=e=product_view' <in >out
	[ "$(jq -c .s out)" = 1 ] || fail "$(cat out)"
	expect_status 65 window --tumble 1s -a s=sum:n <in
	expect_line 'field n: ' err
}

test_wrong_aggregates_say_where() {
	expect_status 2 window --tumble 1s -a 'n=median:v' </dev/null
	expect_line "byte 2: 'median' is no aggregate: there are count, sum," err
	expect_status 2 window --tumble 1s -a 'n=count where=a=null' </dev/null
	expect_line 'byte 16: nothing can be compared with null' err
}

# what hangs on states counts: one key whose set has no bound
test_values_count_in_the_state() {
	seq -f '{"t":1,"v":"a value with so many bytes %.0f"}' 1 40000 >in
	expect_status 75 window --tumble 1s --max-state 1M -a d=distinct:v <in
	expect_line 'open windows take more than the 1048576 bytes of --max-state' err
	window --tumble 1s --max-state 1M -a d=approx_distinct:v <in >out
	[ "$(jq '.d > 38700 and .d < 41300' out)" = true ] || fail "$(cat out)"
}

test_no_group_and_several_groups() {
	printf '{"t":1,"a":{"b":1},"c":"x"}\n{"t":2,"a":{"b":1.0},"c":"x"}\n{"t":3,"c":null}\n{"t":4}\n' >in
	window --tumble 1s -a n=count <in >out
	[ "$(jq .n out)" = 4 ]
	# 1 and 1.0 are one group, null and a missing field are one
	window --tumble 1s --by a.b,c -a n=count <in >out
	[ "$(jq -c '[."a.b",.c,.n]' out)" = $'[null,null,2]\n[1,"x",2]' ] || fail "$(cat out)"
	window --tumble 1s --by a.b --by c -a n=count <in >out2
	expect_same out out2
	# a name of its own, for tools that would look for b in an object a
	window --tumble 1s --by x=a.b,c -a n=count <in >out
	[ "$(jq -c '[.x,.c,.n]' out)" = $'[null,null,2]\n[1,"x",2]' ] || fail "$(cat out)"
}

# sums of decimals are exact: the same in any order of the input
test_sums_are_exact() {
	local i
	for i in $(seq 1 1000); do echo "{\"t\":$((i % 7)),\"v\":0.$((i % 10))$((i % 3))}"; done >in
	window --tumble 1s --out-of-order 1s -a s=sum:v -a m=avg:v <in >a
	sort in | window --tumble 1s --out-of-order 1s -a s=sum:v -a m=avg:v >b
	sort -r in | window --tumble 1s --out-of-order 1s -a s=sum:v -a m=avg:v >c
	expect_same a b
	expect_same a c
	[ "$(jq .s a)" = "$(awk -F: '{ s += $3 } END { printf "%.10g", s }' in)" ]
	printf '{"t":1,"v":9223372036854775807}\n{"t":1,"v":9223372036854775807}\n' |
		window --tumble 1s -a s=sum:v >out
	expect_line '"s":"18446744073709551614"' out
}

test_disorder_within_the_bound_and_late_records() {
	printf '{"t":%s}\n' 1000 5000 4000 3999 9000 >in
	# 4000 is not late for a window of 1 s that a watermark of 5000 has closed; with the bound it is
	expect_status 0 kafka-window --time t --tumble 1s -a n=count --late ./late <in
	expect_line '5 records read: 3 in windows, 2 late, 0 rejected; 3 windows, 3 rows delivered' err
	expect_text late $'{"t":4000}\n{"t":3999}'
	rm late
	expect_status 0 kafka-window --time t --tumble 1s --out-of-order 2s -a n=count --late ./late <in
	expect_line '5 in windows, 0 late' err
	[ ! -s late ]
	# without --late they are counted, and it is a warning
	expect_status 0 kafka-window -q --time t --tumble 1s -a n=count <in
	expect_line '2 late' err
}

test_windows_before_the_epoch_and_days() {
	printf '{"t":-1}\n{"t":0}\n' >in
	window --tumble 1d -a n=count <in >out
	[ "$(jq -r .window_start out | tr '\n' ' ')" = '1969-12-31T00:00:00.000Z 1970-01-01T00:00:00.000Z ' ]
}

# [start, end, count] of each row, in seconds
spans() {
	jq -c '[(.window_start, .window_end | sub("\\.000Z"; "Z") | fromdate), .n]' "$1" | tr '\n' ' '
}

test_hops() {
	printf '{"t":%s}\n' 5000 25000 45000 65000 >in
	window --hop 60s,20s -a n=count <in >out
	[ "$(spans out)" = '[-40,20,1] [-20,40,2] [0,60,3] [20,80,3] [40,100,2] [60,120,1] ' ] || fail "$(cat out)"
	# between samples of 10 s a minute
	printf '{"t":%s}\n' 5000 15000 65000 >in
	expect_status 0 kafka-window --time t --hop 10s,1m -a n=count <in
	[ "$(spans out)" = '[0,10,1] [60,70,1] ' ] || fail "$(cat out)"
	expect_line '3 records read: 2 in windows, 0 late, 0 rejected, 1 between windows; 2 windows' err
}

test_cumulations() {
	printf '{"t":%s}\n' 5000 25000 30000 65000 >in
	window --cumulate 60s,20s -a n=count <in >out
	[ "$(spans out)" = '[0,20,1] [0,40,3] [0,60,3] [60,80,1] [60,100,1] [60,120,1] ' ] || fail "$(cat out)"
}

test_sessions() {
	# a gap of exactly 10 s merges, of more does not; disorder within the bound; another key has its own
	printf '{"t":%s,"k":%s}\n' 0 1 10000 1 20001 1 30001 1 3000 2 50000 1 41000 1 >in
	expect_status 0 kafka-window --time t --session 10s --by k --out-of-order 30s -a n=count <in
	jq -c '[.k, .window_start, .window_end, .n]' out | tr -d '"' | sed 's/1970-01-01T00://g' >rows
	cat >want <<-END
		[2,00:03.000Z,00:13.000Z,1]
		[1,00:00.000Z,00:20.000Z,2]
		[1,00:20.001Z,00:40.001Z,2]
		[1,00:41.000Z,01:00.000Z,2]
	END
	diff want rows
	expect_line '7 records read: 7 in windows, 0 late, 0 rejected; 4 windows, 4 rows delivered' err
	# the fourth is behind the watermark and in the open session, the last would have ended
	printf '{"t":%s,"k":%s}\n' 5000 1 9000 2 4000 1 8000 1 0 2 0 3 >in
	expect_status 0 kafka-window --time t --session 5s --by k -a n=count <in
	[ "$(jq -c '[.k, .n]' out | tr '\n' ' ')" = '[1,3] [2,1] ' ] || fail "$(cat out)"
	expect_line '4 in windows, 2 late' err
	# held for longer, none is late
	expect_status 0 kafka-window --time t --session 5s --by k --lateness 10s -a n=count <in
	[ "$(jq -c '[.k, .n]' out | tr '\n' ' ')" = '[2,1] [3,1] [1,3] [2,1] ' ] || fail "$(cat out)"
	expect_line '6 in windows, 0 late' err
	printf '{"k":%s}\n' 1 2 1 >in
	expect_status 0 kafka-window --session 1h --processing-time --by k -a n=count <in
	[ "$(jq -c '[.k, .n]' out | sort | tr '\n' ' ')" = '[1,2] [2,1] ' ] || fail "$(cat out)"
}

test_sessions_that_cannot_be() {
	expect_status 2 kafka-window --time t --session 0 -a n=count </dev/null
	expect_status 2 kafka-window --time t --session 1h,5m -a n=count </dev/null
	expect_status 2 kafka-window --time t --session 1h --tumble 1h -a n=count </dev/null
	expect_line 'session is given too' err
	expect_status 2 kafka-window --time t --session 1h --lateness 1h --emit updates -a n=count </dev/null
	expect_line 'a session that grows is another window' err
	# a key more than there is room for: what is complete is out
	for i in $(seq 20000); do printf '{"t":%d,"k":"key-%d"}\n' "$i" "$i"; done >in
	expect_status 75 kafka-window --time t --session 1s --out-of-order 1h --by k --max-state 1M -a n=count <in
	expect_line 'open windows take more than the 1048576 bytes of --max-state' err
	expect_status 0 kafka-window -q --time t --session 1s --by k --max-state 1M -a n=count <in
	[ "$(wc -l <out)" = 20000 ]
}

test_windows_of_local_time() {
	[ -e /usr/share/zoneinfo/Europe/Zurich ] || skip "tzdata is not installed"
	# a record at noon of two days, the first of 25 hours
	printf '{"t":"2024-10-27T%s:00:00Z"}\n' 00 12 22 23 >in
	window --tumble 1d --tz Europe/Zurich -a n=count <in >out
	[ "$(jq -r '"\(.window_start) \(.window_end) \(.n)"' out)" = "2024-10-26T22:00:00.000Z 2024-10-27T23:00:00.000Z 3
2024-10-27T23:00:00.000Z 2024-10-28T23:00:00.000Z 1" ] || fail "$(cat out)"
	expect_status 2 kafka-window --time t --tumble 1d --tz Europe/Zuerich -a n=count </dev/null
	expect_line 'Europe/Zuerich' err
}

test_windows_that_are_shifted() {
	expect_status 2 kafka-window --time t --session 1m --align 10s -a n=count </dev/null
	expect_status 2 kafka-window --time t --session 1m --tz UTC -a n=count </dev/null
	printf '{"t":%s}\n' 5000 15000 >in
	window --tumble 60s --align 10s -a n=count <in >out
	[ "$(spans out)" = '[-50,10,1] [10,70,1] ' ] || fail "$(cat out)"
}

test_late_records_that_windows_are_held_for() {
	printf '{"t":%s,"k":"%s"}\n' 10000 a 11000 b 60000 a 20000 a 89000 a 21000 b 90000 a 59000 a >in
	expect_status 0 kafka-window --time t --tumble 60s --by k --lateness 30s -a n=count <in
	expect_line '8 records read: 7 in windows, 1 late' err
	[ "$(jq -c '[.k, .n, .revision]' out | tr '\n' ' ')" = '["a",2,null] ["b",2,null] ["a",3,null] ' ] || fail "$(cat out)"
	expect_status 0 kafka-window --time t --tumble 60s --by k --lateness 30s --emit updates -a n=count \
		-a s=count:missing <in
	[ "$(jq -c '[.k, .revision, .n]' out | tr '\n' ' ')" = \
		'["a",1,1] ["b",1,1] ["a",2,2] ["b",2,2] ["a",3,3] ' ] || fail "$(cat out)"
	[ "$(head -n 1 out)" = '{"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:01:00.000Z","window_time":"1970-01-01T00:00:59.999Z","revision":1,"k":"a","n":1,"s":0}' ] ||
		fail "$(cat out)"
	# a name of rows' own, where they have it
	expect_status 2 kafka-window --time t --tumble 1m --lateness 1m --emit updates -a revision=count </dev/null
	expect_status 0 kafka-window --time t --tumble 1m --lateness 1m -a revision=count </dev/null
	expect_status 2 kafka-window --time t --tumble 1m --emit updates -a n=count </dev/null
	expect_line 'lateness' err
	# which takes the place of an aggregate
	# shellcheck disable=SC2046 # words
	expect_status 2 kafka-window --time t --tumble 1m --lateness 1m --emit updates \
		$(seq -f '-a n%.0f=count' 64) </dev/null
	expect_line 'revision of --emit updates: more than 64 aggregates' err
	# shellcheck disable=SC2046
	expect_status 0 kafka-window --time t --tumble 1m --lateness 1m --emit updates \
		$(seq -f '-a n%.0f=count' 63) </dev/null
	expect_status 2 kafka-window --time t --tumble 1m --lateness 1m --emit all -a n=count </dev/null
	expect_status 2 kafka-window --time t --session 1m --lateness 1m --emit updates -a n=count </dev/null
}

test_sessions_that_are_held() {
	printf '{"t":%s}\n' 1000 2000 9000 1500 14000 >in
	window --session 2s --lateness 6s -a n=count <in >out
	[ "$(spans out)" = '[1,4,3] [9,11,1] [14,16,1] ' ] || fail "$(cat out)"
}

test_windows_by_the_clock() {
	local option
	printf '{"v":1}\n{"v":2}\n{"v":3}\n' >in
	kafka-window -q --processing-time --tumble 1h -a n=count <in >out
	[ "$(jq -s 'map(.n) | add' out)" = 3 ] || fail "$(cat out)"
	for option in '--time v' '--out-of-order 1s' '--lateness 1s' '--late ./late' '--idle-close 1s'; do
		# shellcheck disable=SC2086 # an option and its value
		expect_status 2 kafka-window --processing-time --tumble 1h $option -a n=count <in
	done
	# a window ends though no record comes
	mkfifo pipe
	kafka-window -q --processing-time --tumble 300ms -a n=count <pipe >out &
	exec 7>pipe
	echo '{"v":1}' >&7
	wait_for 10 test -s out
	exec 7>&-
	wait $!
	[ "$(jq -s 'map(.n) | add' out)" = 1 ]
}

test_windows_are_of_one_kind() {
	local kind
	expect_status 2 kafka-window --time t --tumble 1h --hop 1h,5m -a n=count </dev/null
	expect_line 'tumble is given too' err
	for kind in hop cumulate; do
		expect_status 2 kafka-window --time t --$kind 1h -a n=count </dev/null
		expect_status 2 kafka-window --time t --$kind 1h,0 -a n=count </dev/null
		expect_status 2 kafka-window --time t --$kind 1h,5m,5m -a n=count </dev/null
		expect_status 2 kafka-window --time t --$kind ,5m -a n=count </dev/null
		expect_status 2 kafka-window --time t --$kind 40000d,1d -a n=count </dev/null
	done
	expect_status 2 kafka-window --time t --cumulate 1h,7m -a n=count </dev/null
	expect_line 'must divide' err
	expect_status 2 kafka-window --time t --hop 1d,1s -a n=count </dev/null
	expect_line '86400 panes' err
}

# a row leaves when its window closes, not when a buffer is full
test_rows_leave_at_once() {
	mkfifo in
	kafka-window -q --time t --tumble 1s -a n=count <in >out &
	exec 7>in
	printf '{"t":500}\n{"t":2500}\n' >&7
	wait_for 5 test -s out
	[ "$(wc -l <out)" = 1 ]
	exec 7>&-
	wait $!
	[ "$(wc -l <out)" = 2 ]
}

test_idle_close_ends_windows_without_new_records() {
	mkfifo in
	kafka-window -q --time t --tumble 1h -a n=count --idle-close 300ms <in >out &
	exec 7>in
	echo '{"t":500}' >&7
	wait_for 5 test -s out
	# what comes for that hour now is late
	echo '{"t":600}' >&7
	exec 7>&-
	wait $!
	[ "$(wc -l <out)" = 1 ]
}

test_bad_records_are_named() {
	printf '{"t":1,"v":1}\n{"t":2,"v":"x"}\n{"t":3,"v":1}\n' >in
	expect_status 65 kafka-window --time t --tumble 1s -a s=sum:v <in
	expect_line '^kafka-window: stdin:2: byte 11: field v: string is not a number' err
	# a window that was open stays unsaid: the input was not read to its end
	[ ! -s out ]
	expect_status 0 kafka-window --time t --tumble 1s -a s=sum:v --dead-letter ./letters <in
	expect_line '3 records read: 2 in windows, 0 late, 1 rejected' err
	jq -e '.error.byte == 11 and .line == 2 and .origin == "stdin"' letters >/dev/null
	echo '{"t":1,"k":[1]}' >in
	expect_status 65 kafka-window -q --time t --tumble 1s --by k -a n=count <in
	expect_line 'field k' err
	echo '[1' >in
	expect_status 65 kafka-window -q --time t --tumble 1s -a n=count <in
	echo '{"t":9223372036854775807}' >in
	expect_status 65 kafka-window -q --time t --tumble 1s -a n=count <in
}

# a line of 100 MB with the default limit: rejected, and no memory is taken for it
test_a_line_of_100_megabytes() {
	{ echo '{"t":1}'; printf '{"t":2,"x":"'; head -c 100000000 /dev/zero | tr '\0' x; echo '"}'; echo '{"t":3}'; } |
		{ is_sanitized || ulimit -v 250000; kafka-window --time t --tumble 1s -a n=count --dead-letter ./letters >out 2>err; }
	expect_line 'line is longer than 16777216 bytes' err
	expect_line '3 records read: 2 in windows, 0 late, 1 rejected' err
	[ "$(jq .n out)" = 2 ]
}

test_state_is_bounded() {
	local status=0
	seq 1 100000 | sed 's/.*/{"t":1,"k":&}/' >in
	expect_status 75 kafka-window --time t --tumble 1h --by k -a n=count --max-state 1M <in
	expect_line 'max-state' err
}

test_bounds_as_numbers() {
	echo '{"t":"2019-01-01T00:30:00Z"}' >in
	expect_status 0 kafka-window --tumble 1h --time t -a n=count --window-format ms <in
	[ "$(cat out)" = '{"window_start":1546300800000,"window_end":1546304400000,"window_time":1546304399999,"n":1}' ] ||
		fail "$(cat out)"
	expect_status 2 kafka-window --tumble 1h --time t -a n=count --window-format s </dev/null
	expect_line '"s" is neither iso nor ms' err
}

# a microsecond for a millisecond would move the watermark by 50,000 years
test_timestamps_of_envelopes_are_of_years_that_can_be_written() {
	for ts in 1700000000000000 253402300800000 -62135596800001; do
		expect_status 65 kafka-window -q -J=in --tumble 1h -a n=count <<<"{\"ts\":$ts,\"payload\":{}}"
		expect_line '^kafka-window: stdin:1: the timestamp is outside the years 1 to 9999$' err
		[ ! -s out ] || fail "$(cat out)"
	done
	kafka-window -q -J=in --tumble 1h -a n=count <<<'{"ts":253402300799999,"payload":{}}' >out
	expect_line '"window_time":"9999-12-31T23:59:59.999Z","n":1' out
	kafka-window -q -J=in --tumble 1h -a n=count <<<'{"ts":-62135596800000,"payload":{}}' >out
	expect_line '"window_start":"0001-01-01T00:00:00.000Z"' out
}

# in the order of lines, under one watermark, whatever partitions and offsets they name
test_envelopes_of_several_partitions_are_one_stream() {
	printf '{"partition":%d,"offset":%d,"payload":{"t":%d,"v":"%s"}}\n' \
		1 7 5000 a 0 9 5000 b 1 3 5000 c 2 0 5000 d 2 1 1000 e >in
	expect_status 0 kafka-window -J=in --time t --tumble 1s -a v=list:v -a last=last:v <in
	[ "$(jq -c '[.v, .last]' out)" = '[["a","b","c","d"],"d"]' ] || fail "$(cat out)"
	expect_line '4 in windows, 1 late' err
	expect_status 0 kafka-window -J=in --time t --tumble 1s --out-of-order 4s -a n=count <in
	expect_line '5 in windows, 0 late' err
}

stdout_group() {
	kafka-window --explain -b 127.0.0.1:1 -t trips "$@" | grep -oE 'sluice\.kafka-window\.trips\.stdout-[0-9a-f]{8},'
}

# of two jobs to standard output each reads all of a topic, and the same job twice reads it once
test_default_groups_of_jobs_to_standard_output() {
	stdout_group --tumble 1h --time at --by vendor -a n=count -o end -q >same
	(
		stdout_group --tumble 1h --time at --by vendor -a n=count
		stdout_group --tumble 2h --time at --by vendor -a n=count
		stdout_group --tumble 1h --time ended --by vendor -a n=count
		stdout_group --tumble 1h --time at --by zone -a n=count
		stdout_group --tumble 1h --time at --by v=vendor -a n=count
		stdout_group --tumble 1h --time at --by vendor -a trips=count
		stdout_group --tumble 1h --time at --by vendor -a n=p50:x
		stdout_group --tumble 1h --time at --by vendor -a n=p99:x
		stdout_group --tumble 1h --time at --by vendor -a 'n=p99:x where=x>1'
		stdout_group --tumble 1h --time at --by vendor -a n=count --lateness 1h --emit updates
	) >groups
	[ "$(sort -u groups | wc -l)" = 10 ] || fail "$(cat groups)"
	[ "$(head -n 1 groups)" = "$(cat same)" ] || fail "$(cat same groups)"
}

# no broker is asked, no input is read
test_explain() {
	expect_status 0 kafka-window --explain -b 127.0.0.1:1 -t trips --output-topic windows --hop 1h,5m --time at \
		--by vendor,zone=a.b -a n=count -a 'big=sum:amount where=kind=trip' -a p=p99:distance -a last=list:20:id \
		--out-of-order 5m --idle-close 90m --late ./late.json --tz Europe/Zurich --align 30m --lateness 1d \
		--emit updates --dead-letter bad --dead-letter-max 9 --max-state 2M --window-format ms
	cat >want <<-'END'
		source      topic trips, all partitions, as group sluice.kafka-window.trips.windows, from what is committed, else the beginning; endless
		time        field at, a string of ISO 8601 or a number of ms
		watermark   the largest time of each partition, of which the smallest counts, less 5m; a partition at its end and silent for 1m does not count; after 1h30m of silence all windows are complete
		windows     hopping, 1h each, one every 5m, aligned to local time in Europe/Zurich, 30m later; written when the watermark reaches their end, and again when a late record changes them, for 1d
		late        to ./late.json, as they came
		keys        vendor, zone = a.b
		aggregates  n = the number of records
		            big = the sum of amount, of records where kind = "trip"
		            p = about the quantile at 99% of distance
		            last = the values by (time, partition, offset), 20 at most, of id
		sink        topic windows, keyed by the row's keys; windows' bounds in ms since the epoch
		rejected    to bad, 9 at most
		state       2097152 bytes of open windows at most; more ends the run with 75, and nothing is lost
		promise     at least once: after a crash the rows of about a second are written again, after a stop by a signal none
	END
	expect_same want out
	kafka-window --explain --cumulate 1d,1h --time at --time-format s -a n=count </dev/null >out
	expect_line '^source      standard input, lines; it ends$' out
	expect_line '^time        field at, seconds$' out
	expect_line '^windows     cumulating, one every 1h from the start of each 1d, aligned to UTC; written' out
	expect_line '^late        left out and counted$' out
	expect_line '^state       1073741824 bytes .* with 75, and what is in them is lost$' out
	expect_line '^promise     nothing is committed: another run begins anew$' out
	kafka-window --explain --tumble 1h --processing-time -a n=count </dev/null >out
	expect_line '^watermark   the clock$' out
	! grep '^late ' out || fail 'nothing is late by the clock'
	expect_status 2 kafka-window --explain --tumble 1h --time at </dev/null
	# --dry-run says it in the same words
	expect_status 0 kafka-window --dry-run --hop 1h,5m --tz Europe/Zurich --align 30m --time at -a n=count </dev/null
	expect_line 'in windows \(hopping, 1h each, one every 5m, aligned to local time in Europe/Zurich, 30m later\), 1 ' err
}

test_options_of_times_that_nothing_looks_at() {
	expect_status 2 kafka-window -J=in --tumble 1h --time-format s -a n=count </dev/null
	expect_line '^kafka-window: --time-format: of which field[?] give --time FIELD' err
	for option in '--time-format s' '--idle 1m'; do
		# shellcheck disable=SC2086
		expect_status 2 kafka-window --tumble 1h --processing-time $option -a n=count </dev/null
		expect_line "^kafka-window: ${option% *}: with --processing-time the time is the clock's" err
	done
	# those that a file has for all jobs are no mistake
	printf '[kafka-window]\ntime-format = s\nidle = 1m\n' >conf
	expect_status 0 kafka-window -F conf --tumble 1h --processing-time -a n=count </dev/null
	expect_status 0 kafka-window -F conf -J=in --tumble 1h -a n=count </dev/null
}

test_usage_errors() {
	expect_status 2 kafka-window --tumble 1h -a n=count </dev/null
	expect_line 'time' err
	expect_status 2 kafka-window --time t -a n=count </dev/null
	expect_status 2 kafka-window --time t --tumble 1h </dev/null
	expect_status 2 kafka-window --time t --tumble 60 -a n=count </dev/null
	expect_status 2 kafka-window --time t --tumble 1h -a n=median:v </dev/null
	expect_status 2 kafka-window --time t --tumble 1h -a n=sum </dev/null
	expect_status 2 kafka-window --time t --tumble 1h -a count </dev/null
	expect_status 2 kafka-window --time t --tumble 1h -a n=count -a n=count </dev/null
	expect_status 2 kafka-window --time t --tumble 1h --by k -a k=count </dev/null
	expect_status 2 kafka-window --time t --tumble 1h --by a,x=a,x=b -a n=count </dev/null
	expect_status 2 kafka-window --time t --tumble 1h --by =a -a n=count </dev/null
	expect_status 2 kafka-window --time t --tumble 1h --by a= -a n=count </dev/null
	expect_status 2 kafka-window --time t --tumble 1h -a n=count -o end </dev/null
	expect_status 2 kafka-window --time t --tumble 1h -a n=count -t '' </dev/null
	for option in output-topic late dead-letter; do
		expect_status 2 kafka-window -b 127.0.0.1:1 -t a --tumble 1h -a n=count --explain --$option a </dev/null
		expect_line "$option: a is the topic that is read" err
		expect_status 0 kafka-window -b 127.0.0.1:1 -t a --tumble 1h -a n=count --explain --$option ab </dev/null
		expect_status 0 kafka-window -b 127.0.0.1:1 -t a --tumble 1h -a n=count --explain --$option b </dev/null
	done
}

test_a_stop_is_not_an_end() {
	local status=0
	mkfifo in
	kafka-window --time t --tumble 1h -a n=count <in >out 2>err &
	exec 7>in
	echo '{"t":500}' >&7
	wait_for 30 pipe_is_empty <&7
	sleep 0.3
	kill -TERM $!
	wait $! || status=$?
	exec 7>&-
	[ $status = 75 ] || fail "status $status"
	[ ! -s out ]
	expect_line '1 windows open' err
}

run_tests
