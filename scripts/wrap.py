#!/usr/bin/env python3
"""Wraps paragraphs of Rust comments that hold a line wider than the code may be. rustfmt leaves them alone.

    scripts/wrap.py src actors

Paragraphs that are narrow enough stay as they are; so do code, tables and headings in comments.
"""

import os
import re
import sys

MAX_COLUMNS = 110
COMMENT = re.compile(r"^(\s*)(//[/!]?)( ?)(.*)$")
ITEM = re.compile(r"^(\s*)([-*+] |\d+\. )?")
ALONE = re.compile(r"^\s*([-*+] |\d+\. |\||#|```|\[[^\]]+\]: )")
KEPT = re.compile(r"^(\s{4}|\s*(\||#|```|\[[^\]]+\]: ))")


def filled(words, first, rest):
    """Words as lines, the first of which begins with `first`, the others with `rest`."""
    lines, line = [], first + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > MAX_COLUMNS:
            lines.append(line)
            line = rest + word
        else:
            line += " " + word
    return lines + [line]


def wrapped(comment):
    """The lines of one comment, each given as what stands before its text, and the text."""
    out, i, in_code = [], 0, False
    while i < len(comment):
        before, text = comment[i]
        if text.lstrip().startswith("```"):
            in_code = not in_code
        if in_code or not text.strip() or KEPT.match(text):
            out.append((before + " " + text).rstrip())
            i += 1
            continue
        item = ITEM.match(text)
        end = i + 1
        while end < len(comment) and comment[end][1].strip() and not ALONE.match(comment[end][1]):
            end += 1
        lines = [before + " " + text for _, text in comment[i:end]]
        if any(len(line) > MAX_COLUMNS for line in lines):
            words = " ".join(text.strip() for _, text in comment[i:end]).split(" ")
            hang = " " * len(item.group(0))
            lines = filled(words, before + " " + item.group(1), before + " " + hang)
        out += lines
        i = end
    return out


def rewritten(text):
    lines, out, i = text.split("\n"), [], 0
    while i < len(lines):
        begin = COMMENT.match(lines[i])
        if not begin or (begin.group(4) and not begin.group(3)):
            out.append(lines[i])
            i += 1
            continue
        before, comment = begin.group(1) + begin.group(2), []
        while i < len(lines):
            line = COMMENT.match(lines[i])
            if not line or line.group(1) + line.group(2) != before or (line.group(4) and not line.group(3)):
                break
            comment.append((before, line.group(4)))
            i += 1
        out += wrapped(comment)
    return "\n".join(out)


def main(folders):
    for folder in folders:
        for path, names, files in os.walk(folder):
            names[:] = [name for name in names if name != "target"]
            for file in (os.path.join(path, name) for name in files if name.endswith(".rs")):
                with open(file, encoding="utf-8") as source:
                    text = source.read()
                if (new := rewritten(text)) != text:
                    with open(file, "w", encoding="utf-8") as source:
                        source.write(new)
                    print(file)


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit(__doc__))
