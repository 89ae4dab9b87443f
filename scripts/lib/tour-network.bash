# tour-network.bash - a private network for a scene. It is a user namespace and a network namespace,
# which live as long as a process is in them. One waits there for the end of its input: that comes when
# the tour ends, however it ends.
# shellcheck shell=bash disable=SC2154 # the tour's other files set its variables

in_network=() # the command that runs another one in it
network_end=  # closing this descriptor ends it

network() {
  local ready
  open_pipe network_end
  exec {ready}< <(
    exec <"/dev/fd/$network_end" 2>/dev/null
    close_own_descriptors "$network_end"
    exec unshare --map-root-user --net sh -c 'echo ready && read -r _'
  )
  in_network=("$(command -v nsenter)" --target "$!" --user --net --preserve-credentials)
  own_descriptors+=("$network_end")
  if ! read -r -u "$ready" || ! set_link up; then
    end_network
    say "This scene needs a private network (the commands unshare, nsenter and ip), and this system" \
      "allows none: it is left out."
  fi
  exec {ready}<&-
  [[ -n $network_end ]]
}

set_link() {
  "${in_network[@]}" ip link set lo "$1" 2>/dev/null
}

end_network() {
  if [[ -n $network_end ]]; then
    exec {network_end}>&-
  fi
  in_network=() network_end=
  own_descriptors=("$events")
}

break_link() {
  catch_up
  show_now "$1" '[the link goes down]'
  set_link down || fail "the link does not go down"
}
