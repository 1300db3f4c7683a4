# SPDX-License-Identifier: MIT
# SL_COMPLETIONS(SHELL, PACKAGE, DEFAULT): --with-SHELL-completions=DIR|no; SHELL[]completionsdir is where its
# completions go, empty for nowhere. What the shell's own PACKAGE says to pkg-config is taken below our datadir, as
# what is installed stays below the prefix.
AC_DEFUN([SL_COMPLETIONS], [
	AC_ARG_WITH([$1-completions],
		[AS_HELP_STRING([--with-$1-completions=DIR],
			[install completions of $1 there @<:@$3@:>@])],
		[], [with_$1_completions=yes])
	AS_CASE([$with_$1_completions],
		[no], [$1completionsdir=],
		[yes], [
			$1completionsdir=
			AS_IF([test -n "$2"], [$1completionsdir=$("$PKG_CONFIG" --define-variable=datadir='${datadir}' \
				--variable=completionsdir "$2" 2>/dev/null)])
			AS_CASE([$$1completionsdir], ['${datadir}'/*], [], [$1completionsdir='$3'])
		],
		[$1completionsdir=$with_$1_completions])
	AC_SUBST([$1completionsdir])
])
