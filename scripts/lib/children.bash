# children.bash - runs a program for which a script has something to do afterwards, and which is to
# behave as if it had taken the script's place.
# shellcheck shell=bash disable=SC2034 # status is for the script that asks

# run_child COMMAND...: sets `status` to its exit status. Ctrl-C is the program's matter: the script ignores
# it from now on. SIGTERM, which make sends to the script alone, is handed on.
run_child() {
  local child terminated=false
  trap '' INT
  # bash gives what runs in the background no input, and lets it ignore Ctrl-C.
  (trap - INT QUIT && exec "$@") <&0 &
  child=$!
  trap 'terminated=true; kill -TERM "$child" 2>/dev/null || true' TERM
  status=0
  wait "$child" || status=$?
  # A signal ends the wait. A second one might last for ever: bash can forget a child that ends just then.
  while $terminated && kill -0 "$child" 2>/dev/null; do
    sleep 0.05
  done
}
