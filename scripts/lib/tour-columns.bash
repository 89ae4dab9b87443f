# tour-columns.bash - draws what happens in a scene: a column for each program, and the time.
# shellcheck shell=bash disable=SC2154 # the tour's other files set its variables

tour_draws=false # columns, or plain lines?
if [[ -t 1 ]]; then
  tour_draws=true
fi

declare -A column_of=() # the index of a column, by its name
column_names=(tour)     # until the first `columns`
scene_is_open=false     # are rows of columns the last thing printed?
scene_has_ended=false   # is what happens now not part of the lesson any more?
scene_start=0           # in microseconds

# Sets `now`, in microseconds.
read_clock() {
  now=${EPOCHREALTIME//[!0-9]/}
}

# Divides the terminal's width among the columns.
lay_out() {
  local count=${#column_names[@]} name
  time_width=7 time_name=seconds separator=" $bar "
  if ((tour_width < 72)); then
    time_width=6 time_name=sec separator="$bar "
  fi
  name_width=0
  for name in "${column_names[@]}"; do
    name_width=$((${#name} > name_width ? ${#name} : name_width))
  done
  column_width=$(((tour_width - time_width - count * ${#separator}) / count))
  in_columns=false
  if $tour_draws && ((column_width >= 12)); then
    in_columns=true
  fi
}

# put_cells TIME INDEX STYLE TEXT: prints one row with TEXT in one column.
put_cells() {
  local time=$1 index=$2 style=$3 text=$4 row i
  printf -v row '%*s' "$time_width" "$time"
  row=$dim$row$plain
  for ((i = 0; i < ${#column_names[@]}; i++)); do
    row+=$dim$separator$plain
    if ((i == index)); then
      row+=$style$text${style:+$plain}
      repeat ' ' $((column_width - ${#text}))
    else
      repeat ' ' "$column_width"
    fi
    row+=$repeated
  done
  put "${row%"${row##*[! ]}"}"
}

put_header() {
  local i row line name
  $in_columns || return 0
  printf -v row '%*s' "$time_width" "$time_name"
  row=$dim$row$plain
  repeat "$rule" "$time_width"
  line=$repeated
  for ((i = 0; i < ${#column_names[@]}; i++)); do
    name=${column_names[i]:0:column_width}
    column_style "$i"
    repeat ' ' $((column_width - ${#name}))
    row+=$dim$separator$plain$bold$style$name$plain$repeated
    repeat "$rule" "$column_width"
    line+=${separator//"$bar"/$cross}$repeated
  done
  line=${line// /$rule}
  put "$row"
  put "$line" "$dim"
}

column_style() {
  style=${column_styles[$1 % ${#column_styles[@]}]}
}

# put_in_column TIME INDEX STYLE TEXT: prints the rows of TEXT in one column.
put_in_column() {
  local time=$1 row rows
  if ((time_width == 6)); then
    time=${time# }
    time=${time:0:6}
  fi
  wrap "$4" "$column_width"
  rows=("${wrapped[@]}")
  if ((${#rows[@]} < 8)); then
    keep_together "${#rows[@]}"
  fi
  for row in "${rows[@]}"; do
    put_cells "$time" "$2" "$3" "$row"
    time=
  done
}

# put_line TIME WHO STYLE TEXT: the same, where there is no room for columns, or no terminal.
put_line() {
  local head row
  printf -v head '%7s  %-*s  ' "$1" "$name_width" "$2"
  if ! $tour_draws; then
    put "$head$4"
    return
  fi
  wrap "$4" $((tour_width - ${#head} > 10 ? tour_width - ${#head} : 10))
  for row in "${wrapped[@]}"; do
    put "$head$row" "$3"
    printf -v head '%*s' "${#head}" ''
  done
}

# show AT WHO KIND TEXT: draws what happened at the time AT (in microseconds) in WHO's column.
# KIND is `out` or `err` for what a program printed, `note` for what the tour did to it.
show() {
  local at=$1 who=$2 kind=$3 text=${4//[[:cntrl:]]/?} elapsed time style
  if $scene_has_ended; then
    return
  fi
  if $tour_resized; then
    fit_page
    scene_is_open=false
  fi
  elapsed=$((at > scene_start ? at - scene_start : 0))
  printf -v time '%3d.%03d' $((elapsed / 1000000)) $((elapsed / 1000 % 1000))
  time=${time:0:7} # after 1000 s, at the expense of the milliseconds
  if ((${#text} > 300)); then
    text="${text:0:300}... and $((${#text} - 300)) more characters"
  fi
  column_style "${column_of[$who]}"
  case $kind in
    err) style=$red text="! $text" ;;
    note) style=$dim ;;
  esac

  if ! $scene_is_open; then
    open_scene 6
  fi
  if $in_columns; then
    put_in_column "$time" "${column_of[$who]}" "$style" "$text"
  else
    put_line "$time" "$who" "$style" "$text"
  fi
}

# show_now WHO TEXT: draws what the tour does now.
show_now() {
  read_clock
  show "$now" "$1" note "$2"
}

# open_scene ROWS: the rows of columns begin here, with at least so many rows on this page.
open_scene() {
  keep_together "$1"
  put_blank
  put_header
  scene_is_open=true
}

columns() {
  local i
  column_names=("$@")
  column_of=()
  for ((i = 0; i < $#; i++)); do
    column_of[${column_names[i]}]=$i
  done
  for i in "${!recording[@]}"; do
    if [[ -z ${column_of[$i]+set} ]]; then
      fail "$i is still running, and needs a column"
    fi
  done
  lay_out
  scene_is_open=false # or a new page begins with the header, too
  open_scene 8
  read_clock
  scene_start=$now
}
