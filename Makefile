# Twelve Sockets. `make` builds every program, then lists the verbs and the lessons.
# What takes more than a few lines of shell is a script in scripts/.

CC       = cc
CFLAGS   = -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
CPPFLAGS = -Icommon -D_POSIX_C_SOURCE=200809L
BUILD    = build
ARGS     =

PROGRAMS = $(patsubst lessons/%.c,$(BUILD)/%,$(wildcard lessons/*/*.c))
TOOLS    = $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(filter-out %/chaos.c,$(wildcard tests/tools/*.c)))
STRIKER  = $(patsubst tests/tools/%.c,$(BUILD)/tools/%.so,$(wildcard tests/tools/chaos.c))
LESSONS  = $(notdir $(patsubst %/,%,$(wildcard lessons/*/)))
CHECKS   = $(patsubst tests/framework/%.c,$(BUILD)/framework/%,$(wildcard tests/framework/*.c))
# libevent is seldom installed: only tests/bench/asyncore builds what uses it.
BENCH    = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(filter-out %/libevent.c,$(wildcard tests/bench/*.c)))
FUZZERS  = $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))
OBJECTS  = $(patsubst common/%.c,$(BUILD)/common/%.o,$(wildcard common/*.c))
# The frameworks, as a library: a program gets what it uses of them.
LIBRARY  = $(BUILD)/common/frameworks.a

.PHONY: all programs tools compiler help setup test mutants chaos sanitize coverage fuzz lint clean $(LESSONS)

all: programs tools
	@scripts/help
programs: $(PROGRAMS)
tools: $(TOOLS) $(STRIKER) $(CHECKS) $(BENCH)

# `make 02-tcp-time` builds the programs of one lesson.
$(foreach lesson,$(LESSONS),$(eval $(lesson): $(filter $(BUILD)/$(lesson)/%,$(PROGRAMS))))

OBJECT  = $(CC) -std=c11 -pthread $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -o $@
COMPILE = $(OBJECT) $(LDFLAGS) $(filter %.c %.a,$^) $(LDLIBS)

$(BUILD)/%: lessons/%.c $(LIBRARY) | compiler
	@mkdir -p $(@D)
	$(COMPILE)

# tests/framework/, tests/tools/, tests/bench/, and, with what scripts/fuzz adds, tests/fuzz/.
$(BUILD)/%: tests/%.c $(LIBRARY) | compiler
	@mkdir -p $(@D)
	$(COMPILE)

$(BUILD)/common/%.o: common/%.c | compiler
	@mkdir -p $(@D)
	$(OBJECT) -c $<

$(LIBRARY): $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

# A library, which other programs load: it is not to be run. They may have no sanitizer.
$(BUILD)/tools/chaos.so: tests/tools/chaos.c | compiler
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared -fno-sanitize=all
	chmod -x $@

# `make FROM=work/02-tcp-time TO=DIR DIR/server`: a program by another hand. A framework that
# stands beside it in FROM is compiled in, and so the library's is not taken.
ifeq ($(origin FROM),command line)
$(TO)/%: $(FROM)/%.c $(wildcard $(patsubst common/%,$(FROM)/%,$(wildcard common/*.c))) $(LIBRARY) | compiler
	$(COMPILE)
endif

compiler:
	@scripts/need $(firstword $(CC))

-include $(addsuffix .d,$(PROGRAMS) $(TOOLS) $(STRIKER) $(OBJECTS) $(CHECKS) $(BENCH) $(FUZZERS))

# ---- the verbs: scripts/help prints the text behind ##; without text, in the row of the next one ----

help:
	@scripts/help

lesson-%: ## the guided tour of lesson N
	+@scripts/lesson $*

server-%: ##
	+@scripts/run $* server $(ARGS)

client-%: ##
	+@scripts/run $* client $(ARGS)

demo-%: ## its programs (ARGS="--help"); both in tmux
	+@scripts/demo $*

start-%: ## your own copy, with exercises, in work/
	+@scripts/start $*

check-%: ##
	+@scripts/check $*

watch-%: ## what to write next; again at each save
	+@scripts/watch $*

hint-%: ##
	+@scripts/hint $*

solution-%: ## one hint more; what the reference has
	+@scripts/solution $*

test: ## every test (ARGS=FILE: some)
	+@scripts/test $(ARGS)

mutants: ##
	+@scripts/mutants $(ARGS)

chaos: ##
	+@scripts/chaos $(ARGS)

sanitize: ##
	+@scripts/sanitize $(ARGS)

coverage: ##
	+@scripts/coverage

fuzz: ##
	+@scripts/fuzz $(ARGS)

lint: ## more tests; the format
	+@scripts/lint

setup: ##
	@scripts/setup $(ARGS)

clean: ## install what is missing; delete build/
	rm -rf $(BUILD)
