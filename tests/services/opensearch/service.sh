# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# OpenSearch 2.19.3, one node. Sourced by scripts/services.
# shellcheck disable=SC2034 # read by scripts/services and search_node.sh by name

opensearch_about='OpenSearch 2.19.3, one node, no security'
opensearch_commands=opensearch
opensearch_family=opensearch
opensearch_artifact=org.opensearch.distribution.integ-test-zip:opensearch:2.19.3:zip
opensearch_java_min=11
opensearch_variable=OPENSEARCH_URL

# shellcheck source=tests/services/search_node.sh
. "${definitions:?}/search_node.sh"
search_node_define opensearch
