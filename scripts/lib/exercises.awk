# exercises.awk - reads the markers of the exercises in a lesson's sources.
#
#   /* EXERCISE 2: what to write, in a sentence */    here begins what a student is to write
#   /* END EXERCISE */                                here it ends
#
# What the starter has in its place stands in the lesson's EXERCISES.md, which `exercises` names: under
# "## Exercise 2: ...", between ```c and ```. It may be nothing.
#
# A marker stands alone on its lines. Each line but the first begins with " * ". `mode` says what
# to print:
#
#   list       of each exercise: number, file, line and sentence, with tabs between
#   starter    the source with a TODO, and the stand-in, in the place of each exercise
#   reference  the source without the markers
#   region     the lines of exercise `number`
#   todo       as list, of the TODOs in a student's sources; a student may break every rule
#
# A mistake in the markers is a line on stderr, and exit status 1.

function fail(line, what) {
    print file ":" line ": " what > "/dev/stderr"
    status = 1
    exit 1
}

# Prints the entry of "EXERCISE 2: what to write".
function print_entry(text,    number) {
    gsub(/\n/, " ", text)
    number = text
    sub(/^[A-Z]+ /, "", number)
    sub(/^[A-Z]+ [0-9]+: */, "", text)
    print number + 0 "\t" file "\t" first "\t" text
}

function begin_exercise(    number) {
    number = substr(text, length("EXERCISE ") + 1) + 0
    if (open)
        fail(first, "EXERCISE " number " begins inside EXERCISE " open)
    if (number in place)
        fail(first, "EXERCISE " number " is there twice; the other one is " place[number])
    if (text !~ /^EXERCISE [0-9]+: *[^ ]/)
        fail(first, "EXERCISE " number " does not say what to write")
    open = number
    begun = first
    place[number] = file ":" first
    if (mode == "list")
        print_entry(text)
    if (mode == "starter") {
        sub(/EXERCISE/, "TODO", raw)
        print raw
    }
}

function end_exercise() {
    if (!open)
        fail(first, "END EXERCISE, but no EXERCISE before it")
    if (mode == "starter" && open in stand_in)
        print_indented(stand_in[open])
    open = 0
}

function print_indented(text) {
    gsub(/\n/, "\n" indent, text)
    print indent text
}

# Reads the stand-ins: the code that the starter has in the place of each exercise.
function read_stand_ins(    line, number, inside) {
    while ((getline line < exercises) > 0) {
        if (line ~ /^## Exercise [0-9]+:/)
            number = substr(line, length("## Exercise ") + 1) + 0
        else if (line == "```c")
            inside = 1
        else if (line == "```")
            inside = 0
        else if (inside)
            stand_in[number] = stand_in[number] (stand_in[number] == "" ? "" : "\n") line
    }
}

# Takes a comment: its lines are in `raw`, what it says in `text`.
function read_comment() {
    if (mode == "todo") {
        if (text ~ /^TODO [0-9]+: /)
            print_entry(text)
    } else if (text == "END EXERCISE") {
        end_exercise()
    } else if (text ~ /^EXERCISE [1-9][0-9]*:/) {
        begin_exercise()
    } else {
        fail(first, "no marker; write /* EXERCISE 1: what to write */ or /* END EXERCISE */")
    }
}

function end_file() {
    if (mode == "todo")
        first = 0
    if (first)
        fail(first, "the marker's comment does not end")
    if (open)
        fail(begun, "EXERCISE " open " does not end")
}

BEGIN {
    marker = "(^|[^A-Za-z_])" (mode == "todo" ? "TODO" : "EXERCISE") "([^A-Za-z_]|$)"
    read_stand_ins()
}

FNR == 1 {
    end_file()
    file = FILENAME
}

!first && $0 !~ marker {
    if (mode == "reference" || (mode == "starter" && !open) || (mode == "region" && open == number))
        print
    next
}

{
    line = $0
    if (first) {
        sub(/^[ \t]*\*( |$)/, "", line)
        raw = raw "\n" $0
        text = text "\n"
    } else {
        first = FNR
        match($0, /^[ \t]*/)
        indent = substr($0, 1, RLENGTH)
        raw = $0
        text = ""
        alone = sub(/^[ \t]*\/\*[ \t]*/, "", line)
    }
    ended = sub(/[ \t]*\*\/[ \t]*$/, "", line)
    if (mode != "todo" && (!alone || line ~ /\*\//))
        fail(first, "a marker stands alone on its lines")
    text = text line
    if (ended || !alone) {
        read_comment()
        first = 0
    }
}

END {
    if (status == 0)
        end_file()
    exit status
}
