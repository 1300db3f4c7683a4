# SPDX-License-Identifier: MIT
# SL_PROBE_CFLAGS(FLAGS): adds each flag that the compiler takes without complaint to SL_CFLAGS.
AC_DEFUN([SL_PROBE_CFLAGS], [
	sl_saved_CFLAGS=$CFLAGS
	for sl_flag in m4_normalize([$1]); do
		AC_MSG_CHECKING([whether $CC takes $sl_flag])
		CFLAGS="$sl_saved_CFLAGS -Werror $sl_flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes]); SL_CFLAGS="$SL_CFLAGS $sl_flag"],
			[AC_MSG_RESULT([no])])
	done
	CFLAGS=$sl_saved_CFLAGS
])

# SL_PROBE_LDFLAGS(FLAGS): the same for the linker and SL_LDFLAGS.
AC_DEFUN([SL_PROBE_LDFLAGS], [
	sl_saved_LDFLAGS=$LDFLAGS
	for sl_flag in m4_normalize([$1]); do
		AC_MSG_CHECKING([whether the linker takes $sl_flag])
		LDFLAGS="$sl_saved_LDFLAGS $sl_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AC_MSG_RESULT([yes]); SL_LDFLAGS="$SL_LDFLAGS $sl_flag"],
			[AC_MSG_RESULT([no])])
	done
	LDFLAGS=$sl_saved_LDFLAGS
])
