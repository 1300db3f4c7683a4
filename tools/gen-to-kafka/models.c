/* SPDX-License-Identifier: MIT */
#include "gen-to-kafka/models.h"

#include <string.h>

/*
 * The producer of "Real Time Streaming with Kafka and Flink", Lab 1: the same members in the same
 * order, types and ranges; the distance and the duration stand there twice and have nothing to do
 * with the times. Its ids collide (7.2 million values); see {unique:}.
 */
static const char taxi_ride[] = "{\n"
				"  \"id\":\"id{unique:1665586:8888888}\",\n"
				"  \"vendor_id\":\"{int:1:5}\",\n"
				"  \"pickup_date\":\"{time:naive}\",\n"
				"  \"dropoff_date\":\"{time:naive:30m:100m:1m}\",\n"
				"  \"passenger_count\":\"{int:1:9}\",\n"
				"  \"pickup_longitude\":\"{string:lon:from}\",\n"
				"  \"pickup_latitude\":\"{string:lat:from}\",\n"
				"  \"dropoff_longitude\":\"{string:lon:to}\",\n"
				"  \"dropoff_latitude\":\"{string:lat:to}\",\n"
				"  \"store_and_fwd_flag\":\"{choice:Y:N}\",\n"
				"  \"gc_distance\":\"{$distance=int:1:7}\",\n"
				"  \"trip_duration\":\"{$duration=int:8:10000}\",\n"
				"  \"google_distance\":\"{$distance}\",\n"
				"  \"google_duration\":\"{$duration}\"\n"
				"}\n";

/*
 * What amazon-kinesis-replay replays (TripEvent and "type"): ordered by dropoff, so that is the
 * event time; the total is the sum of its parts, as in the real trips.
 */
static const char trip_event[] = "{\n"
				 "  \"vendor_id\":\"{int:1:2}\",\n"
				 "  \"pickup_datetime\":\"{time:iso:-1h:-2m:1s}\",\n"
				 "  \"dropoff_datetime\":\"{time:iso}\",\n"
				 "  \"passenger_count\":\"{literal:1*70:2*15:3*4:4*2:5*5:6*4}\",\n"
				 "  \"trip_distance\":\"{float:0.30:20.00}\",\n"
				 "  \"ratecode_id\":\"{literal:1*97:2*2:5*1}\",\n"
				 "  \"store_and_fwd_flag\":\"{choice:N*199:Y}\",\n"
				 "  \"pickup_location_id\":\"{int:1:263}\",\n"
				 "  \"dropoff_location_id\":\"{int:1:263}\",\n"
				 "  \"payment_type\":\"{literal:1*70:2*28:3:4}\",\n"
				 "  \"fare_amount\":\"{$fare=float:2.5:60.0}\",\n"
				 "  \"extra\":\"{$extra=literal:0:0.5:1}\",\n"
				 "  \"mta_tax\":0.5,\n"
				 "  \"tip_amount\":\"{$tip=float:0.00:12.00}\",\n"
				 "  \"tolls_amount\":\"{$tolls=literal:0*19:5.76}\",\n"
				 "  \"improvement_surcharge\":0.3,\n"
				 "  \"total_amount\":\"{sum:$fare:$extra:0.5:$tip:$tolls:0.3}\",\n"
				 "  \"trip_id\":\"{sequence}\",\n"
				 "  \"type\":\"trip\"\n"
				 "}\n";

/* The generator of the MSK clickstream tutorial: ClickEvent. */
static const char clickstream[] = "{\n"
				  "  \"ip\":\"{click:ip}\",\n"
				  "  \"eventtimestamp\":\"{time:ms}\",\n"
				  "  \"devicetype\":\"{click:device}\",\n"
				  "  \"event_type\":\"{click:event}\",\n"
				  "  \"product_type\":\"{click:product}\",\n"
				  "  \"userid\":\"{click:user}\",\n"
				  "  \"globalseq\":\"{click:number}\",\n"
				  "  \"prevglobalseq\":\"{click:previous}\"\n"
				  "}\n";

/* taxi-ride: the bytes that Python's json.dumps made of the key in Lab 1, blank included, so that
 * rides keep their partitions. */
const struct model models[] = {
	{ "taxi-ride", "rides of Lab 1 of Real Time Streaming with Kafka and Flink", taxi_ride,
	    "{\"id\": \"{id}\"}" },
	{ "trip-event", "trips as amazon-kinesis-replay replays them", trip_event, NULL },
	{ "clickstream", "sessions of a web shop, as in the MSK clickstream tutorial", clickstream,
	    "{userid}" },
};
const size_t model_count = sizeof(models) / sizeof(*models);

const struct model *
model_find(const char *name)
{
	for (size_t i = 0; i < model_count; i++) {
		if (strcmp(models[i].name, name) == 0)
			return &models[i];
	}
	return NULL;
}
