# exercises.awk - reads the markers of the exercises in a lesson's sources.
#
#   /* EXERCISE 2: what to write, in a sentence */    here begins what a student is to write
#   /* END EXERCISE */                                here it ends
#   /* END EXERCISE: int client = -1; */              the same; the starter has this in its place
#
# A marker stands alone on its lines. Each line but the first begins with " * ". `mode` says what
# to print:
#
#   list       of each exercise: number, file, line and sentence, with tabs between
#   starter    the source with a TODO in the place of each exercise
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
    open = 0
    if (mode == "starter" && sub(/^END EXERCISE: /, "", text)) {
        gsub(/\n/, "\n" indent, text)
        print indent text
    }
}

# Takes a comment: its lines are in `raw`, what it says in `text`.
function read_comment() {
    if (mode == "todo") {
        if (text ~ /^TODO [0-9]+: /)
            print_entry(text)
    } else if (text ~ /^END EXERCISE(: .|$)/) {
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

BEGIN { marker = "(^|[^A-Za-z_])" (mode == "todo" ? "TODO" : "EXERCISE") "([^A-Za-z_]|$)" }

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
