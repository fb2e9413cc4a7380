# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
#
# Draws a transcript of record-session as an SVG that plays once.  Every line of text gets the
# width that its characters have in a grid, so the columns are straight in any monospaced font.
# Without animation the picture shows the whole session.
BEGIN {
    columns = 92
    advance = 8
    height = 20
    left = 20
    top = 62
    clock = 0 # seconds
}

function escaped(text) {
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    gsub(/>/, "\\&gt;", text)
    gsub(/  /, "\\&#160;\\&#160;", text) # the columns of a table
    return text
}

# Adds a row of the picture that appears at the clock.
function add(class, text) {
    rows++
    row_class[rows] = class
    row_text[rows] = text
    row_time[rows] = clock
    row_typing[rows] = 0
}

# A command is typed, which takes its time.
function add_typed(class, text) {
    add(class, text)
    row_typing[rows] = 0.2 + length(text) / 140
    clock += row_typing[rows] + 0.2
}

# Where a row of the text ends: after its last word that fits.
function row_end(text,    i) {
    if (length(text) <= columns)
        return length(text)
    for (i = columns; i > 1 && substr(text, i, 1) != " "; i--)
        ;
    return i > 1 ? i : columns
}

function add_output(text,    class, end) {
    class = text ~ /^attempt 1: conflict/ ? "bad" : text == "committed" ? "good" : "output"
    do {
        end = row_end(text)
        add(class, substr(text, 1, end))
        text = substr(text, end + 1)
    } while (text != "")
    clock += 0.06
}

{
    gap = NR == 1 ? 0 : ($1 - before) / 1000
    before = $1
    kind = $2
    text = $0
    sub(/^[0-9]+ . ?/, "", text)
}
# Output appears at the pace of the recording, but no pause is longer than 0.7 seconds.
kind == "|" { clock += gap > 0.7 ? 0.7 : gap; add_output(text) }
kind == "#" { clock += 0.6; add("note", "# " text); clock += 0.8 }
kind == "$" { clock += 0.4; add_typed("command", "$ " text) }
kind == ">" { add_typed("command", "  " text) }

# Leading blanks become a position: not every program that shows a picture keeps them.
function print_row(i,    y, indent, row_width, text) {
    y = top + (i - 1) * height
    text = row_text[i]
    sub(/ +$/, "", text)
    indent = match(text, /[^ ]/) ? RSTART - 1 : 0
    row_width = (length(text) - indent) * advance
    text = escaped(substr(text, indent + 1))
    if (row_class[i] == "command" && text ~ /^\$/)
        text = "<tspan class=\"prompt\">$</tspan>" substr(text, 2)
    if (row_text[i] != "")
        printf "<text class=\"%s\" x=\"%d\" y=\"%d\" textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\" style=\"animation-delay:%.2fs\">%s</text>\n",
            row_class[i], left + indent * advance, y, row_width, row_time[i], text
    if (row_typing[i] && length(row_text[i]) > 2)
        printf "<rect class=\"cover\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" style=\"animation:type %.2fs steps(%d) %.2fs both\"/>\n",
            left + 2 * advance, y - 15, (length(row_text[i]) - 2) * advance + 2, height, row_typing[i],
            length(row_text[i]), row_time[i]
}

END {
    width = columns * advance + 2 * left
    tall = top + (rows - 1) * height + 24
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"title\">\n", width, tall, width, tall
    print "<title id=\"title\">A terminal: two sessions on a local cluster conflict, and libdsql runs the failed transaction again</title>"
    print "<!-- SPDX-License-Identifier: Apache-2.0.  Made by scripts/record-session from a real run; do not edit. -->"
    print "<style>"
    print "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",\"Liberation Mono\",monospace;white-space:pre;fill:#c9d1d9;animation:show .01s linear both}"
    print ".command{fill:#f0f6fc}.prompt{fill:#7ee787}.note{fill:#8b949e}.bad{fill:#ffa198}.good{fill:#7ee787}"
    print ".name{fill:#8b949e;animation:none}.cover{fill:#0d1117;opacity:0;transform-box:fill-box;transform-origin:100% 0}"
    printf ".cursor{fill:#c9d1d9;animation:show .01s linear %.2fs both,blink 1.2s step-end %.2fs infinite}\n", row_time[rows], row_time[rows]
    print "@keyframes show{from{opacity:0}to{opacity:1}}"
    print "@keyframes type{from{opacity:1;transform:scaleX(1)}99.9%{opacity:1;transform:scaleX(0)}to{opacity:0;transform:scaleX(0)}}"
    print "@keyframes blink{50%{opacity:0}}"
    print "@media (prefers-reduced-motion:reduce){text,.cursor{animation:none}.cover{display:none}}"
    print "</style>"
    printf "<rect x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"9\" fill=\"#0d1117\" stroke=\"#484f58\"/>\n", width - 1, tall - 1
    printf "<path d=\"M.5 36V9.5a9 9 0 0 1 9-9h%da9 9 0 0 1 9 9V36z\" fill=\"#21262d\" stroke=\"#484f58\"/>\n", width - 19
    print "<circle cx=\"20\" cy=\"18\" r=\"6\" fill=\"#ff5f57\"/><circle cx=\"40\" cy=\"18\" r=\"6\" fill=\"#febc2e\"/><circle cx=\"60\" cy=\"18\" r=\"6\" fill=\"#28c840\"/>"
    printf "<text class=\"name\" x=\"%d\" y=\"23\" text-anchor=\"middle\">dsql local</text>\n", width / 2
    for (i = 1; i <= rows; i++)
        print_row(i)
    printf "<rect class=\"cursor\" x=\"%d\" y=\"%d\" width=\"8\" height=\"16\"/>\n", left + 2 * advance, top + (rows - 1) * height - 13
    print "</svg>"
}
