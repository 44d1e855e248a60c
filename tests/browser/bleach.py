"""Prints, as a JSON list, the markup that bleach's own tests clean: `bleach.py bleach-6.4.0.tar.gz`.

They are read from the source package as it is published, so that none of them is copied here: its files of regressions, and the strings with
markup in its tests of cleaning and of styles. What those tests expect as the outcome is left out.
"""

import ast
import json
import sys
import tarfile


def outcomes(node):
    """What is compared with, and the last of a row of parameters."""
    if isinstance(node, ast.Compare):
        yield from node.comparators
    if isinstance(node, ast.Tuple) and len(node.elts) > 1:
        yield node.elts[-1]


def markup(source):
    tree = ast.parse(source)
    expected = {id(part) for node in ast.walk(tree) for outcome in outcomes(node) for part in ast.walk(outcome)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "<" in node.value and id(node) not in expected:
            yield node.value


def payloads(package):
    for member in sorted(package.getmembers(), key=lambda member: member.name):
        folder, _, name = member.name.partition("/")[2].rpartition("/")
        if folder == "tests/data" and name.endswith(".test"):
            yield package.extractfile(member).read().decode().split("\n--\n")[0]
        if folder == "tests" and name in ("test_clean.py", "test_css.py"):
            yield from markup(package.extractfile(member).read().decode())


with tarfile.open(sys.argv[1]) as package:
    print(json.dumps(list(dict.fromkeys(payloads(package)))))
