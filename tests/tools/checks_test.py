#!/usr/bin/env python3
"""Tests of tools/check_*.py: a clean tree passes in silence, each planted violation is told with its place."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def findings(check, files):
    """(exit status, lines) of a check on a new tree with these files."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "init", "-q", folder], check=True)
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, "-B", TOOLS / f"check_{check}.py", "--root", folder],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines() + done.stderr.splitlines()


class CheckTest(unittest.TestCase):
    def assert_clean(self, check, files):
        self.assertEqual(findings(check, files), (0, []))

    def assert_found(self, check, files, *starts):
        """One line for each start, and no other."""
        status, lines = findings(check, files)
        self.assertEqual((status, len(lines)), (1, len(starts)), lines)
        for line, start in zip(lines, starts):
            self.assertTrue(line.startswith(start), line)


class LayersTest(CheckTest):
    def test_a_clean_tree(self):
        self.assert_clean("layers", {
            "hasten/spec/a.cpp": '#include "hasten/base/x.h"\n#include <fmt/core.h>\n#include <vector>\n',
            "hasten/core/a.h": "#include <ATen/core/Tensor.h>\n#include <ATen/ops/add.h>\n#include <c10/core/Device.h>\n",
            "hasten/core/a.cpp": "#include <torch/torch.h>\n",
            "hasten/methods/catalogue.h": '#include "hasten/spec/x.h"\n',
            "hasten/methods/registry.h": '#include "hasten/core/x.h"\n#include "hasten/methods/catalogue.h"\n',
            "hasten/methods/objective/b.h": '#include "hasten/spec/x.h"\n',
            "hasten/methods/objective/b.cpp": '#include "hasten/methods/objective/b.h"\n#include <ATen/ops/add.h>\n',
            "hasten/methods/objective/b_test.cpp": '#include "hasten/methods/objective/b.h"\n#include <gtest/gtest.h>\n',
            "hasten/cli/torch/a.cpp": '#include "hasten/study/x.h"\n#include "hasten/methods/registry.h"\n',
            "hasten/cli/b.cpp": '#ifdef HASTEN_WITH_TORCH\n#include "hasten/meter/x.h"\n#endif\n#include "hasten/spec/x.h"\n',
            "tests/a.cpp": '#include "whatever.h"\n'})

    def test_upward_and_sideways_includes(self):
        for place, name in [("base", "stats"), ("stats", "spec"), ("evaluate", "report"), ("meter", "spec"),
                            ("core", "data"), ("nn", "optim"), ("train", "methods"), ("study", "cli"), ("core", "methods")]:
            self.assert_found("layers", {f"hasten/{place}/a.cpp": f'\n#include "hasten/{name}/x.h"\n'},
                              f"hasten/{place}/a.cpp:2: ")

    def test_methods(self):
        for name in ["hasten/methods/objective/other.h", "hasten/methods/registry.h", "hasten/train/x.h", "hasten/study/x.h"]:
            self.assert_found("layers", {"hasten/methods/objective/b.cpp": f'#include "{name}"\n'},
                              "hasten/methods/objective/b.cpp:1: ")
        for line in ["#include <ATen/core/Tensor.h>", '#include "hasten/core/method.h"']:
            self.assert_found("layers", {"hasten/methods/objective/b.h": line}, "hasten/methods/objective/b.h:1: ")

    def test_torch(self):
        self.assert_found("layers", {"hasten/spec/a.cpp": "#include <ATen/ops/add.h>\n"}, "hasten/spec/a.cpp:1: ")
        self.assert_found("layers", {"hasten/cli/a.cpp": "#include <torch/torch.h>\n"}, "hasten/cli/a.cpp:1: ")
        self.assert_found("layers", {"hasten/cli/a.cpp": '#ifdef HASTEN_WITH_TORCH\n#endif\n#include "hasten/meter/x.h"\n'},
                          "hasten/cli/a.cpp:3: ")
        self.assert_found("layers", {"hasten/nn/a.h": "#include <torch/nn.h>\n#include <ATen/ATen.h>\n"},
                          "hasten/nn/a.h:1: ", "hasten/nn/a.h:2: ")

    def test_libraries_that_torch_carries_too(self):
        self.assert_found("layers", {"hasten/base/a.h": "#include <fmt/core.h>\n"}, "hasten/base/a.h:1: ")
        self.assert_found("layers", {"hasten/train/a.cpp": "#include <fmt/core.h>\n"}, "hasten/train/a.cpp:1: ")
        self.assert_found("layers", {"hasten/data/a.cpp": '#include <google/protobuf/message.h>\n#include "x.pb.h"\n'},
                          "hasten/data/a.cpp:1: ", "hasten/data/a.cpp:2: ")

    def test_names(self):
        self.assert_found("layers", {"hasten/base/a.cpp": '#include "a.h"\n'}, "hasten/base/a.cpp:1: ")
        self.assert_found("layers", {"hasten/base/a.cpp": '#include "hasten/utils/a.h"\n'}, "hasten/base/a.cpp:1: ")
        self.assert_found("layers", {"hasten/utils/a.cpp": "\n"}, "hasten/utils/a.cpp:1: ")


class SizesTest(CheckTest):
    def function(self, lines, head="int f(int a)"):
        return head + " {\n" + "  g();\n" * (lines - 2) + "}\n"

    def test_files(self):
        self.assert_clean("sizes", {"hasten/base/a.cpp": "\n" * 399, "hasten/base/a.h": "\n" * 199, "docs/a.md": "\n" * 999,
                                    "hasten/methods/objective/b.cpp": "\n" * 250})
        self.assert_found("sizes", {"hasten/base/a.cpp": "\n" * 400}, "hasten/base/a.cpp:1: 400 lines")
        self.assert_found("sizes", {"hasten/base/a.h": "\n" * 200}, "hasten/base/a.h:1: 200 lines")
        self.assert_found("sizes", {"tools/a.py": "\n" * 400}, "tools/a.py:1: 400 lines")
        self.assert_found("sizes", {"hasten/methods/objective/b.cpp": "\n" * 251}, "hasten/methods/objective/b.cpp:1: 251")

    def test_functions(self):
        self.assert_clean("sizes", {"hasten/base/a.cpp": "namespace n {\n" + self.function(79) * 3 + "}\n"})
        head = 'namespace n {\n// { "\nauto s = "{"; char c = \'{\'; int m = 1\'000;\n'
        self.assert_found("sizes", {"hasten/base/a.cpp": head + self.function(80) + "}\n"}, "hasten/base/a.cpp:4: a function of 80")
        for function in ["TEST(A, B)", "A::A(int x) : a_{x}, b_(2), c_{3}", "template <class T>\nauto A::f() const -> std::vector<T>",
                         "bool operator()(int a) noexcept"]:
            self.assert_found("sizes", {"hasten/base/a.cpp": self.function(90, function)}, "hasten/base/a.cpp:1: a function of 9")
        inner = "struct A : B<f()> {\n" + " public:\n" + self.function(80) + "};\n"
        self.assert_found("sizes", {"hasten/base/a.cpp": inner}, "hasten/base/a.cpp:3: a function of 80")

    def test_what_is_long_but_no_function(self):
        body = "  {1, f(2)},\n" * 100
        self.assert_clean("sizes", {"hasten/base/a.cpp": "struct A : B<f()> {\n" + "  int a;\n" * 100 + "};\n",
                                    "hasten/base/b.cpp": "const auto table = g(1) + T {\n" + "  1,\n" * 10 + "};\n",
                                    "hasten/base/c.cpp": "std::vector<decltype(f())> v = {\n" + body + "};\n"})


class PathsTest(CheckTest):
    def test_machine_paths(self):
        self.assert_clean("paths", {"a.txt": "/usr/share/x  https://a.org/home/b  $ROOT/work/x  ../tmp/y  a/opt/b  /etc/os\n"})
        for path in ["/".join(["", *parts]) for parts in [("home", "me"), ("root", "x"), ("work", "main"), ("tmp", "w"),
                                                          ("opt", "wheels"), ("farm", "x")]]:
            self.assert_found("paths", {"a.txt": f"\nsee '{path}'\n"}, f"a.txt:2: {path}")

    def test_work_left_over(self):
        self.assert_clean("paths", {"a.sh": "mktemp -d x." + "X" * 6})
        for word in ["TO" + "DO", "FIX" + "ME", "X" * 3]:
            self.assert_found("paths", {"a.cpp": f"// {word}: later\n"}, f"a.cpp:1: {word}")


class DocsTest(CheckTest):
    def test_links(self):
        self.assert_clean("docs", {"README.md": "[a](docs/a.md#two-words) [b](https://x.org/y) [c](#top) `[d](none)`\n# Top\n",
                                   "docs/a.md": "## Two words\n[up](../README.md)\n```\n[e](none)\n```\n"})
        self.assert_found("docs", {"README.md": "\n[a](docs/a.md)\n"}, "README.md:2: link to docs/a.md")
        self.assert_found("docs", {"README.md": "[a](b.md#none)\n", "b.md": "# One\n"}, "README.md:1: link to b.md#none")

    def test_dependencies(self):
        lists = {"tools/packages.txt": "# words\nlibx-dev  # why\n", "tools/requirements.txt": "y==1.0\n"}
        self.assert_clean("docs", {**lists, "docs/dependencies.md": "| x | `libx-dev` |\n| y | `y` |\n"})
        self.assert_found("docs", {**lists, "docs/dependencies.md": "| y | `y` |\nlibx-dev\n"}, "tools/packages.txt:2: libx-dev")


if __name__ == "__main__":
    unittest.main()
