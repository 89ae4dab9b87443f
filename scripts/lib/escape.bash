# escape.bash - what a program has printed, so that it can be shown: its control characters would clear
# the terminal, colour it, or print over what stands there.
# shellcheck shell=bash

declare -gA escape_of=([$'\r']='\r') # what stands for a control character, as C writes it
for code in {1..8} 11 12 {14..31} 127; do
  printf -v code '\\x%02x' "$code"
  printf -v character %b "$code"
  escape_of[$character]=$code
done
for code in {128..159}; do # those that UTF-8 writes in two bytes
  printf -v code '\\xc2\\x%02x' "$code"
  printf -v character %b "$code"
  escape_of[$character]=$code
done
unset -v code character

# make_visible TEXT: sets `visible` to TEXT with escapes for its control characters. Newlines and tabs
# stay, and so does all other text.
make_visible() {
  local character
  visible=$1
  for character in "${!escape_of[@]}"; do
    visible=${visible//"$character"/"${escape_of[$character]}"}
  done
}

# escape_lines: does this to each line of its input.
escape_lines() {
  local line visible
  while IFS= read -r line || [[ -n $line ]]; do
    make_visible "$line"
    printf '%s\n' "$visible"
  done
}
