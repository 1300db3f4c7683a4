# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/bench/gen-trips
