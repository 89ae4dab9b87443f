#!/usr/bin/env bats
# Each lesson builds without make, with the lines that its README prints.

load ../helpers

# make_cc COMPILER: a command ./cc that does what COMPILER does, in two steps, as that does: it compiles
# each source, and links. But it compiles each only once: nearly every line has all of common/.
make_cc() {
  cat >cc <<END
#!/usr/bin/env bash
set -e
flags=(-Wall -Wextra) sources=() objects=() libraries=() out=
while ((\$# > 0)); do
  case \$1 in
    -o) out=\$2 && shift ;;
    -l*) libraries+=("\$1") ;;
    -*) flags+=("\$1") ;;
    *) sources+=("\$1") ;;
  esac
  shift
done
for source in "\${sources[@]}"; do
  object=\${flags[*]}:\$source.o
  objects+=('$PWD/objects/'"\${object//[\/ ]/_}")
  [[ -e \${objects[-1]} ]] || $1 "\${flags[@]}" -c "\$source" -o "\${objects[-1]}"
done
exec $1 "\${flags[@]}" "\${objects[@]}" "\${libraries[@]}" -o "\$out"
END
  chmod +x cc
  mkdir objects
}

# builds_by_hand COMPILER: every line of every lesson's README that begins with cc. The first one is
# run as it stands.
builds_by_hand() {
  local compiler=$1 cc=$1 readme line built=0
  make_cc "$compiler"
  for readme in "$ROOT"/lessons/*/README.md; do
    grep -q '^    cc ' "$readme" || fail "$readme does not say how to build by hand"
    while IFS= read -r line; do
      line=${line/#cc/"'$cc'"}
      run_bounded bash -c "cd '$ROOT' && ${line% -o *} -o '$PWD/${line##* }'"
      [[ $status$output$stderr == 0 ]] || fail "$readme: $line"$'\n'"$output$stderr"
      run_bounded "./${line##* }" --help
      assert_succeeds
      built=$((built + 1)) cc=$PWD/cc
    done < <(sed -n 's/^    cc /cc /p' "$readme")
  done
  ((built >= 2 * $(find "$ROOT/lessons" -mindepth 1 -maxdepth 1 -type d | wc -l))) ||
    fail "only $built programs are built by hand"
}

@test "every lesson builds with the lines in its README: gcc" {
  type -P gcc >/dev/null || skip "there is no gcc"
  builds_by_hand gcc
}

@test "every lesson builds with the lines in its README: clang" {
  type -P clang >/dev/null || skip "there is no clang"
  builds_by_hand clang
}
