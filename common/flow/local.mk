# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/flow/envelope.c common/flow/envelope.h
libcommon_a_SOURCES += common/flow/field.c common/flow/field.h
libcommon_a_SOURCES += common/flow/frontier.c common/flow/frontier.h
libcommon_a_SOURCES += common/flow/record.c common/flow/record.h
libcommon_a_SOURCES += common/flow/template.c common/flow/template.h
libcommon_a_SOURCES += common/flow/template_parts.h
libcommon_a_SOURCES += common/flow/template_render.c
libcommon_a_SOURCES += common/flow/template_unit.c
libcommon_a_SOURCES += common/flow/service.h
libcommon_a_SOURCES += common/flow/lanes.c common/flow/lanes.h
libcommon_a_SOURCES += common/flow/pace.c common/flow/pace.h
libcommon_a_SOURCES += common/flow/meter.c common/flow/meter.h
libcommon_a_SOURCES += common/flow/meter_text.c
libcommon_a_SOURCES += common/flow/slabs.c common/flow/slabs.h
libcommon_a_SOURCES += common/flow/copies.c common/flow/copies.h
libcommon_a_SOURCES += common/flow/streams.c common/flow/streams.h
