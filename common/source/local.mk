# SPDX-License-Identifier: MIT
libcommon_a_SOURCES += common/source/object_cursor.c common/source/object_cursor.h
libcommon_a_SOURCES += common/source/object_fetch.c common/source/object_fetch.h
libcommon_a_SOURCES += common/source/object_file.c
libcommon_a_SOURCES += common/source/object_list.c common/source/object_list.h
libcommon_a_SOURCES += common/source/object_reader.c common/source/object_reader.h
libcommon_a_SOURCES += common/source/object_store.c common/source/object_store.h
libcommon_a_SOURCES += common/source/objects.c common/source/objects.h
libcommon_a_SOURCES += common/source/objects_merge.c common/source/objects_merge.h
libcommon_a_SOURCES += common/source/objects_time.c common/source/objects_time.h
libcommon_a_SOURCES += common/source/pipe.c common/source/pipe.h
libcommon_a_SOURCES += common/source/source.h
libcommon_a_SOURCES += common/source/topic.c common/source/topic.h
libcommon_a_SOURCES += common/source/topic_group.c
libcommon_a_SOURCES += common/source/topic_offsets.c
libcommon_a_SOURCES += common/source/topic_open.c
libcommon_a_SOURCES += common/source/topic_spec.c
libcommon_a_SOURCES += common/source/topic_state.h
