#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# s3-to-kafka into a pipe: formats, compression, time, keys, bad input.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# ten lines with rising times, a second apart
make_trips() {
	local i
	for i in 0 1 2 3 4 5 6 7 8 9; do
		printf '{"id":%d,"at":"2019-01-01T00:00:0%d.000Z","n":{"x":%d.50}}\n' "$i" "$i" "$i"
	done
}

test_lines_pass_through_byte_for_byte() {
	printf '{"a":847.43,"b":12345678901234567890}\n  {"a" : 1e2}  \n[1]\n"no newline"' >in
	expect_status 0 s3-to-kafka in
	printf '\n' >>in
	expect_same in out
	expect_line '4 records read: 4 delivered, 0 rejected' err
}

test_every_compression_is_told_by_content() {
	make_trips >plain
	lz4 -q plain a
	gzip -c plain >b
	zstd -q plain -o c
	for f in plain a b c; do
		expect_status 0 s3-to-kafka -q $f
		expect_same plain out
	done
}

test_every_concatenated_frame_is_read() {
	local pack
	make_trips >plain
	cat plain plain plain >three
	for pack in 'lz4 -q -c' 'gzip -c' 'zstd -q -c'; do
		rm -f packed
		for _ in 1 2 3; do $pack plain >>packed; done
		expect_status 0 s3-to-kafka -q packed
		expect_same three out
	done
}

test_real_trips_in_two_frames() {
	need_shared tripevents-2019-01.two-frames.json.lz4
	lz4 -dc "$shared_data/tripevents-2019-01.json.lz4" >want
	for f in tripevents-2019-01.json.lz4 tripevents-2019-01.two-frames.json.lz4; do
		expect_status 0 s3-to-kafka -q "$shared_data/$f"
		expect_same want out
	done
}

test_directories_and_patterns_are_read_in_order() {
	mkdir -p lake/b lake/a lake/.hidden lake/_sluice
	echo 1 >lake/a/1.json
	echo 2 >lake/a/2.json
	echo 3 >lake/b/0.json
	echo no | tee lake/.hidden/x lake/_sluice/x lake/_SUCCESS lake/README.md >/dev/null
	expect_status 0 s3-to-kafka -q lake
	expect_text out $'1\n2\n3'
	expect_status 0 s3-to-kafka -q 'lake/a/*.json' lake/b
	expect_text out $'1\n2\n3'
}

test_standard_input() {
	make_trips >in
	s3-to-kafka -q <in >out
	expect_same in out
	s3-to-kafka -q - <in >out
	expect_same in out
}

test_blank_lines_and_crlf() {
	printf '\n1\r\n\r\n  \n2\n\n' >in
	expect_status 0 s3-to-kafka in
	expect_text out $'1\n2'
	expect_line '2 records read' err
}

test_an_empty_file_is_no_error() {
	: >in
	expect_status 0 s3-to-kafka in
	expect_line '0 records read: 0 delivered' err
	[ ! -s out ]
}

# ---- CSV ----

test_csv_with_columns() {
	printf 'id1,2,3.50,true,,"a ""b"" c",{"x":[1]}\r\nid2,,,,x,,' >in
	expect_status 0 s3-to-kafka -q --columns 'id:string,v:int,d:double,b:bool,s,q:string,j:json' in
	expect_text out '{"id":"id1","v":2,"d":3.50,"b":true,"s":"","q":"a \"b\" c","j":{"x":[1]}}
{"id":"id2","v":null,"d":null,"b":null,"s":"x","q":"","j":null}'
	# a byte order mark is no part of the first cell
	printf '\357\273\2771,2\n' >bom.csv
	expect_status 0 s3-to-kafka -q --columns a:int,b:int bom.csv
	expect_text out '{"a":1,"b":2}'
}

test_match_and_all_choose_files() {
	mkdir -p lake/day=1 lake/_tmp
	echo '"a"' >lake/day=1/a.json
	echo '"b"' >lake/day=1/b.log
	echo '"c"' >lake/_tmp/c.json
	expect_status 0 s3-to-kafka -q --match '*.json' lake
	expect_text out '"a"'
	expect_status 0 s3-to-kafka -q --match 'day=*/b*' lake
	expect_text out '"b"'
	expect_status 0 s3-to-kafka -q --match '*.json' --all lake
	expect_text out $'"c"\n"a"'
	expect_status 66 s3-to-kafka --match '*.csv' lake
	expect_line 'lake: no file there matches \*.csv' err
	expect_status 0 s3-to-kafka --dry-run --match '*.json' lake
	expect_line 'would replay 1 object \(4 bytes\)' err
}

test_merge_orders_each_folder_by_time() {
	mkdir -p lake/h=0 lake/h=1
	make_trips >trips
	# odd and even ones in two objects of the first hour, the last two in the second
	sed -n '1p;3p;5p;7p' trips >lake/h=0/a
	sed -n '2p;4p;6p;8p' trips | lz4 -qz - lake/h=0/b
	sed -n '10p' trips >lake/h=1/a
	sed -n '9p' trips | gzip >lake/h=1/b
	expect_status 0 s3-to-kafka -q --merge --time at lake
	expect_same trips out
	# a record without a time is rejected, and its object goes on
	echo '{"at":null}' >>lake/h=0/a
	sed -n '9p' trips >>lake/h=0/a
	expect_status 0 s3-to-kafka --merge --time at --dead-letter ./letters lake/h=0
	expect_line '10 records read: 9 delivered, 1 rejected' err
	expect_same <(sed -n '1,9p' trips) out
	expect_status 2 s3-to-kafka --merge lake
	expect_line '--merge needs --time' err
}

test_merge_stays_within_its_memory() {
	mkdir lake
	for i in $(seq 100 250); do echo '{"at":1}' >lake/$i; done
	expect_status 2 s3-to-kafka --merge --time at --memory 1M lake
	expect_line 'lake/: to merge its 151 objects takes about . MiB, more than --memory allows' err
	expect_status 0 s3-to-kafka --merge --time at --memory 4M lake
	expect_line '151 records read: 151 delivered' err
}

test_csv_header_names_the_columns() {
	printf 'a,b\n1,"x\ny"\n' >in.csv
	expect_status 0 s3-to-kafka -q in.csv
	expect_text out '{"a":"1","b":"x\ny"}'
	expect_status 0 s3-to-kafka -q --columns a:int,b --header in.csv
	expect_text out '{"a":1,"b":"x\ny"}'
}

test_only_the_last_part_of_a_name_says_csv() {
	mkdir x.csv
	echo '{"a":1}' >x.csv/part.json
	printf 'a\n1\n' >x.csv/part.csv.bak
	expect_status 0 s3-to-kafka -q x.csv/part.json x.csv/part.csv.bak
	expect_text out $'{"a":1}\n{"a":"1"}'
}

test_csv_bad_cell_names_line_and_column() {
	printf '1,2\n3,x\n' >in.csv
	expect_status 65 s3-to-kafka --columns a:int,b:int in.csv
	expect_line 'in.csv:2: .*b.*x' err
	expect_text out '{"a":1,"b":2}'
}

test_csv_rows_are_not_lost_and_stay_on_one_line() {
	# a row of empty cells is a row, also where the delimiter is a blank
	printf 'x\ty\n\t\nz\tw\n' >in
	expect_status 0 s3-to-kafka --columns a,b --delimiter '\t' in
	expect_line '3 records read: 3 delivered' err
	# line breaks between the tokens of a json cell
	printf '1,"{""a"":\r\n 1}"\n' >in
	expect_status 0 s3-to-kafka -q --columns id:int,j:json in
	[ "$(wc -l <out)" = 1 ]
	jq -e '.j.a == 1' out >/dev/null
	# without its header a file cannot be read: the next row is none
	{ head -c 5000 /dev/zero | tr '\0' h; printf ',b\n1,2\n'; } >in.csv
	expect_status 65 s3-to-kafka --line-max 1K --dead-letter ./letters in.csv
	expect_line 'in.csv:1: header is longer' err
	[ ! -s out ]
}

test_csv_files_of_the_workshop() {
	need_shared workshop-taxi-trips.csv
	local columns=id,vendor_id:int,pickup_datetime,dropoff_datetime,passenger_count:int
	columns=$columns,pickup_longitude,pickup_latitude,dropoff_longitude,dropoff_latitude
	columns=$columns,store_and_fwd_flag,gc_distance:double,trip_duration:int,google_distance,google_duration
	expect_status 0 s3-to-kafka -q --columns $columns --time dropoff_datetime \
		--time-format '%m/%d/%y %H:%M' "$shared_data/workshop-taxi-trips.csv"
	[ "$(wc -l <out)" = 342 ]
	[ "$(jq -r .vendor_id out | awk '{s += $1} END {print s}')" = \
		"$(awk -F, '{s += $2} END {print s}' "$shared_data/workshop-taxi-trips.csv")" ]
	expect_status 0 s3-to-kafka -q --columns $columns --time dropoff_datetime \
		--time-format '%m/%d/%Y %H:%M' "$shared_data/workshop-kpl-taxi-trips.csv"
	[ "$(wc -l <out)" = 49 ]
	expect_status 0 s3-to-kafka -q --format csv \
		--columns order,user,items:json,day,total:double,state "$shared_data/workshop-order-details.csv"
	[ "$(jq -r '.items[].item_id' out | wc -l)" -gt 36 ]
}

# ---- event time ----

test_pacing_takes_as_long_as_it_says() {
	local begin end
	make_trips >in
	begin=$(date +%s%N)
	expect_status 0 s3-to-kafka -q --time at --speedup 9 in
	end=$(date +%s%N)
	expect_same in out
	# nine seconds of event time: a second at the least
	[ $(((end - begin) / 1000000)) -ge 990 ] || fail "took $(((end - begin) / 1000000)) ms"
}

test_progress_says_how_far_and_how_far_behind() {
	make_trips >in
	expect_status 0 s3-to-kafka --time at --speedup 4 --progress=100ms in
	expect_line '[0-9]+ records, .*, event time 2019-01-01T00:00:0[0-9].000Z, [0-9.]+ s behind' err
}

test_reorder_sorts_within_the_horizon() {
	make_trips >sorted
	{ sed -n 3p sorted; sed -n 1,2p sorted; sed -n 4,8p sorted; sed -n 10p sorted; sed -n 9p sorted; } >in
	expect_status 0 s3-to-kafka -q --time at --reorder 3 in
	expect_same sorted out
	# smaller than the horizon: all of it comes out
	expect_status 0 s3-to-kafka -q --time at --reorder 1000000 in
	expect_same sorted out
	# without: as it came
	expect_status 0 s3-to-kafka -q --time at in
	expect_same in out
}

test_event_time_formats() {
	echo '{"t":"2019-01-01 00:00:00"}' >iso
	echo '{"t":1546300800}' >s
	echo '{"t":1546300800000}' >ms
	echo '{"t":"1/8/16 20:50"}' >pattern
	expect_status 0 s3-to-kafka -q --time t iso
	expect_status 0 s3-to-kafka -q --time t --time-format s s
	expect_status 0 s3-to-kafka -q --time t ms
	expect_status 0 s3-to-kafka -q --time t --time-format '%m/%d/%y %H:%M' pattern
	expect_status 65 s3-to-kafka -q --time t pattern
	expect_status 2 s3-to-kafka --time t --time-format nonsense iso
}

# ---- the span, rounds, an even rate ----

test_seek_and_until_skip_without_sleeping() {
	local begin end
	# ten days between the first and the one sought: not slept for
	{ echo '{"id":0,"at":"2018-12-22T00:00:00Z"}'; make_trips; } >in
	begin=$(date +%s)
	expect_status 0 s3-to-kafka --time at --speedup 100 --seek 2019-01-01T00:00:03Z \
		--until 1546300806000 in
	end=$(date +%s)
	[ "$(jq -r .id out | paste -sd,)" = 3,4,5 ]
	# the first at or behind --until ends the input
	expect_line '8 records read: 3 delivered, 0 rejected, 5 skipped$' err
	[ $((end - begin)) -lt 60 ]
	# every record is looked at
	{ cat in; echo broken; } >bad
	expect_status 65 s3-to-kafka --time at --seek 2030-01-01 bad
	expect_line '12 records read: 0 delivered, 0 rejected, 11 skipped, 1 not sent' err
}

test_until_holds_in_the_order_of_the_output() {
	make_trips >sorted
	{ sed -n 7p sorted; sed -n 1,6p sorted; sed -n 8,10p sorted; } >in
	expect_status 0 s3-to-kafka --time at --until 2019-01-01T00:00:06Z --reorder 6 in
	head -n 6 sorted >want
	expect_same want out
	expect_line '10 records read: 6 delivered, 0 rejected, 4 skipped$' err
	# without a horizon the first one behind it ends the input
	expect_status 0 s3-to-kafka --time at --until 2019-01-01T00:00:06Z in
	[ ! -s out ]
	expect_line '1 records read: 0 delivered, 0 rejected, 1 skipped$' err
}

test_loop_starts_over() {
	make_trips >in
	cat in in in >three
	expect_status 0 s3-to-kafka --loop=3 in
	expect_same three out
	expect_line '30 records read: 30 delivered' err
	head -n 25 three >want
	expect_status 0 s3-to-kafka --loop -c 25 --time at --reorder 4 in
	expect_same want out
	# skipped records come round too, and a round that sends nothing is the last
	expect_status 0 s3-to-kafka --loop=2 --time at --seek 2019-01-01T00:00:08Z in
	expect_line '20 records read: 4 delivered, 0 rejected, 16 skipped$' err
	expect_status 0 s3-to-kafka --loop=2 --time at --until 2019-01-01T00:00:02Z in
	expect_line '6 records read: 4 delivered, 0 rejected, 2 skipped$' err
	expect_status 0 s3-to-kafka --loop --time at --seek 2020-01-01 in
	expect_line '10 records read: 0 delivered, 0 rejected, 10 skipped$' err
	: >empty
	expect_status 0 s3-to-kafka --loop empty
}

# each round opens its input anew
test_a_round_that_cannot_begin() {
	local tool status=0
	make_trips >in
	s3-to-kafka --loop --rate 200 in >out 2>err &
	tool=$!
	wait_for 60 test -s out
	rm in
	wait $tool || status=$?
	[ $status = 66 ] || fail "status $status: $(cat err)"
	expect_line '^s3-to-kafka: .*in: No such file or directory$' err
}

test_an_endless_loop_ends_well_by_sigterm() {
	local status=0
	make_trips >in
	s3-to-kafka -q --loop --rate 200 in >out 2>err &
	wait_for 10 bash -c '[ "$(wc -l <out)" -gt 25 ]'
	kill -TERM $!
	wait $! || status=$?
	[ $status = 0 ] || fail "status $status"
	# what is read once only cannot
	mkfifo fifo
	expect_status 2 s3-to-kafka --loop fifo
	expect_status 2 s3-to-kafka --loop -
	expect_status 2 s3-to-kafka --loop=0 in
	expect_status 2 s3-to-kafka --loop=some in
}

test_an_even_rate_takes_as_long_as_it_says() {
	local begin end
	make_trips >in
	begin=$(date +%s%N)
	expect_status 0 s3-to-kafka -q --rate 20 in
	end=$(date +%s%N)
	expect_same in out
	[ $(((end - begin) / 1000000)) -ge 445 ] || fail "took $(((end - begin) / 1000000)) ms"
}

# ---- moved times ----

test_shift_to_now_moves_times_in_place() {
	local now
	cat >in <<-'END'
		{"p":"2019-01-01 00:00", "at" : "2019-01-01T00:10:00.000Z","fare":7.50,"x":[1e2]}
		{"p":null, "at" : "2019-01-01T00:10:01.250+01:00","fare":12345678901234567890}
	END
	now=$(date +%s)
	expect_status 0 s3-to-kafka -q --time at --shift-to-now --shift p in
	# all other bytes are as they were
	sed -E 's/[0-9]{4}-[0-9-]+[ T][0-9:]{5}(:[0-9:.]+)?/T/g' in >a
	sed -E 's/[0-9]{4}-[0-9-]+[ T][0-9:]{5}(:[0-9:.]+)?/T/g' out >b
	expect_same a b
	# the first is now, to the second; the further field as far from it as before
	head -n 1 out | jq -e --argjson now "$now" '(.at | sub("\\.[0-9]+";"") | fromdate) as $at |
		($at - $now | . >= 0 and . < 60)
		and (.p | strptime("%Y-%m-%d %H:%M") | mktime) as $p | $at - $p - 600 | . >= 0 and . < 60' >/dev/null
	# an hour less a second and a quarter before it
	[ "$(jq -r .at out | tail -n 1 | grep -c '+01:00$')" = 1 ]
	[ $(($(date -d "$(jq -r .at out | head -n 1)" +%s%3N) - $(date -d "$(jq -r .at out | tail -n 1)" +%s%3N))) = 3598750 ]
}

test_shift_to_now_each_round_anew() {
	local begin end
	make_trips >in
	begin=$(date +%s%N)
	expect_status 0 s3-to-kafka -q --time at --speedup 20 --shift-to-now --loop=2 in
	end=$(date +%s%N)
	# each has a schedule of its own
	[ $(((end - begin) / 1000000)) -ge 895 ] || fail "took $(((end - begin) / 1000000)) ms"
	jq -r .at out >stamps
	# distances stay, and the second round begins later than the first did: by the 450 ms of its schedule, less what
	# passed between its start and its first record
	[ $(($(date -d "$(sed -n 10p stamps)" +%s%3N) - $(date -d "$(sed -n 1p stamps)" +%s%3N))) = 9000 ]
	[ $(($(date -d "$(sed -n 11p stamps)" +%s%3N) - $(date -d "$(sed -n 1p stamps)" +%s%3N))) -ge 200 ]
}

test_times_that_cannot_be_moved_are_rejected() {
	echo '{"t":1.5e12}' >exponent
	echo '{"t":5}' >missing
	echo '{"t":"1/8/16"}' >pattern
	expect_status 65 s3-to-kafka -q --time t --shift-to-now exponent
	expect_line 'exponent:1: field t: a number with an exponent' err
	expect_status 65 s3-to-kafka -q --time t --shift-to-now --shift p missing
	expect_line 'missing:1: field p: missing' err
	expect_status 0 s3-to-kafka -q --time t --time-format %m/%d/%y --shift-to-now pattern
	expect_text out "{\"t\":\"$(date -u +%m/%d/%y)\"}"
	expect_status 2 s3-to-kafka --shift p --time t missing
	expect_status 2 s3-to-kafka --shift-to-now missing
}

# ---- watermarks ----

test_watermarks_say_what_is_acknowledged() {
	make_trips >in
	expect_status 0 s3-to-kafka --time at --speedup 18 --watermark-interval 100ms in
	grep -v watermark out >records
	expect_same in records
	# the last one is the last line; each is at or behind what stands before it
	[ "$(tail -n 1 out)" = '{"watermark":"2019-01-01T00:00:09.000Z","type":"watermark"}' ]
	jq -rn 'reduce inputs as $r ({last: "", ok: true}; if $r.watermark
		then .ok = (.ok and $r.watermark <= .last and .last != "") else .last = $r.at end) | .ok' out >ok
	expect_text ok true
	[ "$(grep -c watermark out)" -ge 3 ]
	expect_line "10 records read: 10 delivered, 0 rejected; $(grep -c watermark out) watermark records sent" err
	# no record, no watermark
	: >empty
	expect_status 0 s3-to-kafka --time at --watermark-interval 1ms empty
	[ ! -s out ]
	expect_no_line watermark err
}

# ---- envelopes ----

test_envelopes_are_read() {
	printf '%s\n' '{"topic":"t","partition":1,"offset":0,"tstype":"create","ts":1546300802000,"key":"k","payload":"{\"b\":2}"}' \
		'{"ts":1546300801000,"key":null,"payload_base64":"/wA="}' >in
	expect_status 0 s3-to-kafka -J in
	printf '{"b":2}\n\377\000\n' >want
	expect_same want out
	# their times are event times
	expect_status 0 s3-to-kafka -J --reorder 5 --seek 2019-01-01 in
	printf '\377\000\n{"b":2}\n' >want
	expect_same want out
	# no envelope, and a tombstone, which a pipe cannot say
	echo '{"b":2}' >plain
	expect_status 65 s3-to-kafka -J plain
	expect_line 'plain:1: .*payload' err
	echo '{"key":"k","payload":null}' >tombstone
	expect_status 65 s3-to-kafka -J tombstone
	expect_line 'tombstone:1: .*tombstone' err
	expect_status 0 s3-to-kafka -J --dead-letter ./letters tombstone
	jq -e '.key == "k" and .payload == null' letters >/dev/null
	expect_status 2 s3-to-kafka -J=out in
	expect_status 2 s3-to-kafka -J --columns a:int in
}

# ---- bad input: each one line, the documented status, nothing before it lost ----

test_invalid_json() {
	printf '{"t":1}\n{"t":2,}\n{"t":3}\n' >in
	expect_status 65 s3-to-kafka --time t in
	expect_text out '{"t":1}'
	expect_line '^s3-to-kafka: in:2: byte 7: ' err
}

test_invalid_utf8_and_nul() {
	printf '{"t":1,"x":"\xff"}\n' >utf8
	printf '{"t":1,"x":"\0"}\n' >nul
	expect_status 65 s3-to-kafka -q --time t utf8
	expect_line '^s3-to-kafka: utf8:1: byte 12: ' err
	expect_status 65 s3-to-kafka -q --time t nul
	expect_line '^s3-to-kafka: nul:1: byte 12: ' err
	[ "$(wc -l <err)" = 1 ]
}

test_missing_and_mistyped_fields() {
	echo '{"u":1}' >missing
	echo '{"t":{}}' >mistyped
	echo '{"t":"soon"}' >wrong
	for f in missing mistyped wrong; do
		expect_status 65 s3-to-kafka -q --time t $f
		expect_line "^s3-to-kafka: $f:1: .*t" err
	done
	expect_status 65 s3-to-kafka -q --key '{id}' missing
}

test_dead_letters_take_what_is_rejected() {
	printf '{"t":1}\nnonsense\n{"u":2}\n{"t":3}\n' >in
	expect_status 0 s3-to-kafka --time t --dead-letter ./letters in
	expect_text out $'{"t":1}\n{"t":3}'
	expect_line '4 records read: 2 delivered, 2 rejected' err
	[ "$(wc -l <letters)" = 2 ]
	jq -es '.[0].payload == "nonsense" and .[0].error.tool == "s3-to-kafka" and .[0].error.class == "data"
		and .[0].error.byte == 1 and .[1].payload == "{\"u\":2}"' letters >/dev/null ||
		fail "$(cat letters)"
	expect_status 65 s3-to-kafka --time t --dead-letter ./letters --dead-letter-max 1 in
	expect_line 'dead-letter-max' err
}

test_a_line_too_long() {
	{ echo '{"t":1}'; head -c 300000 /dev/zero | tr '\0' x; echo; echo '{"t":2}'; } >in
	expect_status 65 s3-to-kafka -q --line-max 100K in
	expect_line '^s3-to-kafka: in:2: .*102400' err
	expect_text out '{"t":1}'
	expect_status 0 s3-to-kafka -q --line-max 100K --dead-letter ./letters in
	expect_text out $'{"t":1}\n{"t":2}'
}

test_a_truncated_frame() {
	local i
	for i in $(seq 1 3000); do echo "{\"t\":$i,\"x\":\"$((i * 7919 % 1000))\"}"; done >plain
	lz4 -q plain whole.lz4
	head -c 15000 whole.lz4 >cut.lz4
	expect_status 65 s3-to-kafka cut.lz4
	expect_line '^s3-to-kafka: cut.lz4: .*lz4' err
	# whole lines before the cut are delivered, unchanged
	head -n "$(wc -l <out)" plain | cmp - out
}

test_input_that_is_not_there() {
	expect_status 66 s3-to-kafka nothing.json
	expect_line 'nothing.json: No such file' err
	expect_status 66 s3-to-kafka 'nothing*.json'
	# nor is the directory that a pattern looks into
	expect_status 66 s3-to-kafka 'nowhere/*.json'
	expect_line 'nowhere/\*.json: No such file' err
	mkdir empty
	expect_status 66 s3-to-kafka empty
	# what is in a directory and cannot be read is not passed over
	mkdir links
	echo 1 >links/a
	ln -s nowhere links/b
	expect_status 66 s3-to-kafka links
	rm links/b
	mkfifo links/b
	expect_status 66 s3-to-kafka links
}

test_usage_errors() {
	echo '{"t":1}' >in
	expect_status 2 s3-to-kafka -t '' in
	expect_status 2 s3-to-kafka -b localhost:1 in
	expect_status 2 s3-to-kafka -t trips in
	expect_status 2 s3-to-kafka --speedup 2 in
	expect_status 2 s3-to-kafka --speedup 0 --time t in
	expect_status 2 s3-to-kafka --nonsense in
	expect_status 2 s3-to-kafka --key constant in
	expect_status 2 s3-to-kafka --rate 0 in
	expect_status 2 s3-to-kafka --rate 5 --speedup 2 --time t in
	expect_status 2 s3-to-kafka --seek 5 in
	expect_status 2 s3-to-kafka --until soon --time t in
	expect_status 2 s3-to-kafka --seek 5 --until 5 --time t in
	expect_status 2 s3-to-kafka --watermark-interval 1s in
	expect_status 2 s3-to-kafka --kafka-time event --time t in
	expect_status 2 s3-to-kafka -b localhost:1 -t t --kafka-time event in
	expect_status 2 s3-to-kafka -b localhost:1 -t t --kafka-time never in
	expect_status 2 s3-to-kafka -H a=b in
	expect_status 2 s3-to-kafka -b localhost:1 -t t -H a in
	expect_status 2 s3-to-kafka -b localhost:1 -t t -p @same in
	expect_status 2 s3-to-kafka -b localhost:1 -t t -p -1 in
	expect_status 2 s3-to-kafka -p 1 in
	expect_status 2 s3-to-kafka -z lz4 in
	expect_status 2 s3-to-kafka --format json --columns a:int in
	expect_status 2 s3-to-kafka --header in
	expect_status 2 s3-to-kafka ''
	expect_status 2 script -qec 's3-to-kafka' /dev/null
}

test_a_broker_that_is_not_there() {
	echo '{"t":1}' >in
	expect_status 69 s3-to-kafka -b 127.0.0.1:1 -t trips --wait 1s in
	expect_line '127.0.0.1:1' err
	[ "$(grep -c . err)" -le 4 ] || fail "$(cat err)"
}

test_a_full_disk_and_a_closed_pipe() {
	local status=0
	make_trips >in
	s3-to-kafka in >/dev/full 2>err || status=$?
	[ $status = 74 ]
	expect_line 'No space left on device' err
	# yes(1) never ends by itself: only the closed pipe does it
	set +o pipefail
	yes '{"t":1}' | { rc=0; s3-to-kafka -q 2>err || rc=$?; echo $rc >status; } | head -n 1 >out
	expect_text status 141
	[ ! -s err ]
}

test_a_stuck_reader_ends_with_the_drain_time() {
	local status=0
	seq 1 20000 | sed 's/.*/{"t":&,"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}/' >in
	mkfifo pipe
	# shellcheck disable=SC2217 # that it does not read is the point
	sleep 20 <pipe &
	s3-to-kafka -q --drain 300ms in >pipe 2>err &
	local job=$!
	wait_for 30 pipe_is_full <pipe
	kill -TERM $job
	wait $job || status=$?
	[ $status = 75 ] || fail "status $status"
	expect_line 'drain' err
}

test_a_limit_of_file_size_is_an_error() {
	seq 1 100000 | sed 's/.*/{"t":&}/' >in
	expect_status 74 bash -c 'ulimit -f 10; exec s3-to-kafka -q in >big'
	expect_line 'File too large' err
}

test_signals() {
	make_trips >in
	s3-to-kafka -q --time at --speedup 0.1 in >out 2>err &
	wait_for 30 test -s out
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ $status = 75 ] || fail "status $status"
	rm out
	# nohup ignores it for all that it starts
	env --default-signal=HUP s3-to-kafka -q --time at --speedup 0.1 in >out 2>err &
	wait_for 30 test -s out
	kill -HUP $!
	status=0
	wait $! || status=$?
	[ $status = 129 ] || fail "status $status"
}

# ---- going on ----

test_from_an_object_and_a_line() {
	mkdir in
	printf '1\n\n2\n3\n' >in/a
	printf '4\n5\n' | gzip >in/b
	printf '6\n' >in/c
	expect_status 0 s3-to-kafka -q --from in/b in
	expect_text out $'4\n5\n6'
	expect_status 0 s3-to-kafka -q --from-line 3 in
	expect_text out $'2\n3\n4\n5\n6'
	expect_status 0 s3-to-kafka -q --from in/b --from-line 2 in
	expect_text out $'5\n6'
	# a line behind the last: the next object
	expect_status 0 s3-to-kafka -q --from in/b --from-line 3 in
	expect_text out 6
	# lines of the first only; in the next round all
	expect_status 0 s3-to-kafka -q --from in/c --from-line 1 --loop=2 in
	expect_text out $'6\n1\n2\n3\n4\n5\n6'
	expect_status 66 s3-to-kafka -q --from in/x in
	expect_line '--from: in/x is none of the objects' err
}

# the line behind the last is where a run goes on that had them all; there are none behind that
test_from_a_line_that_is_not_there() {
	mkdir in
	printf '1\n\n2\n\n\n' >in/a
	printf '{"n":3}\n' >in/b
	expect_status 0 s3-to-kafka -q --from-line 6 in
	expect_text out '{"n":3}'
	expect_status 66 s3-to-kafka -q --from-line 7 in
	expect_line '^s3-to-kafka: --from-line 7: in/a has 5 lines$' err
	[ ! -s out ]
	expect_status 0 s3-to-kafka -q --from in/b --from-line 2 in
	[ ! -s out ]
	expect_status 66 s3-to-kafka -q --from in/b --from-line 3 in
	expect_line 'in/b has 1 line$' err
	expect_status 0 s3-to-kafka -q --from-line 3 <in/a
	expect_text out 2
	expect_status 66 s3-to-kafka -q --from-line 3 <in/b
	expect_line 'standard input has 1 line$' err
	# a header is a line, of CSV
	printf 'a,b\n' >in/x.csv
	expect_status 0 s3-to-kafka -q --from-line 2 in/x.csv
	expect_status 66 s3-to-kafka -q --from-line 3 in/x.csv
	# objects without any between them
	: >in/0
	: >in/1
	expect_status 66 s3-to-kafka -q --from-line 2 in
	expect_line 'in/0 has 0 lines$' err
}

# what was acknowledged, in a form to go on with; the rest then makes it whole
test_a_run_that_ends_early_says_where_to_go_on() {
	mkdir in
	seq 1 50 | sed 's/.*/{"n":&}/' >in/a
	{ seq 51 60 | sed 's/.*/{"n":&}/'; echo bad; seq 61 70 | sed 's/.*/{"n":&}/'; } >in/b
	expect_status 65 s3-to-kafka --key '{n}' in
	mv out first
	expect_line "acknowledged all up to in/b line 10; to go on: --from 'in/b' --from-line 11$" err
	expect_status 0 s3-to-kafka -q --key '{n}' --dead-letter ./letters --from 'in/b' --from-line 11 in
	seq 1 70 | sed 's/.*/{"n":&}/' >want
	cat first out >got
	expect_same want got
	# standard input: for tail
	expect_status 65 s3-to-kafka --key '{n}' <in/b
	expect_line 'acknowledged all up to line 10 of standard input; to go on: tail -n [+]11$' err
	# nothing at all
	echo bad >in/a
	expect_status 65 s3-to-kafka --key '{n}' in
	expect_line 'nothing is acknowledged' err
	# merged records have no line to go on with
	mkdir lake
	echo '{"t":1}' >lake/a
	printf '%s\n' '{"t":2}' '{"t":3' >lake/b
	expect_status 65 s3-to-kafka --merge --time t lake
	expect_text out $'{"t":1}\n{"t":2}'
	expect_no_line 'to go on' err
	# a run that comes to its end has nothing to say
	expect_status 0 s3-to-kafka in
	expect_no_line 'to go on' err
}

# a record that waits in the horizon is where to begin, though later ones are out
test_where_to_go_on_counts_what_waits() {
	# line 3 belongs far behind the others
	for t in 10 20 900 30 40 50 60 70; do echo "{\"t\":$t}"; done >in
	s3-to-kafka --time t --reorder 2 --speedup 0.02 in >out 2>err &
	local replay=$! status=0
	lines() { [ "$(wc -l <out)" -ge 3 ]; }
	wait_for 20 lines
	kill -TERM $replay
	wait $replay || status=$?
	[ $status = 75 ] || fail "status $status: $(cat err)"
	expect_line "acknowledged all up to in line 2; to go on: --from 'in' --from-line 3$" err
}

test_options_of_going_on_are_checked() {
	echo '{}' >in
	expect_status 2 s3-to-kafka --resume-id x in
	expect_line 'needs a topic' err
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id x --loop in
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id x <in
	expect_line 'standard input cannot be read a second time' err
	mkfifo fifo
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id x fifo
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id 'a b' in
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id "$(printf 'x%.0s' {1..129})" in
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id x --from-line 3 in
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id x --commit-interval 2m in
	expect_status 2 s3-to-kafka -t t --resume-forget in
	expect_status 0 s3-to-kafka --resume-id x --resume-forget --dry-run
	expect_line 'would forget --resume-id x in topic sluice-resume' err
	expect_status 2 s3-to-kafka --merge --time t --from in in
	# one transaction for all, so that none may be another
	expect_status 2 s3-to-kafka -b localhost:1 -t sluice-resume --resume-id x in
	expect_line 'topic sluice-resume is the --resume-topic' err
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id x --resume-topic d --dead-letter d in
	expect_status 2 s3-to-kafka -b localhost:1 -t t --resume-id x --dead-letter t in
	expect_line 'dead letters need a topic of their own, not t' err
	expect_status 69 s3-to-kafka -q -b localhost:1 -t t --resume-id x --wait 100ms in
	expect_line '^s3-to-kafka: --resume-topic: no broker of localhost:1 answered' err
}

run_tests
