# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES =

include common/base/local.mk
include common/codec/local.mk
include common/flow/local.mk
include common/io/local.mk
include common/aws/local.mk
include common/source/local.mk
include common/sink/local.mk
include common/run/local.mk
