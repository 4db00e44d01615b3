#!/usr/bin/env python3
"""Checks who includes what: the table of layers, and how much of LibTorch each may see.

A layer may include itself and what its row names. Headers of torch layers see only the thin part of LibTorch, because
every file that includes them pays for it; sources see all of it. LibTorch's include folder carries fmt and protobuf of
other versions, so those two are for sources that are compiled without it.
"""

import re

import checklib

UPPER = ["base", "stats", "spec", "loader", "evaluate", "trace", "diagnose", "report", "kernels"]  # no torch at all
SUPPLY = ["base", "spec", "meter", "core"]
MAY_INCLUDE = {
    "base": [], "stats": ["base"], "spec": ["base", "loader"],
    "loader": ["base"],
    "evaluate": ["base", "stats", "spec"], "trace": ["base", "stats", "spec"],
    "diagnose": ["base", "stats", "spec", "evaluate", "trace"],
    "report": ["base", "stats", "spec", "evaluate", "trace", "diagnose"],
    "meter": ["base", "stats"], "core": ["base", "spec", "meter"],
    "data": [*SUPPLY, "loader"], "kernels": [], "nn": [*SUPPLY, "kernels"], "optim": [*SUPPLY, "kernels"], "distributed": SUPPLY,
    "methods": ["base", "spec", "loader", "core", "data", "nn", "optim", "distributed"],
    "train": ["base", "stats", "spec", "loader", "evaluate", "meter", "core", "data", "kernels", "nn", "optim", "distributed"],
    "study": ["base", "stats", "spec", "loader", "evaluate", "diagnose", "meter", "core", "data", "nn", "optim", "train"],
}
ALL = [*MAY_INCLUDE, "cli"]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
GUARD = re.compile(r"^\s*#\s*(if|endif)")
TORCH = re.compile(r"(ATen|c10|torch|caffe2)/")
THIN = re.compile(r"ATen/core/Tensor\.h$|ATen/core/ATen_fwd\.h$|ATen/ops/[^/]+\.h$|c10/")
FOREIGN_IN_TORCH = re.compile(r"(fmt|google/protobuf)/|.*\.pb\.h$")


def torch_allowed(layer, parts, header):
    """none, thin or full: how much of LibTorch the file may include itself."""
    if layer in UPPER:
        return "none"
    if layer == "cli":
        return "full" if parts[2] == "torch" and not header else "none"
    if layer == "methods":
        # A method's header carries its spec, which is read without LibTorch.
        return "none" if header else "full"
    return "thin" if header else "full"


def layers_allowed(layer, parts, header):
    """The layers a file may include from, itself apart."""
    if layer == "cli":
        return ALL if parts[2] == "torch" else [*UPPER, "methods"]
    if layer == "methods" and header and len(parts) > 3:
        return ["base", "spec"]
    return MAY_INCLUDE[layer]


def method_finding(parts, target):
    """What a method's file may see of methods/: its own header, and so does its test. target: parts of the include."""
    own = re.sub(r"(_test)?\.(cpp|h)$", "", parts[3])
    if len(target) == 4 and target[2] == parts[2] and target[3] == own + ".h":
        return None
    return "a method includes no other method: what two share moves down a layer"


def check_include(parts, name, quoted):
    """The finding about one include of hasten/..., or None."""
    layer, header = parts[1], parts[-1].endswith(".h")
    allowed = torch_allowed(layer, parts, header)
    if TORCH.match(name):
        if allowed == "none":
            return f"<{name}>: no LibTorch here"
        if allowed == "thin" and not THIN.match(name):
            return f"<{name}>: headers see <ATen/core/Tensor.h>, <ATen/ops/...>, <c10/...> and forward declarations only"
    elif FOREIGN_IN_TORCH.match(name):
        if header:
            return f"<{name}>: not in a header, LibTorch brings another version"
        if allowed != "none":
            return f"<{name}>: not in a file compiled with LibTorch, which brings another version"
    elif name.startswith("hasten/"):
        target = name.split("/")
        if target[1] not in ALL:
            return f'"{name}": no such layer'
        if target[1] == "methods" and layer == "methods" and len(parts) > 3:
            return method_finding(parts, target)
        if target[1] != layer and target[1] not in layers_allowed(layer, parts, header):
            return f'"{name}": {"/".join(parts[1:-1])} may not include {target[1]}'
    elif quoted:
        return f'"{name}": project headers are included by their path from the root, "hasten/..."'
    return None


def check(root):
    for path in checklib.project_files(root):
        parts = path.parts
        if parts[0] != "hasten" or path.suffix not in (".h", ".cpp"):
            continue
        if len(parts) < 3 or parts[1] not in ALL:
            yield path, 1, f"not in a layer; layers are {', '.join(ALL)}"
            continue
        guards = []  # of open #if: whether it asks for LibTorch
        for number, line in enumerate(checklib.read(root / path).splitlines(), 1):
            guard = GUARD.match(line)
            if guard and guard.group(1) == "if":
                guards.append("HASTEN_WITH_TORCH" in line)
            elif guard and guards:
                guards.pop()
            match = INCLUDE.match(line)
            if not match or (parts[1] == "cli" and any(guards)):
                continue  # what the program includes only when it is built with LibTorch is free
            finding = check_include(parts, match.group(2), match.group(1) == '"')
            if finding:
                yield path, number, finding


if __name__ == "__main__":
    checklib.main(check, __doc__)
