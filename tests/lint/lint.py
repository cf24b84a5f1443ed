#!/usr/bin/python3
"""The architecture rules as a test: who may include what, sizes, habits. lint.py [ROOT]; lint.py --self-test checks
that every rule can fail. One line for each finding; exit status 1 if there is any."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FILE_LINES = 800
FUNCTION_LINES = 70
LINE_LENGTH = 120

# Folder: prefixes of our own headers it may include.
MAY_INCLUDE = {
    "fep": ["fep/"],
    "codecs": ["fep/", "codecs/"],
    "store": ["fep/", "store/"],
    "actors": ["fep/", "codecs/codec.h", "store/store.h", "store/archive.h", "actors/"],
    "client": ["fep/", "client/"],
    "tools": ["fep/", "client/", "codecs/codec.h", "store/store.h", "tools/"],
    "bench": ["fep/", "bench/"],
    "cmake": ["fep/", "codecs/", "cmake/"],
    "tests": [""],
}

# Files that may include more than their folder.
ALSO = {"bench/floor.c": ["codecs/codec.h", "store/store.h"], "bench/bench_codec.c": ["codecs/codec.h"]}

# Outside header: where it may be known.
OUTSIDE = {
    "rocksdb/": ["store/store.c", "tests/store/"],
    "cyaml/": ["fep/config.c"],
    "yaml.h": ["fep/config_walk.c"],
    "msgpack": [],
    "czmq": ["actors/", "client/", "bench/", "tests/"],
    "zmq": ["actors/", "client/", "bench/", "tests/"],
    "iconv.h": ["store/archive_gbk.c"],
    "openssl/": ["actors/sm4.c", "tests/"],
    "pthread.h": ["fep/log.c", "store/", "bench/", "tests/"],
    "sys/socket.h": ["actors/transport.c", "tools/modbus_line.c", "tools/fepreplay.c", "bench/", "tests/"],
    "netinet/": ["actors/transport.c", "tools/modbus_line.c", "tools/fepreplay.c", "bench/", "tests/"],
    "modbus": ["tools/modbus_line.c", "tests/"],
    "time.h": ["fep/clock.c", "bench/", "tests/"],
    "cmocka": ["tests/"],
}

# Folder or file prefix: calls that may not stand there, and why.
FORBIDDEN_CALLS = [
    ("codecs/", r"\b(malloc|calloc|realloc|free|time|clock_gettime|clock_wall_ms|clock_mono_ms|fopen|printf|fprintf)\s*\(",
     "a codec is pure: no memory, clock or files"),
    ("fep/", r"\b(printf|puts)\s*\(", "printf belongs to tools"),
    ("store/", r"\b(printf|puts|fprintf)\s*\(", "printf belongs to tools"),
    ("client/", r"\b(printf|puts|fprintf)\s*\(", "printf belongs to tools"),
    ("actors/", r"(?<!main\.c)\b(puts)\s*\(", "printf belongs to tools"),
]

TEXT_RULES = [
    (r"\t", "a tab"),
    (r"[ ]+$", "space at the end of the line"),
    (r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b", "an unfinished mark"),
]


def sources(root):
    for folder in MAY_INCLUDE:
        yield from sorted(path for path in (root / folder).rglob("*") if path.suffix in (".c", ".h"))


def matches(name, prefixes):
    return any(name == prefix or (prefix.endswith("/") or not prefix) and name.startswith(prefix) for prefix in prefixes)


def check_includes(name, lines):
    folder = name.split("/")[0]
    for number, line in enumerate(lines, 1):
        own = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        outside = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
        if own and not own[1].endswith(".inc"):
            allowed = MAY_INCLUDE[folder] + ALSO.get(name, [])
            if not matches(own[1], allowed):
                yield number, f"{folder}/ may not include {own[1]}"
        if outside:
            for prefix, places in OUTSIDE.items():
                if outside[1].startswith(prefix) and not matches(name, places):
                    yield number, f"<{outside[1]}> may not be known here"


def check_codec_folders(name, lines):
    """A codec does not know another one."""
    parts = name.split("/")
    if parts[0] != "codecs":
        return
    for number, line in enumerate(lines, 1):
        own = re.match(r'\s*#\s*include\s+"codecs/([a-z0-9_]+)/', line)
        if own and (len(parts) < 3 or own[1] != parts[1]):
            yield number, "a codec may not include another codec"


def check_text(name, lines):
    if not lines or not lines[0].startswith("//"):
        yield 1, "a file begins with a comment that says what it is"
    if len(lines) > FILE_LINES:
        yield len(lines), f"{len(lines)} lines; a file stops at {FILE_LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LENGTH:
            yield number, f"{len(line)} characters in a line"
        for pattern, text in TEXT_RULES:
            if re.search(pattern, line):
                yield number, text
        for prefix, pattern, text in FORBIDDEN_CALLS:
            code = re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])
            if name.startswith(prefix) and re.search(pattern, code):
                yield number, text


def check_functions(name, lines):
    """A function's body opens with a brace in the first column and closes with one."""
    if not name.endswith(".c"):
        return
    start = 0
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        if line.startswith("}") and start:
            if number - start - 1 > FUNCTION_LINES:
                yield start, f"a function of {number - start - 1} lines; it stops at {FUNCTION_LINES}"
            start = 0


def check_else_ladder(name, lines):
    """Three comparisons of words in a row want a table."""
    run = 0
    for number, line in enumerate(lines, 1):
        if re.search(r"else if \((strcmp|streq|bytes_equal) ?\(", line) and not name.startswith("actors/main.c"):
            run += 1
            if run == 2:
                yield number, "a ladder of word comparisons; make it a table"
        elif re.search(r"^\s*(if|\}) ?$|^[a-z}]", line):
            run = 0


CHECKS = [check_includes, check_codec_folders, check_text, check_functions, check_else_ladder]


def check_format(root):
    tool = shutil.which("clang-format-14")
    if not tool:
        return
    names = [str(path) for path in sources(root)]
    run = subprocess.run([tool, "--dry-run", *names], capture_output=True, text=True, cwd=root)
    for name in sorted({line.split(":")[0] for line in run.stderr.splitlines() if "warning:" in line}):
        yield f"{pathlib.Path(name).relative_to(root)}: not formatted (clang-format-14 -i)"


def check_promises(root):
    """docs/reliability.md names tests and scenarios that exist."""
    path = root / "docs" / "reliability.md"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], 1):
        for program, test in re.findall(r"`(\w+) (test_\w+)`", line):
            source = root / "tests" / "system" / f"test_{program}.py"
            if not source.exists() or f"def {test}(" not in source.read_text(encoding="utf-8"):
                yield f"docs/reliability.md:{number}: there is no {program} {test}"
        for name in re.findall(r"scenario `(\w+)`", line):
            if not (root / "bench" / "scenarios" / f"{name}.yaml").exists():
                yield f"docs/reliability.md:{number}: there is no scenario {name}"


def findings(root):
    for path in sources(root):
        name = str(path.relative_to(root))
        lines = path.read_text(encoding="utf-8").splitlines()
        for check in CHECKS:
            for number, text in check(name, lines):
                yield f"{name}:{number}: {text}"
    yield from check_promises(root)


BAD = {
    "codecs/a.c": ('// a\n#include "store/store.h"\n', "may not include"),
    "codecs/b/b.c": ('// b\n#include "codecs/c/c.h"\n', "another codec"),
    "fep/d.c": ("// d\n#include <rocksdb/c.h>\n", "may not be known"),
    "fep/e.c": ("int x;\n", "begins with a comment"),
    "fep/f.c": ("// f\n" + "int x;\n" * FILE_LINES, "a file stops"),
    "fep/g.c": ("// g\nvoid f (void)\n{\n" + "    x ();\n" * (FUNCTION_LINES + 1) + "}\n", "a function of"),
    "fep/h.c": ("// h\nint\tx;\n", "a tab"),
    "fep/i.c": ("// i\nint x; \n", "space at the end"),
    "fep/j.c": ("// j\n// TO" + "DO later\n", "unfinished"),
    "codecs/k.c": ("// k\nvoid f (void)\n{\n    p = malloc (3);\n}\n", "pure"),
    "store/l.c": ('// l\nvoid f (void)\n{\n    printf ("x");\n}\n', "belongs to tools"),
    "fep/m.c": ("// m " + "x" * LINE_LENGTH + "\n", "characters in a line"),
    "bench/n.c": ('// n\n#include "codecs/codec.h"\n', "may not include"),
    "client/o.c": ('// o\nvoid f (void)\n{\n    if (strcmp (a, b) == 0) {\n    } else if (strcmp (a, c) == 0) {\n'
                   '    } else if (strcmp (a, d) == 0) {\n    }\n}\n', "ladder"),
    "docs/reliability.md": ("| it ends | `crash test_none` |\n", "there is no crash test_none"),
}


def self_test():
    failed = 0
    for name, (text, wanted) in BAD.items():
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            path = root / name
            path.parent.mkdir(parents=True)
            path.write_text(text)
            found = list(findings(root))
            if not any(wanted in line for line in found):
                print(f"{name}: the rule '{wanted}' did not fire: {found}")
                failed += 1
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent.parent).resolve()
    found = list(findings(root)) + list(check_format(root))
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main())
