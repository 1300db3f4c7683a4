# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/run/aws.c common/run/aws.h
libcommon_a_SOURCES += common/run/client.c common/run/client.h
libcommon_a_SOURCES += common/run/deadletter.c common/run/deadletter.h
libcommon_a_SOURCES += common/run/input.c common/run/input.h
libcommon_a_SOURCES += common/run/job.c common/run/job.h
libcommon_a_SOURCES += common/run/output.c common/run/output.h
libcommon_a_SOURCES += common/run/settings.c common/run/settings.h
libcommon_a_SOURCES += common/run/carrier_http.c common/run/carrier_http.h
libcommon_a_SOURCES += common/run/pump.c common/run/pump.h
libcommon_a_SOURCES += common/run/pump_flight.c
libcommon_a_SOURCES += common/run/pump_state.h
libcommon_a_SOURCES += common/run/pump_streams.c
libcommon_a_SOURCES += common/run/pump.h
libcommon_a_SOURCES += common/run/carrier_http.h
libcommon_a_SOURCES += common/run/workers.c common/run/workers.h
libcommon_a_SOURCES += common/run/pump_tool.c common/run/pump_tool.h
libcommon_a_SOURCES += common/run/stats.c common/run/stats.h
