# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: A function is given the rides in batches, as Lambda's own event source mapping does it, and logs them.
# needs: kafka lambda

needs_rides
step <<'END'
mkdir -p functions
cp "$SLUICE"/tests/services/lambda/handlers/rides.py functions/consumer.py
"$SLUICE"/scripts/services start lambda --functions functions
eval "$("$SLUICE"/scripts/services env lambda)"
END
step <<'END'
kafka-to-lambda -t taxi-rides@@ -e consumer
head -n 1 functions/rides.out | jq .
jq -sc '{calls: length, largest: map(.records) | max}' functions/calls.out
END
compare function rides.kcat functions/rides.out functions/calls.out 100
