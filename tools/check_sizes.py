#!/usr/bin/env python3
"""Checks that files and functions stay small enough to read: a limit that bites says where to split."""

import re

import checklib

FILE_LINES = 400  # each limit is the first length that is too long
HEADER_LINES = 200
FUNCTION_LINES = 80
METHOD_LINES = 251
FOLDERS = ("hasten", "tests", "bench", "examples", "tools", "cmake")
SUFFIXES = (".h", ".cpp", ".py", ".cmake", ".sh", "")
# Comments, raw strings, strings, characters: braces inside them do not count.
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^()\s\\]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
# A digit separator looks like the start of a character.
SEPARATOR = re.compile(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])")

LABEL = re.compile(r"\s*(?:(?:public|private|protected)\s*:(?!:)\s*)*")
# What stands before a brace that opens a value, a namespace or a type, although it has a closing parenthesis.
NOT_A_FUNCTION = re.compile(r"=\s*$|^\s*(?:inline\s+)?namespace\b|"
                            r"\b(?:class|struct|union|enum)\s+(?:\w+\s+)?\w+(?:\s+final)?\s*(?::[^:].*)?$", re.DOTALL)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def functions(text):
    """Yields (first line, lines) of every function body outside other functions."""
    code = NOT_CODE.sub(blank, SEPARATOR.sub("", text))
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", blank, code, flags=re.MULTILINE)  # preprocessor lines
    open_braces = []  # (is a function, where its first word is)
    depth = 0  # of functions
    start = 0  # of the current statement
    for match in re.finditer(r"[{};]", code):
        symbol, at = match.group(0), match.start()
        if symbol == "{":
            statement = code[start:at]
            label = LABEL.match(statement)
            first = start + (label.end() if label else 0)
            is_function = depth == 0 and ")" in statement and not NOT_A_FUNCTION.search(statement)
            open_braces.append((is_function, first))
            depth += is_function
        elif symbol == "}" and open_braces:
            is_function, first = open_braces.pop()
            depth -= is_function
            if is_function and re.match(r"\s*[,{]", code[at + 1:]):
                start = first  # it was a member's initializer: the body of the constructor is still to come
                continue
            if is_function:
                yield code.count("\n", 0, first) + 1, code.count("\n", first, at) + 1
        start = at + 1


def check(root):
    for path in checklib.project_files(root):
        if path.parts[0] not in FOLDERS or path.suffix not in SUFFIXES:
            continue
        text = checklib.read(root / path)
        if text is None:
            continue
        lines = len(text.splitlines())
        limit, what = FILE_LINES, "a file"
        if path.suffix == ".h":
            limit, what = HEADER_LINES, "a header"
        elif path.parts[:2] == ("hasten", "methods") and path.suffix == ".cpp" and not path.name.endswith("_test.cpp"):
            limit, what = METHOD_LINES, "a method"
        if lines >= limit:
            yield path, 1, f"{lines} lines; {what} stays under {limit}"
        if path.suffix in (".h", ".cpp"):
            for line, length in functions(text):
                if length >= FUNCTION_LINES:
                    yield path, line, f"a function of {length} lines; it stays under {FUNCTION_LINES}"


if __name__ == "__main__":
    checklib.main(check, __doc__)
