# SPDX-License-Identifier: MIT
# Completions for shells, which the tools print themselves. Where they cannot be run (a cross build), configure with
# COMPLETION_RUN set to what runs them, or go without.

completions.stamp: $(bin_PROGRAMS)
	$(AM_V_GEN)rm -rf completions; \
	for shell in bash zsh fish; do \
		$(MKDIR_P) completions/$$shell || exit; \
		for tool in $(bin_PROGRAMS); do \
			$(COMPLETION_RUN) ./$$tool --completion $$shell \
				>completions/$$shell/$$(basename $$tool $(EXEEXT)) || exit; \
		done; \
	done; \
	: >$@

# install_completions SHELL DIRECTORY PREFIX SUFFIX
install_completions = \
	install_completions() { \
		test -n "$$2" || return 0; \
		$(MKDIR_P) "$(DESTDIR)$$2" || return; \
		for file in completions/$$1/*; do \
			$(INSTALL_DATA) "$$file" "$(DESTDIR)$$2/$$3$${file\#\#*/}$$4" || return; \
		done; \
	}
uninstall_completions = \
	uninstall_completions() { \
		test -n "$$2" || return 0; \
		for tool in $(bin_PROGRAMS); do \
			rm -f "$(DESTDIR)$$2/$$3$$(basename $$tool $(EXEEXT))$$4"; \
		done; \
	}

if COMPLETIONS
all-local: completions.stamp

install-data-local: completions.stamp
	@$(install_completions); \
	install_completions bash "$(bashcompletionsdir)" "" "" && \
	install_completions zsh "$(zshcompletionsdir)" _ "" && \
	install_completions fish "$(fishcompletionsdir)" "" .fish

uninstall-local:
	@$(uninstall_completions); \
	uninstall_completions "" "$(bashcompletionsdir)" "" ""; \
	uninstall_completions "" "$(zshcompletionsdir)" _ ""; \
	uninstall_completions "" "$(fishcompletionsdir)" "" .fish
endif

clean-local:
	rm -rf completions

CLEANFILES += completions.stamp
