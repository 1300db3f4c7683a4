# SPDX-License-Identifier: MIT
# One text for all tools that run as services; configure decides whether and where it is installed.
SERVICE_UNITS = \
	tools/systemd/sluice-gen-to-kafka@.service \
	tools/systemd/sluice-kafka-to-dynamo@.service \
	tools/systemd/sluice-kafka-to-lambda@.service \
	tools/systemd/sluice-kafka-to-opensearch@.service \
	tools/systemd/sluice-kafka-to-s3@.service \
	tools/systemd/sluice-kafka-window@.service \
	tools/systemd/sluice-s3-to-kafka@.service

if INSTALL_UNITS
systemdsystemunit_DATA = $(SERVICE_UNITS)
else
noinst_DATA = $(SERVICE_UNITS)
endif
CLEANFILES += $(SERVICE_UNITS)
EXTRA_DIST += tools/systemd/sluice.service.in

# A command that kafka-to-lambda runs may compile while it runs (Node.js, Java), which wants memory that
# is written and executed.
$(SERVICE_UNITS): tools/systemd/sluice.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) tools/systemd && tool=`expr $@ : '.*/sluice-\(.*\)@'` && \
	case $$tool in \
	kafka-to-lambda) deny='/@MEMORY_DENY@/d' ;; \
	*) deny='s/@MEMORY_DENY@/MemoryDenyWriteExecute=yes/' ;; \
	esac && \
	$(SED) -e "s|@TOOL@|$$tool|g" -e 's|@[b]indir@|$(bindir)|g' -e "$$deny" \
		$(srcdir)/tools/systemd/sluice.service.in >$@.tmp && mv $@.tmp $@
