#!/usr/bin/env bats
# scripts/setup on machines of all kinds. A bare machine is a PATH that holds only links to a
# few commands, and a directory that stands for its files; a package manager is a script that
# notes how it was called, and installs by putting a command into that PATH.

load ../helpers

setup() {
  bin=$BATS_TEST_TMPDIR/bin
  log=$BATS_TEST_TMPDIR/log
  export SETUP_ROOT=$BATS_TEST_TMPDIR/root
  unset BATS_LIB_PATH
  mkdir -p "$bin" "$SETUP_ROOT/etc" "$SETUP_ROOT/usr/include/openssl"
  touch "$log"
  sh=$(command -v sh)
  local command
  for command in env awk sed tr touch chmod grep; do
    ln -s "$(command -v "$command")" "$bin/"
  done
  be_user 0
}

# command_that DOES NAME...: puts commands of these names into the bare machine's PATH.
command_that() {
  local name
  for name in "${@:2}"; do
    printf '#!%s\n%s\n' "$sh" "$1" >"$bin/$name"
    chmod +x "$bin/$name"
  done
}

be_user() {
  command_that "echo $1" id
}

has_manager() {
  command_that "echo $1 \"\$@\" DEBIAN_FRONTEND=\${DEBIAN_FRONTEND:-} >>'$log'
    case \"\$*\" in *install*|*-S*|*add*) $(declare -f arrive); arrive ;; esac" "$1"
}

# What an installation brings: everything that the lessons and lint need.
arrive() {
  for name in cc make bash ip pkg-config clang-format cppcheck shellcheck shfmt; do
    echo "#!/bin/sh" >"$PATH/$name"
    chmod +x "$PATH/$name"
  done
  touch "$SETUP_ROOT/etc/services" "$SETUP_ROOT/etc/protocols" "$SETUP_ROOT/usr/include/stdio.h" \
    "$SETUP_ROOT/usr/include/openssl/evp.h" "$SETUP_ROOT/usr/include/crypt.h" "$SETUP_ROOT/usr/include/histedit.h"
}

bare_setup() {
  PATH=$bin run "$sh" "$ROOT/scripts/setup" "$@"
}

@test "nothing is missing: says so, and does nothing" {
  has_manager apt-get
  PATH=$bin "$bin/apt-get" install
  : >"$log"
  bare_setup
  assert_success
  assert_output 'Nothing is missing: nothing was changed.'
  bare_setup -q
  assert_success
  assert_output ''
  run cat "$log"
  assert_output ''
}

@test "apt-get: the lists first, then the packages, without questions" {
  has_manager apt-get
  bare_setup
  assert_success
  assert_line 'Missing: cc, make, bash, stdio.h, /etc/services, /etc/protocols, ip, pkg-config, openssl/evp.h, crypt.h, histedit.h'
  assert_line 'Installing with apt-get: gcc make bash libc6-dev netbase iproute2 pkg-config libssl-dev libcrypt-dev libedit-dev'
  assert_line 'Now type: make lesson-1'
  run cat "$log"
  assert_line --index 0 'apt-get -q update DEBIAN_FRONTEND=noninteractive'
  assert_line --index 1 \
    'apt-get -q -y --no-install-recommends install gcc make bash libc6-dev netbase iproute2 pkg-config libssl-dev libcrypt-dev libedit-dev DEBIAN_FRONTEND=noninteractive'
}

@test "it says what it will install before it installs" {
  has_manager apt-get
  command_that "echo 'apt-get is running'; exit 1" apt-get
  bare_setup
  assert_failure 1
  assert_regex "$output" 'Installing with apt-get: .*apt-get is running'
}

@test "dnf, pacman, apk and brew" {
  local manager
  for manager in dnf pacman apk brew; do
    rm -f "$bin"/{cc,make,bash,ip,pkg-config,apt-get,dnf,pacman,apk,brew}
    rm -f "$SETUP_ROOT"/etc/* "$SETUP_ROOT"/usr/include/{stdio.h,crypt.h,histedit.h,openssl/*}
    : >"$log"
    has_manager "$manager"
    bare_setup
    assert_success
    assert_line --regexp "^Installing with $manager: gcc make bash"
    run cat "$log"
    assert_line --regexp "^$manager .* gcc make bash"
  done
}

@test "not root: sudo" {
  has_manager apt-get
  be_user 1000
  command_that "echo sudo \"\$@\" >>'$log'; exec \"\$@\"" sudo
  bare_setup
  assert_success
  assert_line --partial 'Installing with sudo apt-get:'
  run cat "$log"
  assert_line --index 0 'sudo env DEBIAN_FRONTEND=noninteractive apt-get -q update'
  assert_line --index 1 'apt-get -q update DEBIAN_FRONTEND=noninteractive'
}

@test "not root and no sudo: one line, exit 1, nothing done" {
  has_manager apt-get
  be_user 1000
  bare_setup
  assert_failure 1
  assert_line --partial 'needs root, and there is no sudo'
  run cat "$log"
  assert_output ''
}

@test "no package manager: says what is missing, exit 1" {
  bare_setup
  assert_failure 1
  assert_line --regexp '^setup: none of apt-get.*: cc, make, bash'
}

@test "an installation that did not bring a thing: says which, exit 1" {
  command_that "echo >>'$log'" apt-get
  bare_setup
  assert_failure 1
  assert_line --regexp '^setup: still missing after the installation: cc'
}

@test "lists that can't be updated do not stop it" {
  has_manager apt-get
  sed -i '2i case "$*" in *update*) exit 100 ;; esac' "$bin/apt-get"
  bare_setup
  assert_success
  assert_line --partial 'going on with the old ones'
}

@test "a verb brings what it needs, and what the lessons need" {
  has_manager apt-get
  bare_setup lint
  assert_success
  assert_line 'Installing with apt-get: gcc make bash libc6-dev netbase iproute2 pkg-config libssl-dev libcrypt-dev libedit-dev clang-format cppcheck shellcheck shfmt'
  refute_line --partial 'Now type'
}

@test "test: bats that is too old, its libraries, and another program called parallel" {
  has_manager apt-get
  PATH=$bin "$bin/apt-get" install
  command_that 'echo Bats 1.7.0' bats
  command_that 'echo parallel from moreutils' parallel
  bare_setup test
  assert_failure 1
  assert_line --regexp '^Missing: bats 1.8 or newer, .*GNU parallel'
  command_that 'echo Bats 1.10.0' bats
  command_that 'echo GNU parallel 2022' parallel
  bare_setup test
  refute_line --partial 'Missing: bats 1.8'
  refute_line --partial 'GNU parallel'
}

@test "an unknown verb: one line that names the verbs, exit 2" {
  has_manager apt-get
  bare_setup nonsense
  assert_failure 2
  assert_output 'setup: nonsense: unknown; the verbs are: lessons test coverage fuzz bench lint demo'
}

@test "it is POSIX sh: dash and busybox run it" {
  local found=0 shell runner
  has_manager apt-get
  for shell in dash busybox; do
    if command -v "$shell" >/dev/null; then
      found=1
      runner=$(command -v "$shell")
      if [[ $shell == busybox ]]; then
        PATH=$bin run "$runner" sh "$ROOT/scripts/setup"
      else
        PATH=$bin run "$runner" "$ROOT/scripts/setup"
      fi
      assert_success
      assert_line --partial 'Installing with apt-get: gcc make'
      rm "$bin"/{cc,make,bash,ip}
    fi
  done
  [[ $found == 1 ]] || skip 'neither dash nor busybox is installed'
}

@test "need: a tool that is not there is named, with the command that brings it, exit 2" {
  PATH=$bin run "$sh" "$ROOT/scripts/need" tmux demo
  assert_failure 2
  assert_output 'tmux is not installed; run: scripts/setup demo'
}
