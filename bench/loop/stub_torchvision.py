"""Stands in for torchvision, which Composer imports and these benchmarks do not use: any name is an empty class."""
import importlib.machinery
import sys
import types


class _Stub(types.ModuleType):
    __path__ = []
    __version__ = "0"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def install():
    for name in ("torchvision", *("torchvision." + part for part in (
            "datasets", "models", "models.resnet", "ops", "transforms", "transforms.functional", "utils"))):
        module = _Stub(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules[name] = module
