# sanitizers.bash - how programs are built and run with AddressSanitizer and
# UndefinedBehaviorSanitizer, or with ThreadSanitizer. These two can't be in one program.
# shellcheck shell=bash

debug_flags="-O1 -g -U_FORTIFY_SOURCE -fno-omit-frame-pointer -Wall -Wextra -Wpedantic -Wshadow -Wconversion"
sanitizer_flags="$debug_flags -fsanitize=address,undefined -fno-sanitize-recover=all"
thread_sanitizer_flags="$debug_flags -fsanitize=thread"

# A report ends the program with a status that no program has otherwise. A small quarantine keeps
# the tests of memory meaningful. With CHAOS, the sanitizer's library is not the first one.
asan_options=exitcode=99:detect_leaks=1:quarantine_size_mb=1:verify_asan_link_order=0
ubsan_options=exitcode=99:print_stacktrace=1
lsan_options=exitcode=99
tsan_options=exitcode=99
