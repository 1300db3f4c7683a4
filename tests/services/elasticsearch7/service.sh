# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Elasticsearch 7.17.9, one node. Sourced by scripts/services.
# shellcheck disable=SC2034 # read by scripts/services and search_node.sh by name

elasticsearch7_about='Elasticsearch 7.17.9, one node, no security'
elasticsearch7_commands=elasticsearch7
elasticsearch7_family=elasticsearch
elasticsearch7_artifact=org.elasticsearch.distribution.integ-test-zip:elasticsearch:7.17.9:zip
elasticsearch7_java_min=11
elasticsearch7_variable=ELASTICSEARCH7_URL

# shellcheck source=tests/services/search_node.sh
. "${definitions:?}/search_node.sh"
search_node_define elasticsearch7
