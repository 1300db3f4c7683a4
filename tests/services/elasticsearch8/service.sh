# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Elasticsearch 8.7.1, one node. Sourced by scripts/services.
# shellcheck disable=SC2034 # read by scripts/services and search_node.sh by name

elasticsearch8_about='Elasticsearch 8.7.1, one node, no security'
elasticsearch8_commands=elasticsearch8
elasticsearch8_family=elasticsearch
# the zip of 8.11 that Maven has does not answer GET /, which tells a client the version
elasticsearch8_artifact=org.elasticsearch.distribution.integ-test-zip:elasticsearch:8.7.1:zip
elasticsearch8_java_min=17
elasticsearch8_variable=ELASTICSEARCH8_URL

# shellcheck source=tests/services/search_node.sh
. "${definitions:?}/search_node.sh"
search_node_define elasticsearch8
