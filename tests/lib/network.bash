# network.bash - a network of its own for a scenario, whose link can be cut: lessons 6 and 11.
# shellcheck shell=bash

# private_network: from here on, the server, the client and peer run in a network of their own, whose
# only link can be cut: `cut_link`. What is on its way then is lost, without a FIN or a reset.
private_network() {
  command -v ip >/dev/null || skip "ip is not installed"
  unshare --user --map-root-user --net true 2>/dev/null || skip "this system allows no private network"
  start network unshare --user --map-root-user --net bash -c 'ip link set lo up && echo up && exec cat'
  wait_for_line network.out '^up$'
  enter=(nsenter --target "${pid_of[network]}" --user --net --preserve-credentials)
  SERVER=$(inside "$SERVER")
  CLIENT=$(inside "$CLIENT")
  PEER=$(inside "$PEER")
}

# inside PROGRAM: the path of a script that runs it in the private network.
inside() {
  local script=$BATS_TEST_TMPDIR/inside-${1##*/}
  printf '#!/bin/sh\nexec %s "%s" "$@"\n' "${enter[*]}" "$1" >"$script"
  chmod +x "$script"
  echo "$script"
}

cut_link() {
  record "cut the link"
  "${enter[@]}" ip link set lo down
}

mend_link() {
  record "mended the link"
  "${enter[@]}" ip link set lo up
}
