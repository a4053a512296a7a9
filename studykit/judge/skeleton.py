"""The blank of a drill, cut from the implementation by its syntax tree: the answer key has no second copy."""

import ast

from studykit.language import Text
from studykit.technique import Technique

Definition = ast.ClassDef | ast.FunctionDef


def blank_of(technique: Technique) -> str:
    """The skeleton of a technique's first public name: signature, first paragraph of the docstring, plumbing.

    A class keeps its bases and the call of the base class's constructor; the methods to write have an empty body.
    """
    tree = ast.parse(technique.path(".py").read_text(encoding="utf-8"))
    found = next(each for each in tree.body if isinstance(each, Definition) and each.name == technique.names[0])
    if isinstance(found, ast.ClassDef):
        cut: Definition = _class(found, technique.signature, _methods(technique))
    else:
        cut = _function(found, technique.signature)
    used = {node.id for node in ast.walk(cut) if isinstance(node, ast.Name)}
    imports = ["import torch", *(line for line in _imports(tree, used) if line != "import torch")]
    return (
        "\n".join(imports) + "\n\n\n" + _spaced(ast.unparse(ast.fix_missing_locations(cut)), technique.signature) + "\n"
    )


def is_blank(tree: ast.Module, name: str, methods: tuple[str, ...]) -> bool:
    """Whether the definition of `name` is still the skeleton: each body that was to be written is empty."""
    found = [each for each in tree.body if isinstance(each, Definition) and each.name == name]
    if not found or isinstance(found[-1], ast.FunctionDef):
        return bool(found) and _empty(found[-1])
    written = [each for each in found[-1].body if isinstance(each, ast.FunctionDef)]
    asked = [each for each in written if (each.name in methods if methods else not each.name.startswith("_"))]
    rest = [each for each in written if each not in asked and each.name != "__init__"]
    return bool(asked) and not rest and all(_empty(each) for each in asked)


def parameters(signature: str) -> tuple[list[str | None], list[str]]:
    """Of a drill signature: one None for each required positional parameter, and the names of all others."""
    arguments = _arguments(signature)
    given = [each.arg for each in arguments.args]
    required = len(given) - len(arguments.defaults)
    return [None] * required, given[required:] + [each.arg for each in arguments.kwonlyargs]


def _arguments(signature: str) -> ast.arguments:
    definition = ast.parse(f"def asked{signature}: ...").body[0]
    assert isinstance(definition, ast.FunctionDef)
    return definition.args


def _empty(definition: Definition) -> bool:
    return all(isinstance(each, ast.Pass) or _is_constant(each) for each in definition.body)


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def hints_of(technique: Technique) -> list[Text]:
    """The hints of a drill, from gentle to plain."""
    told = _keyword(technique, "hints")
    calls = told.elts if isinstance(told, ast.Tuple) else []
    return [Text(*map(ast.literal_eval, each.args)) for each in calls if isinstance(each, ast.Call)]


def _methods(technique: Technique) -> tuple[str, ...]:
    """The `methods=` of the drill's file; empty means all public ones."""
    told = _keyword(technique, "methods")
    return tuple(ast.literal_eval(told)) if told else ()


def _keyword(technique: Technique, name: str) -> ast.expr | None:
    """What the drill's file says for an argument of `Drill`, read without running it."""
    for node in ast.walk(ast.parse(technique.path("_drill.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Drill":
            for keyword in node.keywords:
                if keyword.arg == name:
                    return keyword.value
    return None


def _class(found: ast.ClassDef, signature: str, methods: tuple[str, ...]) -> ast.ClassDef:
    body: list[ast.stmt] = _paragraph(found)
    for each in found.body:
        if not isinstance(each, ast.FunctionDef):
            continue
        if each.name == "__init__":
            body.append(_constructor(each, signature))
        elif each.name in methods or (not methods and not each.name.startswith("_")):
            body.append(_function(each, None))
    return ast.ClassDef(found.name, found.bases, found.keywords, body or [_ellipsis()], [])


def _function(found: ast.FunctionDef, signature: str | None) -> ast.FunctionDef:
    arguments = _arguments(signature) if signature else found.args
    for each in ast.walk(arguments):
        if isinstance(each, ast.arg):
            each.annotation = None
    decorators = found.decorator_list if signature is None else []
    return ast.FunctionDef(found.name, arguments, [*_paragraph(found), _ellipsis()], decorators)


def _constructor(found: ast.FunctionDef, signature: str) -> ast.FunctionDef:
    """`__init__` with the drill's signature, and of its body only the base class's constructor."""
    arguments = _arguments(signature)
    known = {each.arg for each in ast.walk(arguments) if isinstance(each, ast.arg)}
    arguments.args.insert(0, ast.arg("self"))
    inits = [node for node in ast.walk(found) if isinstance(node, ast.Call) and _is_super_init(node)]
    body: list[ast.stmt] = [ast.Expr(_filtered(inits[0], found, known))] if inits else [_ellipsis()]
    return ast.FunctionDef("__init__", arguments, body, [])


def _is_super_init(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "super().__init__"


def _filtered(call: ast.Call, constructor: ast.FunctionDef, known: set[str]) -> ast.Call:
    """The call with its tables of defaults written out, without what the drill's signature lacks."""
    locals_ = {
        target.id: each.value
        for each in ast.walk(constructor)
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    arguments = []
    for each in call.args:
        pairs = _pairs(each, locals_)
        if pairs is None:
            arguments.append(each)
        else:
            kept = [ast.keyword(key, value) for key, value in pairs if key in known]
            arguments.append(ast.Call(ast.Name("dict"), [], kept))
    return ast.Call(call.func, arguments, call.keywords)


def _pairs(value: ast.expr, locals_: dict[str, ast.expr]) -> list[tuple[str, ast.expr]] | None:
    """The entries of a dict that is written out, by a display, by `dict(...)` or by a local name; None for all else."""
    if isinstance(value, ast.Name) and value.id in locals_:
        return _pairs(locals_[value.id], locals_)
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "dict":
        named: list[tuple[ast.expr | None, ast.expr]] = [
            (ast.Constant(each.arg) if each.arg else None, each.value) for each in value.keywords
        ]
    elif isinstance(value, ast.Dict):
        named = list(zip(value.keys, value.values, strict=True))
    else:
        return None
    pairs = []
    for key, each in named:
        if isinstance(key, ast.Constant):
            pairs.append((str(key.value), each))
        elif key is None:  # `**formula`
            pairs += _pairs(each, locals_) or []
    return pairs


def _paragraph(found: Definition) -> list[ast.stmt]:
    words = (ast.get_docstring(found) or "").split("\n\n")[0]
    return [ast.Expr(ast.Constant(words))] if words else []


def _ellipsis() -> ast.stmt:
    return ast.Expr(ast.Constant(...))


def _imports(tree: ast.Module, used: set[str]) -> list[str]:
    lines = []
    for each in tree.body:
        if isinstance(each, ast.Import | ast.ImportFrom):
            each.names = [name for name in each.names if (name.asname or name.name.partition(".")[0]) in used]
            lines += [ast.unparse(each)] if each.names else []
    return lines


def _spaced(code: str, signature: str) -> str:
    """An empty line before each method; the signature as the card writes it (1e-3, not 0.001)."""
    lines: list[str] = []
    for line in code.splitlines():
        if line.startswith(("    def ", "    @")) and lines[-1] and not lines[-1].startswith("    @"):
            lines.append("")
        if line.startswith("    def __init__("):
            line = f"    def __init__(self{', ' if signature != '()' else ''}{signature[1:]}:"
        elif line.startswith("def "):
            line = f"{line.partition('(')[0]}{signature}:"
        lines.append(line)
    return "\n".join(lines)
