"""Classes of the package that implement a protocol or a base class, found by looking at all."""

import importlib
import inspect
import pkgutil
import sys
from functools import cache

import vidstyle

LINUX_ONLY = {"vidstyle.live.v4l2"}


@cache
def package_classes() -> frozenset[type]:
    """All classes that the modules of the package define."""
    names = [module.name for module in pkgutil.walk_packages(vidstyle.__path__, "vidstyle.")]
    modules = [
        importlib.import_module(name)
        for name in names
        if not name.endswith("__main__") and (sys.platform == "linux" or name not in LINUX_ONLY)
    ]
    return frozenset(
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__
    )


def implementations(protocol: type) -> set[type]:
    """Classes that have the public methods of a protocol, with parameters of the same names."""
    methods = {
        name: method
        for kind in protocol.__mro__[:-1]
        for name, method in vars(kind).items()
        if not name.startswith("_") and inspect.isfunction(method)
    }
    return {
        kind
        for kind in package_classes()
        if not getattr(kind, "_is_protocol", False)
        and all(_parameters(getattr(kind, n, None)) == _parameters(m) for n, m in methods.items())
    }


def subclasses(base: type) -> set[type]:
    """Classes derived from a base class."""
    return {kind for kind in package_classes() if issubclass(kind, base) and kind is not base}


def _parameters(method: object) -> list[str] | None:
    return list(inspect.signature(method).parameters) if inspect.isfunction(method) else None
