#!/usr/bin/python3
"""Makes the table of every service and data item that is read, written or kept raw, out of the maps of the codecs:
protocols.py CODECS_FOLDER OUTPUT."""
import pathlib
import re
import sys

#  First word of a map's line: what is done with what it names; how many words name it.
HEADS = {"unit": ("read", 2), "event": ("read", 1), "di": ("read", 2), "read": ("read", 2), "write": ("written", 2),
         "object": ("read", 2), "freeze": ("read", 1)}
SKIPPED = {"type", "point"}


def lines_of(path):
    for line in path.read_text().splitlines():
        text = line.split(" #")[0].rstrip()
        if text and not text.startswith("#"):
            yield text


def points_of(words):
    return [word for word in words if "." in word and re.fullmatch(r"[a-z][\w.*-]*", word)]


def items_of(path):
    """Rows of [identifier, what is done, points]."""
    rows = []
    for text in lines_of(path):
        words = text.split()
        if text[0] in " \t":
            if rows:
                rows[-1][2].extend(points_of(words[1:]))
        elif words[0] in HEADS and not (words[0] == "unit" and path.stem == "cjt188"):
            done, names = HEADS[words[0]]
            done += ", written" if any(word.startswith("write") for word in words[1:]) and done == "read" else ""
            rows.append([" ".join(words[1:1 + names]), done, points_of(words[1 + names:])])
        elif words[0] not in SKIPPED and words[0] != "unit":
            raise SystemExit(f"{path}: no such line: {text}")
    return rows


def table(title, heads, rows):
    yield f"\n{title}\n\n| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads) + "\n"
    for row in rows:
        yield "| " + " | ".join(row) + " |\n"


def services_of(path):
    services = {}
    for text in lines_of(path):
        codec, service, done = (part.strip() for part in text.split(";"))
        if done not in ("read", "written", "answered", "carried", "raw", "not"):
            raise SystemExit(f"{path}: {text}: no such word")
        services.setdefault(codec, []).append([service, done])
    return services


def main():
    folder, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    codecs = re.findall(r"^CODEC \((\w+)\)", (folder / "codecs.def").read_text(), re.M)
    services = services_of(folder / "maps" / "services.txt")
    parts = ["# What is read, written and kept raw\n\nMade from codecs/maps. Data that a map does not name are kept raw.\n"]
    for codec in codecs:
        same = "dlt698" if codec == "dlt698_meter" else codec
        if same not in services:
            raise SystemExit(f"services.txt says nothing of {codec}")
        parts += table(f"## {codec}\n\nServices", ["service", "what is done"], services[same])
        path = folder / "maps" / f"{codec}.map"
        if path.exists():
            rows = [[name, done, ", ".join(dict.fromkeys(points)) or "-"] for name, done, points in items_of(path)]
            parts += table("Data items", ["identifier", "what is done", "points"], rows)
    types = re.findall(r"^TYPE \((\d+), (\w+)", (folder / "iec104" / "types.def").read_text(), re.M)
    parts += table("## iec104, types", ["type", "name"], [list(row) for row in types])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("".join(parts))


main()
