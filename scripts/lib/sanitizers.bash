# sanitizers.bash - how programs are built and run with AddressSanitizer and
# UndefinedBehaviorSanitizer.
# shellcheck shell=bash

sanitizer_flags="-O1 -g -U_FORTIFY_SOURCE -fno-omit-frame-pointer -Wall -Wextra -Wpedantic -Wshadow -Wconversion"
sanitizer_flags+=" -fsanitize=address,undefined -fno-sanitize-recover=all"

# A report ends the program with a status that no program has otherwise. A small quarantine keeps
# the tests of memory meaningful.
asan_options=exitcode=99:detect_leaks=1:quarantine_size_mb=1
ubsan_options=exitcode=99:print_stacktrace=1
lsan_options=exitcode=99
