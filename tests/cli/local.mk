# SPDX-License-Identifier: MIT
CLI_TESTS += tests/cli/house.sh
