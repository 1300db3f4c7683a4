# SPDX-License-Identifier: MIT
CLI_TESTS += tests/cli/house.sh
CLI_TESTS += tests/cli/s3-to-kafka.sh
CLI_TESTS += tests/cli/kafka-to-s3.sh
CLI_TESTS += tests/cli/main_job.sh
CLI_TESTS += tests/cli/man.sh
CLI_TESTS += tests/cli/usage.sh
CLI_TESTS += tests/cli/kafka-window.sh
