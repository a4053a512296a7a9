"""Several ES modules as the one that anywidget takes, and the constants that Python reads out of them.

Only what our modules use is understood: `import`/`export` at the beginning of a line, relative paths, no cycles.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_IMPORT = re.compile(r'^import\s+(?:(\w+)|\*\s+as\s+(\w+)|\{([^}]*)\})\s+from\s+"([^"]+)";?[ \t]*$', re.MULTILINE)
_NAMED = re.compile(r"^export\s+(?=(?:const|let|class|(?:async\s+)?function\*?)\s+(\w+))", re.MULTILINE)
_DEFAULT = re.compile(r"^export\s+default\s+", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def bundle(entry: Path, **named: Path) -> str:
    """One ES module that holds `entry` and all that it imports.

    Args:
        entry: The module whose default export the bundle exports.
        **named: Modules that are imported by a bare name, such as `technique=path`.

    Returns:
        The source; each module has a scope of its own and is evaluated once, after what it imports.

    Raises:
        ValueError: A module is missing, goes in a circle, or uses a form of import or export that is not understood.
    """
    order = list(_ordered(entry.resolve(), named, ()))
    parts = [_scoped(path, named, order) for path in order]
    return "\n".join([*parts, f"export default m{len(order) - 1}.default;", ""])


def constant(module: Path, name: str) -> Any:
    """The value of a module's `export const name = …;`, written as JSON; a list may spread another (`...shared`).

    Raises:
        ValueError: The module neither has nor imports such a constant, or it is not JSON.
    """
    source = module.read_text(encoding="utf-8")
    if found := re.search(rf"^export const {name} =\s(.*?);$", source, re.MULTILINE | re.DOTALL):
        written = re.sub(r"\.\.\.(\w+)", lambda spread: _elements(constant(module, spread[1])), found[1])
        try:
            return json.loads(written)
        except json.JSONDecodeError as error:
            remedy = "quote the keys, end no list with a comma"
            raise ValueError(f"{module.name}: {name} is not JSON ({error}); {remedy}") from None
    for match in _IMPORT.finditer(source):
        for imported in filter(None, (match[3] or "").split(",")):
            original, _, local = (part.strip() for part in imported.partition(" as "))
            if (local or original) == name:
                return constant(module.parent / match[4], original)
    raise ValueError(f"{module.name}: no `export const {name} = …;`; write it as JSON")


def _elements(values: list[Any]) -> str:
    return ", ".join(json.dumps(value, ensure_ascii=False) for value in values)


def _imports(path: Path, source: str, named: Mapping[str, Path]) -> dict[str, Path]:
    targets = [match[4] for match in _IMPORT.finditer(source)]
    return {target: named.get(target, path.parent / target).resolve() for target in targets}


def _ordered(path: Path, named: Mapping[str, Path], above: tuple[Path, ...]) -> Iterator[Path]:
    """The modules that `path` needs, each once, before whatever imports it."""
    if path in above:
        raise ValueError(f"{path.name}: imports go in a circle; move what is shared into a module of its own")
    if not path.is_file():
        importer = above[-1].name if above else "Python"
        raise ValueError(f"{path.name}: no such module (imported by {importer}); mend the path")
    seen: set[Path] = set()
    for imported in _imports(path, path.read_text(encoding="utf-8"), named).values():
        for needed in _ordered(imported, named, (*above, path)):
            if needed not in seen:
                seen.add(needed)
                yield needed
    yield path


def _scoped(path: Path, named: Mapping[str, Path], order: list[Path]) -> str:
    source = path.read_text(encoding="utf-8")
    targets = _imports(path, source, named)

    def take(match: re.Match[str]) -> str:
        default, whole, some, target = match.groups()
        module = f"m{order.index(targets[target])}"
        names = f"{{ default: {default} }}" if default else whole or f"{{{some.replace(' as ', ': ')}}}"
        return f"const {names} = {module};"

    body = _IMPORT.sub(take, source)
    exported = [match[1] for match in _NAMED.finditer(body)]
    body, defaults = _DEFAULT.subn("const exported_default = ", _NAMED.sub("", body))
    if left := _LEFT.search(body):
        raise ValueError(f"{path.name}: {left[0]!r} is not understood here; import and export by name, one a line")
    exported += ["default: exported_default"] * defaults
    return (
        f"// {path.name}\nconst m{order.index(path)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();"
    )
