# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# about: Five producers make taxi rides at a rate and send them, keyed, to a topic.
# needs: kafka

once rides make_rides
compare rides 3000 5 rides.kcat
