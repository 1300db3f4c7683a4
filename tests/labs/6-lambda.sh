# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: A function is given the rides in batches, as Lambda's own event source mapping does it, and logs them.
# needs: kafka lambda

needs_rides
step <<'END'
kafka-to-lambda -t taxi-rides@@ -e consumer
head -n 1 functions/rides.out | jq .
END
compare function rides.kcat functions/rides.out
