# terminal.bash - what can be shown on the terminal that stdout is: its size, its styles, and text
# in rows that fit.
# shellcheck shell=bash

# read_size: sets height and width; to 24 and 80, and returns 1, if stdout is no terminal that says.
read_size() {
  local size=
  height=24 width=80
  [[ ! -t 1 ]] || { size=$(stty size <&9 2>/dev/null) || true; } 9>&1 # in $(...), 1 is not the terminal
  [[ $size =~ ^([0-9]+)\ ([1-9][0-9]*)$ ]] || return
  width=${BASH_REMATCH[2]}
  ((BASH_REMATCH[1] == 0)) || height=${BASH_REMATCH[1]}
}

# Sets what switches each style on (nothing, without colours), and the characters of lines.
set_styles() {
  bold='' dim='' red='' green='' plain='' erase='' column_styles=('')
  if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
    erase=$'\r\e[K'
    if [[ -z ${NO_COLOR:-} ]]; then
      bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
      column_styles=($'\e[36m' $'\e[33m' $'\e[35m' $'\e[32m' $'\e[34m')
    fi
  fi
  bar='|' rule='-' cross='+' underline='='
  if [[ ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} == *[Uu][Tt][Ff]* ]]; then
    bar='│' rule='─' cross='┼' underline='═'
  fi
}

# repeat CHARACTER COUNT: sets `repeated`.
repeat() {
  printf -v repeated '%*s' $(($2 > 0 ? $2 : 0)) ''
  repeated=${repeated// /$1}
}

# wrap TEXT WIDTH: sets the array `wrapped` to TEXT in rows of at most WIDTH characters,
# broken at spaces where there are any.
wrap() {
  local text=$1 width=$2 head
  wrapped=()
  while ((${#text} > width)); do
    head=${text:0:width+1}
    if [[ $head == *[!\ ]*\ * ]]; then
      head=${head% *}
    else
      head=${text:0:width}
    fi
    text=${text:${#head}}
    text=${text#"${text%%[! ]*}"}
    wrapped+=("${head%"${head##*[! ]}"}")
  done
  wrapped+=("$text")
}
