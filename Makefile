# Twelve Sockets. `make` builds every program, then lists the verbs and the lessons.
# What takes more than a few lines of shell is a script in scripts/.

CC       = cc
CFLAGS   = -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
CPPFLAGS = -Icommon -D_POSIX_C_SOURCE=200809L
# Every symbol is looked up when a program starts, and not at its first call. What that writes, forked children share.
# --as-needed: only a program that calls OpenSSL has to load it.
LDFLAGS  = $(if $(filter Linux,$(shell uname)),-Wl$(comma)-z$(comma)now$(comma)--as-needed)
comma    = ,
# Lessons 10 to 12 stand on OpenSSL, and lesson 12 on libcrypt and libedit, too. Where they are missing, or not to be
# used (CRYPTO=, FTP=), the others are built.
CRYPTO  := $(shell pkg-config --libs libcrypto 2>/dev/null)
FTP     := $(shell pkg-config --libs libssl libcrypt libedit 2>/dev/null)
LDLIBS   = $(FTP) $(CRYPTO)
BUILD    = build
ARGS     =

# A .c with a .h of the same name is a module; a .c without one is a program. A program is linked with the
# modules of its directory, and with what it uses of common/.
modules  = $(wildcard $(patsubst %.h,%.c,$(wildcard $(addsuffix *.h,$(1)))))
programs = $(filter-out $(call modules,$(1)),$(wildcard $(addsuffix *.c,$(1))))
built    = $(addprefix $(BUILD)/,$(patsubst tests/%,%,$(patsubst lessons/%,%,$(basename $(1)))))

LESSONS  = $(notdir $(patsubst %/,%,$(wildcard lessons/*/)))
WITHOUT  = $(filter $(if $(CRYPTO),,10-% 11-% 12-%) $(if $(FTP),,12-%),$(LESSONS))
PROGRAMS = $(call built,$(call programs,$(sort $(filter-out $(WITHOUT:%=lessons/%/),$(wildcard lessons/*/ lessons/*/*/)))))
TOOLS    = $(filter-out %/chaos,$(call built,$(call programs,tests/tools/)))
STRIKER  = $(BUILD)/tools/chaos.so
CHECKS   = $(call built,$(call programs,tests/framework/))
# libevent is seldom installed: only tests/bench/asyncore builds what uses it.
BENCH    = $(call built,$(call programs,common/examples/) $(filter-out %/libevent.c,$(call programs,tests/bench/)))
FUZZERS  = $(call built,$(call programs,tests/fuzz/))
LINKED   = $(PROGRAMS) $(TOOLS) $(CHECKS) $(BENCH) $(BUILD)/bench/libevent $(FUZZERS)
OBJECTS  = $(addsuffix .o,$(call built,$(wildcard common/*.c)))
LIBRARY  = $(BUILD)/common/common.a

.PHONY: all programs tools compiler help setup test mutants chaos sanitize coverage fuzz lint clean $(LESSONS)

all: programs tools
	@scripts/help
programs: $(PROGRAMS)
	$(if $(WITHOUT),@echo "not built: $(WITHOUT); $(if $(CRYPTO),lesson 12 needs libcrypt and libedit,lessons 10 to 12 need OpenSSL); run: scripts/setup" >&2)
tools: $(TOOLS) $(STRIKER) $(CHECKS) $(BENCH)

# `make 02-tcp-time` builds the programs of one lesson.
$(foreach lesson,$(LESSONS),$(eval $(lesson): $(filter $(BUILD)/$(lesson)/%,$(PROGRAMS))))

# A short line for each program, or, with V=1, each whole command; with -s, nothing.
ifneq ($(V),1)
.SILENT:
say = $(if $(findstring s,$(filter-out --%,$(firstword $(MAKEFLAGS)))),,echo "$(CC) $@")
endif

COMPILE = $(CC) -std=c11 -pthread $(CPPFLAGS) $(CFLAGS)
LINK    = $(COMPILE) -o $@ $(LDFLAGS) $(filter %.c %.o,$^) $(filter %.a,$^) $(LDLIBS)
OBJECT  = $(COMPILE) -MMD -MP -c -o $@ $<

$(LINKED): %: %.o $(LIBRARY)
	$(say)
	$(LINK)

# What else a program is linked with: the modules of its directory.
modules_of = $(addsuffix .o,$(call built,$(call modules,$(dir $(1)))))
$(foreach source,$(call programs,$(wildcard lessons/*/ lessons/*/*/ tests/tools/ tests/framework/)),\
  $(eval $(call built,$(source)): $(call modules_of,$(source))))

$(BUILD)/%.o: lessons/%.c | compiler
	mkdir -p $(@D)
	$(OBJECT)

$(BUILD)/%.o: tests/%.c | compiler
	mkdir -p $(@D)
	$(OBJECT)

# What they try is a lesson's.
$(BUILD)/fuzz/http: lessons/08-asynchat-http/http.c lessons/08-asynchat-http/slice.c
$(BUILD)/fuzz/replies: lessons/08-asynchat-http/mail/reply.c
$(BUILD)/fuzz/frames: lessons/10-remote-shell/frame.c
$(BUILD)/fuzz/transfer: lessons/11-file-transfer/protocol.c lessons/11-file-transfer/name.c
$(BUILD)/fuzz/paths: lessons/12-ftp-multiuser/path.c lessons/12-ftp-multiuser/listing.c
$(BUILD)/fuzz/addresses: lessons/12-ftp-multiuser/address.c
$(BUILD)/fuzz/ftp_commands: $(call modules,lessons/12-ftp-multiuser/)
$(BUILD)/fuzz/ftp_replies: lessons/12-ftp-multiuser/remote_parse.c lessons/12-ftp-multiuser/url.c

$(BUILD)/common/%.o: common/%.c | compiler
	mkdir -p $(@D)
	$(OBJECT)

$(LIBRARY): $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

# A library, which other programs load: it is not to be run. They may have no sanitizer.
$(STRIKER): tests/tools/chaos.c | compiler
	mkdir -p $(@D)
	$(say)
	$(LINK) -fPIC -shared -fno-sanitize=all
	chmod -x $@

# `make FROM=work/02-tcp-time TO=DIR DIR/server`: a program by another hand, from its own files and common/.
# A file of common/ that stands beside it in FROM, because it holds an exercise, is taken instead.
ifeq ($(origin FROM),command line)
$(TO)/%.o: $(FROM)/%.c | compiler
	$(OBJECT)
$(TO)/%: $(TO)/%.o $(patsubst $(FROM)/%.c,$(TO)/%.o,$(sort $(call modules,$(FROM)/) \
  $(wildcard $(patsubst common/%,$(FROM)/%,$(wildcard common/*.c))))) $(LIBRARY)
	$(LINK)
.SECONDARY: # the modules are compiled once for all programs
-include $(wildcard $(TO)/*.d)
endif

compiler:
	@scripts/need $(firstword $(CC))

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d)

# ---- the verbs: scripts/help prints the text behind ##; without text, in the row of the next one ----

# A script that fails has said why. make would add "*** [Makefile:117: check-2] Error 1", and that would be
# what one reads last. But not if it was only asked whether there is something to do (-q): then 1 is an
# answer. What is marked with + is executed all the same. So make is asked for a verb as if with -q.
numbered = lesson server client demo start check watch hint solution
others   = test mutants chaos sanitize coverage fuzz lint
ifneq ($(filter $(addsuffix -%,$(numbered)) $(numbered) $(others),$(MAKECMDGOALS)),)
ifeq ($(words $(MAKECMDGOALS)),1)
MAKEFLAGS += -q
endif
endif

# A verb without the number of a lesson.
.PHONY: $(numbered) $(numbered:=-)
$(numbered) $(numbered:=-):
	+@scripts/verb bash -c '. scripts/lib/lessons.bash && find_lesson "" $(@:-=)'

help:
	@scripts/help

lesson-%: ## the guided tour of lesson N
	+@scripts/verb scripts/lesson $*

server-%: ##
	+@scripts/verb scripts/run $* server $(ARGS)

client-%: ##
	+@scripts/verb scripts/run $* client $(ARGS)

demo-%: ## its programs (ARGS="--help"); both in tmux
	+@scripts/verb scripts/demo $*

start-%: ## your own copy, with exercises, in work/
	+@scripts/verb scripts/start $*

check-%: ##
	+@scripts/verb scripts/check $*

watch-%: ## what to write next; again at each save
	+@scripts/verb scripts/watch $*

hint-%: ##
	+@scripts/verb scripts/hint $*

solution-%: ## one hint more; what the reference has
	+@scripts/verb scripts/solution $*

test: ## every test (ARGS=FILE: some)
	+@scripts/verb scripts/test $(ARGS)

mutants: ##
	+@scripts/verb scripts/mutants $(ARGS)

chaos: ##
	+@scripts/verb scripts/chaos $(ARGS)

sanitize: ##
	+@scripts/verb scripts/sanitize $(ARGS)

coverage: ##
	+@scripts/verb scripts/coverage

fuzz: ##
	+@scripts/verb scripts/fuzz $(ARGS)

lint: ## more tests; the format
	+@scripts/verb scripts/lint

setup: ##
	@scripts/setup $(ARGS)

clean: ## install what is missing; delete build/
	rm -rf $(BUILD)
