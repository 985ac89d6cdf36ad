#!/usr/bin/env python3
"""Checks that every folder of src includes only what it may, that what touches the world stays where it belongs, and that no two headers
define a type of one name, which the linker would take for one."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])

# Folder -> the folders of src that it may include (itself and include/coppice always).
ALLOWED = {
    "core": set(),
    "samplers": {"core"},
    "schedulers": {"core"},
    "spec": {"core"},
    "wire": {"core"},
    "transport": {"core"},
    "trainables": {"core"},
    "journal": {"core", "wire"},
    "results": {"core", "journal"},
    "cluster": set(),
    "worker": {"core", "spec", "wire", "transport"},
    "coordinator": {"core", "wire", "transport"},
    "simulator": {"core", "wire", "samplers", "schedulers", "trainables"},
    "report": {"core", "results"},
    "cli": {"core", "samplers", "schedulers", "spec", "wire", "transport", "trainables", "journal", "results", "cluster", "worker",
            "coordinator", "simulator", "report"},
}

# What touches the world -> the folders that may.
WORLD = [
    (r"#include\s*<mpi\.h>", {"transport"}),
    (r"#include\s*[<\"]hdf5\.h", {"results"}),
    (r"#include\s*[<\"]yaml-cpp", {"spec"}),
    (r"\bgetenv\b|\benviron\b", {"cluster", "worker"}),
    (r"\brandom_device\b|\bs?rand\s*\(", set()),
]
# The pure part: no clock, file, thread or terminal.
PURE = {"core", "samplers", "schedulers"}
IMPURE = r"#include\s*<(chrono|fstream|filesystem|iostream|thread|mutex|atomic|unistd\.h|ctime|random)>"

problems = []
defined = {}


def look_for_types(path):
    text = path.read_text()
    space = re.search(r"^namespace ([\w:]+) \{", text, re.M)
    for name in re.findall(r"^(?:struct|class|enum class) ((?:\w+::)*\w+)[^;{]*\{", text, re.M):
        other = defined.setdefault((space and space.group(1), name), path)
        if other != path:
            problems.append(f"{path.relative_to(root)}: {name} is defined in {other.relative_to(root)}, too")


def look(path, folder):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.relative_to(root)}:{number}"
        included = re.match(r'\s*#include\s+"([a-z_]+)/', line)
        if included and folder is not None:
            target = included.group(1)
            if target not in ALLOWED[folder] | {folder, "coppice"}:
                problems.append(f"{where}: {folder} may not include {target}/")
        for pattern, places in WORLD:
            if re.search(pattern, line) and folder not in places and "tests" not in path.parts:
                problems.append(f"{where}: /{pattern}/ belongs into {', '.join(sorted(places)) or 'no folder'}")
        if (folder in PURE or folder is None) and re.search(IMPURE, line):
            problems.append(f"{where}: the core is pure")


count = 0
for folder in ALLOWED:
    for path in sorted((root / "src" / folder).rglob("*.[ch]pp")):
        look(path, folder)
        if path.suffix == ".hpp":
            look_for_types(path)
        count += 1
for path in sorted((root / "include").rglob("*.hpp")):
    look(path, None)
    look_for_types(path)
    count += 1
for path in (root / "src").iterdir():
    if path.is_dir() and path.name not in ALLOWED and path.name != "python":
        problems.append(f"{path.relative_to(root)}: a folder that layering.py doesn't know")

print("\n".join(problems) or f"{count} files, each where it belongs")
sys.exit(1 if problems else 0)
