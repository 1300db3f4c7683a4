# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += \
	common/flow/envelope.c \
	common/flow/envelope.h \
	common/flow/field.c \
	common/flow/field.h \
	common/flow/frontier.c \
	common/flow/frontier.h \
	common/flow/record.c \
	common/flow/record.h \
	common/flow/template.c \
	common/flow/template.h \
	common/flow/template_parts.h \
	common/flow/template_render.c
