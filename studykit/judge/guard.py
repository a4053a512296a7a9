"""What a solution may not use, and what it may not replace. Installed in the child, before the solution's source runs.

Mention is allowed, use is not: an import of `torch.optim.AdamW` does nothing, a call of it ends the check at once, whatever
the solution catches. Python functions get other code, so that an alias, a subclass or a reference found by `gc` is no way
around it; builtins are replaced by name.
"""

import builtins
import importlib
import importlib.abc
import importlib.util
import inspect
import linecache
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import torch

PACKAGE = str(Path(__file__).resolve().parents[1])
# Libraries that hold ready-made answers. A drill names further ones in `forbidden`.
PEERS = frozenset(
    [
        "accelerate",
        "apex",
        "bitsandbytes",
        "deepspeed",
        "ema_pytorch",
        "fairscale",
        "flash_attn",
        "jax",
        "keras",
        "lightning",
        "lion_pytorch",
        "open_clip",
        "optax",
        "optuna",
        "pytorch_lightning",
        "pytorch_metric_learning",
        "pytorch_optimizer",
        "schedulefree",
        "studykit",
        "tensorflow",
        "timm",
        "torch_optimizer",
        "torchattacks",
        "torchaudio",
        "torchvision",
        "transformers",
        "xformers",
    ]
)
# Parts of the kit that probes run on; none holds an answer.
FRAMEWORK = frozenset(["studykit.drill", "studykit.errors", "studykit.judge", "studykit.language", "studykit.models"])
WATCHED = (builtins, math, torch, torch.Tensor, torch.nn.functional, torch.optim, torch.optim.Optimizer, torch.testing)
WATCHED += (
    torch.linalg,
    torch.nn,
    torch.nn.Module,
    torch.nn.Parameter,
    torch.autograd,
    torch.utils.data,
    torch.optim.lr_scheduler,
)

Report = Callable[[str], Any]


def _template(*args: object, **kwargs: object) -> object:
    report = "the reporter"
    return report("the name")  # type: ignore[operator]


def _code(name: str, report: Report, free: tuple[str, ...]) -> CodeType:
    """Code that reports the use of `name`, with as many free variables as that which it takes the place of."""
    there = {"the reporter": report, "the name": name}
    code = _template.__code__
    constants = tuple(there.get(each, each) if isinstance(each, str) else each for each in code.co_consts)
    return code.replace(co_consts=constants, co_freevars=free)


class Poisoned:
    """Stands where a builtin or a foreign package stood; torch's own imports, some of them late, find what stood there."""

    def __init__(self, name: str, report: Report, hidden: Any = None) -> None:
        self._name, self._report, self._hidden = name, report, hidden

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """To be called is to be used."""
        return self._report(self._name)

    def __mro_entries__(self, bases: tuple[type, ...]) -> Any:
        """To be a base class is to be used."""
        return self._report(self._name)

    def __getattr__(self, name: str) -> "Poisoned":
        if name.startswith("__"):
            raise AttributeError(name)
        if self._hidden and _asked_by_torch():
            return getattr(self._hidden, name)
        return Poisoned(f"{self._name}.{name}", self._report)


def forbid(candidates: list[Any], implementation: ModuleType, forbidden: tuple[str, ...], report: Report) -> None:
    """Make every use of an answer report itself.

    Args:
        candidates: The reference, the variants and the mistakes of the drill.
        implementation: The module of the reference.
        forbidden: The drill's dotted names.
        report: Called with the name that was used; it does not return.
    """
    for module in list(sys.modules.values()):
        if module is implementation or _is_answer(getattr(module, "__name__", "")):
            _poison_module(module, report)
    for candidate in candidates:
        _poison(candidate, getattr(candidate, "__qualname__", "the answer key"), report)
    peers = PEERS | {name for name in forbidden if "." not in name}
    for name in forbidden:
        if "." in name:
            _poison_name(name, report)
    for name in list(sys.modules):
        if name.partition(".")[0] in peers - {"studykit"}:
            del sys.modules[name]
    sys.meta_path.insert(0, _Peers(peers, report))
    _hide_sources()
    sys.addaudithook(_watch(report))


def _is_answer(module: str) -> bool:
    parts = module.split(".")
    inside = parts[0] == "studykit" and len(parts) == 3 and not module.startswith("studykit.judge")
    return inside and not module.endswith(("_drill", "_probes"))


def _poison_module(module: ModuleType, report: Report) -> None:
    for name, each in list(vars(module).items()):
        if getattr(each, "__module__", None) == module.__name__:
            _poison(each, f"{module.__name__}.{name}", report)


def _poison_name(name: str, report: Report) -> None:
    home, _, last = name.rpartition(".")
    try:
        _poison_module(importlib.import_module(name), report)
        return
    except ModuleNotFoundError:
        owner = _resolve(home)
    target = getattr(owner, last, None)
    if isinstance(target, type) or inspect.isfunction(target):
        _poison(target, name, report)
    elif target is not None:
        setattr(owner, last, Poisoned(name, report, target))


def _resolve(name: str) -> Any:
    home, _, last = name.rpartition(".")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return getattr(_resolve(home), last)


def _poison(target: Any, name: str, report: Report) -> None:
    for function in _functions(target, set()):
        function.__code__ = _code(name, report, function.__code__.co_freevars)


def _functions(target: Any, seen: set[int]) -> Iterator[FunctionType]:
    """The functions that make up `target`: methods, what decorators wrap, what closures hold."""
    if id(target) in seen:
        return
    seen.add(id(target))
    if isinstance(target, type):
        for each in target.__mro__:
            if each.__module__ == target.__module__ or each.__module__.startswith("studykit."):
                for member in list(vars(each).values()):
                    # A class that torch made for this one, such as a Function's backward, has bases that serve everybody.
                    if not isinstance(member, type) or member.__module__.startswith((each.__module__, "studykit.")):
                        yield from _functions(member, seen)
    elif isinstance(target, staticmethod | classmethod):
        yield from _functions(target.__func__, seen)
    elif isinstance(target, property):
        yield from _functions(target.fget, seen)
    elif isinstance(target, FunctionType):
        own = target.__module__ or ""
        for cell in target.__closure__ or ():
            held = _content(cell)
            if getattr(held, "__module__", None) and own.startswith(("studykit.", held.__module__)):
                yield from _functions(held, seen)
        yield from _functions(getattr(target, "__wrapped__", None), seen)
        yield target


def _content(cell: Any) -> Any:
    try:
        held = cell.cell_contents
    except ValueError:
        return None
    return held if isinstance(held, FunctionType) or (getattr(held, "__module__", None) or "").startswith("studykit.") else None


class _Peers(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the solution an empty module for a foreign package; torch's own optional imports go their usual way."""

    def __init__(self, peers: frozenset[str], report: Report) -> None:
        self._peers, self._report = peers, report

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:
        known = fullname.partition(".")[0] not in self._peers or fullname.startswith(tuple(FRAMEWORK))
        return None if known or _asked_by_torch() else importlib.util.spec_from_loader(fullname, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        module = ModuleType(spec.name)

        def attribute(name: str) -> Poisoned:
            if name.startswith("__"):
                raise AttributeError(name)
            return Poisoned(f"{spec.name}.{name}", self._report)

        vars(module)["__getattr__"] = attribute
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is there to run."""


def _asked_by_torch() -> bool:
    frame = sys._getframe(1)
    while frame.f_back and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        frame = frame.f_back
    return frame.f_code.co_filename.startswith(os.path.dirname(torch.__file__) + os.sep)


def _hide_sources() -> None:
    # A traceback or a warning that shows lines of the kit must not count as reading the answer.
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None) or ""
        if name.startswith(PACKAGE):
            linecache.cache[name] = (0, None, [], name)


def _watch(report: Report) -> Callable[[str, tuple[Any, ...]], None]:
    """Reading the kit's files is using the answer; signals to other processes and chains of forks end the process."""
    root, forks, leave = os.getpid(), [0], os._exit

    def hook(event: str, values: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(values[0], str | bytes):
            path = os.path.abspath(os.fsdecode(values[0]))
            if path.startswith(PACKAGE + os.sep) and _holds_answers(path):
                report(os.path.basename(path))
        elif event in ("os.fork", "os.forkpty", "subprocess.Popen", "os.posix_spawn"):
            forks[0] += 1
            if os.getpid() != root or forks[0] > 16:
                leave(0)
        elif event in ("os.kill", "os.killpg"):
            leave(0)

    return hook


def _holds_answers(path: str) -> bool:
    parts = Path(path).relative_to(PACKAGE).with_suffix("").parts
    return len(parts) > 1 and parts[0] != "judge" and not parts[-1].endswith("_probes")


def snapshot() -> list[tuple[Any, Mapping[str, Any]]]:
    """What stands under every name of torch that a check could rest on; of a class also what it inherits."""
    return [(owner, {name: _standing(owner, name) for name in dir(owner)}) for owner in WATCHED]


def _standing(owner: Any, name: str) -> Any:
    bases = owner.__mro__ if isinstance(owner, type) else (owner,)
    return next((vars(base)[name] for base in bases if name in vars(base)), None)


def replaced(before: list[tuple[Any, Mapping[str, Any]]]) -> list[str]:
    """The names that hold something else than they did."""
    found = []
    for owner, names in before:
        changed = (name for name, each in names.items() if name != "_" and _standing(owner, name) is not each)
        found += [f"{owner.__name__}.{name}" for name in changed]
    return found
