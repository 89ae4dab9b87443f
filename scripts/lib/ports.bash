# ports.bash - which program has a port, as far as the system tells.
# shellcheck shell=bash

# port_holders tcp|udp ADDRESS PORT: the programs for which nobody else can take that port of that
# address, a line each: "server (process 1234)". Nothing, if there is no ss, or it does not say.
port_holders() {
  local where users
  command -v ss >/dev/null || return 0
  while read -r _ _ _ where _ users; do
    if are_in_conflict "$2" "${where%:*}"; then
      # users:(("server",pid=1234,fd=3),("server",pid=1235,fd=3))
      grep -oE '"[^"]*",pid=[0-9]+' <<<"$users" | sed -E 's/"(.*)",pid=(.*)/\1 (process \2)/' || true
    fi
  done < <(ss -Hlnp "--$1" "sport = :$3" 2>/dev/null) | sort -u
}

# are_in_conflict A B: can't one port of the two addresses be taken twice? A * is all addresses of both
# families, as ss writes it; 0.0.0.0 and :: are all of their own.
are_in_conflict() {
  local a=${1//[][]/} b=${2//[][]/}
  if [[ $a == "$b" || $a == '*' || $b == '*' ]]; then
    return
  fi
  case $a-$b in
    0.0.0.0-*:* | *:*-0.0.0.0) return 1 ;;
    0.0.0.0-* | *-0.0.0.0) return ;;
    ::-*:* | *:*-::) return ;;
  esac
  return 1
}
