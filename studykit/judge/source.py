"""The source of a class or function that was defined in a notebook or a REPL, with all that it needs to run alone."""

import ast
import builtins
import inspect
import linecache
import symtable
import sys
import textwrap
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from studykit.errors import InputError

CONSTANTS = (int, float, complex, str, bytes, bool, type(None))


def source_of(obj: Any, namespace: Mapping[str, Any]) -> str:
    """Source that defines `obj`, and before it the imports, constants and helpers it uses.

    Args:
        obj: A class or function.
        namespace: Where its global names are looked up: the notebook's.

    Raises:
        InputError: Its source is not to be had, or it uses a value that source can't carry.
    """
    if not isinstance(obj, type | FunctionType):
        raise InputError(f"check({obj!r:.40})", "is no class or function", "give the definition itself: check(Lion)")
    carried: dict[str, str] = {}
    _carry(obj.__name__, obj, namespace, carried)
    lines = list(carried.values())
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    return "\n\n\n".join(["\n".join(imports), *(line for line in lines if line not in imports)]).strip() + "\n"


def _carry(name: str, value: Any, namespace: Mapping[str, Any], carried: dict[str, str]) -> None:
    """Add what defines `name`, after that which it needs itself."""
    if name in carried:
        return
    if not _is_local(value):
        carried[name] = _statement(name, value)
        return
    definition = _definition(value)
    carried[name] = ""  # holds the place while helpers that refer to each other are gathered
    for used in sorted(_globals(definition)):
        known = used in namespace and used != value.__name__
        # IPython puts an `open` of its own beside Python's.
        if known and (_is_local(namespace[used]) or not hasattr(builtins, used)):
            _carry(used, namespace[used], namespace, carried)
    # After its helpers: a base class or a decorator must be there first.
    del carried[name]
    alias = "" if name == value.__name__ else f"\n\n{name} = {value.__name__}"
    carried[name] = definition + alias


def _is_local(value: Any) -> bool:
    """Whether a value was defined in a cell, and not in a module that can be imported."""
    if not isinstance(value, type | FunctionType):
        return False
    module = sys.modules.get(value.__module__ or "")
    return (
        value.__module__ in ("__main__", "builtins", None) and not hasattr(builtins, value.__name__)
    ) or module is None


def _statement(name: str, value: Any) -> str:
    if isinstance(value, ModuleType):
        plain = value.__name__ == name or ("." in value.__name__ and value.__name__.split(".")[0] == name)
        return f"import {value.__name__}" if plain else f"import {value.__name__} as {name}"
    if _is_constant(value):
        return f"{name} = {value!r}"
    for home, public in _homes(value):
        return f"from {home} import {public}" + ("" if public == name else f" as {name}")
    raise InputError(
        name,
        f"is a {type(value).__name__} from another cell, which can't be sent along",
        "make it inside the definition",
    )


def _is_constant(value: Any) -> bool:
    if isinstance(value, list | tuple | set | frozenset) and type(value) in (list, tuple, set):
        return all(_is_constant(each) for each in value) and bool(value or type(value) is not set)
    if type(value) is dict:
        return all(_is_constant(each) for pair in value.items() for each in pair)
    return type(value) in CONSTANTS and value == value and repr(value) not in ("inf", "-inf")


def _homes(value: Any) -> Iterator[tuple[str, str]]:
    """Modules from which a value can be imported, with its name there."""
    name, home = getattr(value, "__name__", ""), getattr(value, "__module__", None)
    if home in sys.modules and getattr(sys.modules[home], name, None) is value:
        yield home, name
    # Builtins and objects such as torch.float32 don't know where they live: the shortest module that has them.
    for module in sorted(list(sys.modules), key=len):
        if module == "__main__" or isinstance(value, type | FunctionType):
            continue
        for public, held in list(vars(sys.modules[module]).items() if sys.modules[module] else ()):
            if held is value and public.isidentifier():
                yield module, public


def _definition(value: Any) -> str:
    """The text of a definition: of a class, in Python before 3.13, found through the file of one of its methods."""
    name = value.__qualname__
    for file, line in _places(value):
        text = "".join(linecache.getlines(file))
        try:
            tree = ast.parse(_python(text))
        except SyntaxError:
            continue
        found = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name]
        for node in reversed(found):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if line is None or first <= line <= (node.end_lineno or first):
                return textwrap.dedent("\n".join(_python(text).split("\n")[first - 1 : node.end_lineno]))
    raise InputError(
        name, "its source can't be read", "define it in a notebook cell, or save it and use `studykit grade`"
    )


def _places(value: Any) -> Iterator[tuple[str, int | None]]:
    functions = [value] if isinstance(value, FunctionType) else list(vars(value).values())
    for each in functions:
        each = getattr(each, "__func__", None) or getattr(each, "fget", None) or each
        each = inspect.unwrap(each) if callable(each) else each
        if isinstance(each, FunctionType) and each.__qualname__.startswith(value.__qualname__):
            yield each.__code__.co_filename, each.__code__.co_firstlineno
    # A class without methods of its own: the latest cell that defines it.
    yield from ((file, None) for file in reversed(list(linecache.cache)) if "ipykernel" in file or file.startswith("<"))


def _python(text: str) -> str:
    """A cell without its magics; line numbers stay."""
    magic = ("%", "!", "?")
    return "\n".join("" if line.lstrip().startswith(magic) else line for line in text.split("\n"))


def _globals(definition: str) -> set[str]:
    """The global names that a definition refers to."""
    tables, names = [symtable.symtable(definition, "<cell>", "exec")], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        outermost = table.get_type() == "module"
        names |= {
            each.get_name() for each in table.get_symbols() if each.is_referenced() and (each.is_global() or outermost)
        }
    return names
