"""Sentences that code hands to errors, dead letters and the command line, found in its text.

A sentence flows from where it is written to where a person reads it:

    problem = "no such tag"  ─▶  _refused(problem, ...)  ─▶  InvalidInput(problem, fix=...)

A *sink* is a call with a parameter that people read. A function that hands a parameter of its
own to a sink is a sink itself; a name stands for all that is assigned to it, a call for all
that the function returns. What is computed becomes a place: `more than {0} days`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Sink = frozenset[int | str]
"""Positions and names of the parameters that people read."""

SINKS: dict[str, Sink] = {
    "Problem": frozenset({1, "message", 4, "fix"}),
    "FileProblem": frozenset({4, "problem", 5, "fix"}),
    "FieldProblem": frozenset({3, "problem", 4, "fix"}),
    "InvalidFiles": frozenset({"fix"}),
    "problems.add": frozenset({4, 5}),
    "row.wrong": frozenset({1, 2}),
    "line.wrong": frozenset({1, 2}),
    "self.wrong": frozenset({1, 2}),
    "say": frozenset({0}),
    "said": frozenset({0}),
    "spoken": frozenset({0}),
    "done.append": frozenset({0}),
    "_troubles.append": frozenset({0}),
    "_told.show": frozenset({0}),
    "RefusedCell": frozenset({1, "why"}),
    "_RawReading": frozenset({6, "trouble"}),
}
TABLES = "collector/tables/"
"""Where a ValueError says why a cell is refused."""
ERROR: Sink = frozenset({0, "message", "fix"})
FOREIGN = frozenset({"str", "repr", "shorten", "shown", "join", "strerror", "format_exc"})
"""Calls whose words are not ours."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    """A parsed file: what its names stand for."""

    path: str
    tree: ast.Module
    functions: dict[str, Function] = field(default_factory=dict)
    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    asking: list[tuple[ast.Call | ast.Dict, list[Function]]] = field(default_factory=list)
    """What may hand a sentence on, with the functions around it."""
    local: dict[Function, dict[str, list[ast.expr]]] = field(default_factory=dict)
    """What the names of a function stand for."""

    @classmethod
    def of(cls, path: Path, root: Path) -> Module:
        found = cls(path.relative_to(root).as_posix(), ast.parse(path.read_text("utf-8")))
        for node in ast.walk(found.tree):
            if isinstance(node, Function):
                found.functions[node.name] = node
            elif isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    found.imports[one.asname or one.name] = (node.module, one.name)
        for statement in found.tree.body:
            for name, value in _assigned(statement):
                found.values.setdefault(name, []).append(value)
        found._visit(found.tree, [])
        return found

    def _visit(self, node: ast.AST, stack: list[Function]) -> None:
        if isinstance(node, ast.Call | ast.Dict):
            self.asking.append((node, stack))
        for function in stack:
            names = self.local.setdefault(function, {})
            for name, value in _assigned(node):
                names.setdefault(name, []).append(value)
        deeper = [*stack, node] if isinstance(node, Function) else stack
        for child in ast.iter_child_nodes(node):
            self._visit(child, deeper)

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _assigned(statement: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """(name, value) of an assignment; every name of a tuple stands for the whole value."""
    if isinstance(statement, ast.Assign):
        targets, value = statement.targets, statement.value
    elif isinstance(statement, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
        if statement.value is None:
            return
        targets, value = [statement.target], statement.value
    elif isinstance(statement, ast.For | ast.comprehension):
        targets, value = [statement.target], statement.iter
    else:
        return
    paired = isinstance(statement, ast.Assign) and isinstance(value, ast.Tuple)
    for target in targets:
        if paired and isinstance(target, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = zip(target.elts, value.elts, strict=True)
            yield from ((n.id, v) for n, v in pairs if isinstance(n, ast.Name))
        else:
            names = (n for n in ast.walk(target) if isinstance(n, ast.Name))
            yield from ((name.id, value) for name in names)


class Flow:
    """All sentences of some packages."""

    def __init__(self, root: Path, paths: Iterable[Path]) -> None:
        self.modules = {one.name: one for one in (Module.of(path, root) for path in paths)}
        self.sentences: dict[str, str] = {}
        """Sentence and the first place it was found at."""
        self.sinks: dict[str, dict[str, Sink]] = {}
        """By module, then by function."""
        self.within: dict[str, dict[str, Sink]] = {}
        """The same of parameters that stand inside another sentence."""
        self._inside = False
        self._errors = self._error_names()

    def _error_names(self) -> frozenset[str]:
        names, before = {"GreenOfficeError"}, 0
        nodes = (node for module in self.modules.values() for node in ast.walk(module.tree))
        classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
        while len(names) > before:
            before = len(names)
            for node in classes:
                bases = {b.id for b in node.bases if isinstance(b, ast.Name)}
                if bases & names and node.name != "InvalidFiles":
                    names.add(node.name)
        return frozenset(names)

    def run(self) -> dict[str, str]:
        """Follow every sink until no function becomes another one."""
        before = -1
        while before != (now := self._known()):
            before = now
            for module in self.modules.values():
                self._functions(module)
        return self.sentences

    def _known(self) -> int:
        kinds = (self.sinks, self.within)
        return sum(len(s) for kind in kinds for m in kind.values() for s in m.values())

    def _functions(self, module: Module) -> None:
        for node, stack in module.asking:
            place = _Place(module, stack)
            for argument in self._read(module, node):
                self._collect(place, argument, set())
            inner = self._inner(module, node) if isinstance(node, ast.Call) else frozenset()
            if isinstance(node, ast.Call) and inner:
                with self._phrases():
                    for argument in _chosen(node, inner):
                        self._collect(place, argument, set())

    def _sink(self, module: Module, call: ast.Call) -> Sink:
        name = _called(call)
        if name in self._errors or (name == "ValueError" and module.path.startswith(TABLES)):
            return ERROR
        if name in SINKS:
            return SINKS[name]
        if isinstance(call.func, ast.Attribute) and not _own(call.func):
            return SINKS.get(f"{_last(call.func.value)}.{name}", frozenset())
        home, own = module.imports.get(name, (module.name, name))
        return self.sinks.get(home, {}).get(own, frozenset())

    def _read(self, module: Module, call: ast.Call | ast.Dict) -> Iterator[ast.expr]:
        """The arguments that people read; what health tells of a part as its `error`."""
        if isinstance(call, ast.Dict):
            for key, value in zip(call.keys, call.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "error":
                    yield value
            return
        yield from _chosen(call, self._sink(module, call))

    def _inner(self, module: Module, call: ast.Call) -> Sink:
        if isinstance(call.func, ast.Attribute) and not _own(call.func):
            return frozenset()
        home, own = module.imports.get(_called(call), (module.name, _called(call)))
        return self.within.get(home, {}).get(own, frozenset())

    @contextmanager
    def _phrases(self) -> Iterator[None]:
        """What is noted inside is kept where it has a blank: a word alone is a value."""
        known, before, self._inside = set(self.sentences), self._inside, True
        yield
        self._inside = before
        for one in self.sentences.keys() - known:
            if " " not in one:
                del self.sentences[one]

    def _collect(self, place: _Place, node: ast.expr, seen: set[int]) -> None:
        """Note all sentences an expression may stand for."""
        if id(node) in seen:
            return
        seen.add(id(node))
        for option in self._templates(place, node):
            self.sentences.setdefault(option, f"{place.module.path}:{node.lineno}")
        if isinstance(node, ast.Name):
            self._name(place, node.id, seen)
        elif isinstance(node, ast.IfExp):
            self._collect(place, node.body, seen)
            self._collect(place, node.orelse, seen)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                self._collect(place, value, seen)
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            for value in node.elts:
                self._collect(place, value, seen)
        elif isinstance(node, ast.Dict):
            for value in node.values:
                self._collect(place, value, seen)
        elif isinstance(node, ast.NamedExpr | ast.Starred):
            self._collect(place, node.value, seen)
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            self._name(place, node.value.id, seen, whole=False)
        elif isinstance(node, ast.GeneratorExp | ast.ListComp):
            self._collect(place, node.elt, seen)
        elif isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name):
                    with self._phrases():
                        self._name(place, part.value.id, seen)
        elif isinstance(node, ast.Call):
            self._call(place, node, seen)

    def _name(self, place: _Place, name: str, seen: set[int], *, whole: bool = True) -> None:
        for function in reversed(place.stack):
            parameters = [*function.args.posonlyargs, *function.args.args]
            names = [one.arg for one in [*parameters, *function.args.kwonlyargs]]
            if name in names and whole:
                self._becomes_sink(place.module, function, name)
            local = place.module.local.get(function, {}).get(name, ())
            for value in local:
                self._collect(place, value, seen)
            if local or name in names:
                return
        self._global(place.module, name, seen)

    def _global(self, module: Module, name: str, seen: set[int]) -> None:
        for value in module.values.get(name, ()):
            self._collect(_Place(module, []), value, seen)
        if name in module.imports:
            home, own = module.imports[name]
            if home in self.modules and home != module.name:
                self._global(self.modules[home], own, seen)

    def _becomes_sink(self, module: Module, function: Function, name: str) -> None:
        arguments = [*function.args.posonlyargs, *function.args.args]
        names = [one.arg for one in arguments]
        bound = bool(names) and names[0] in ("self", "cls")
        own: set[int | str] = {name}
        if name in names:
            own.add(names.index(name) - bound)
        kind = self.within if self._inside else self.sinks
        sinks = kind.setdefault(module.name, {})
        called = function.name
        if called == "__init__":
            called = next(
                c.name
                for c in ast.walk(module.tree)
                if isinstance(c, ast.ClassDef) and function in c.body
            )
        sinks[called] = sinks.get(called, frozenset()) | own

    def _call(self, place: _Place, call: ast.Call, seen: set[int]) -> None:
        name = _called(call)
        if name in FOREIGN:
            return
        if name == "get" and isinstance(call.func, ast.Attribute):
            if isinstance(call.func.value, ast.Name):
                self._name(place, call.func.value.id, seen, whole=False)
            for default in call.args[1:]:
                self._collect(place, default, seen)
            return
        module = place.module
        if name not in module.functions and name in module.imports:
            home, name = module.imports[name]
            if home not in self.modules:
                return
            module = self.modules[home]
        function = module.functions.get(name)
        if function is not None:
            for node in ast.walk(function):
                if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                    self._collect(_Place(module, [function]), node.value, seen)

    def _templates(self, place: _Place, node: ast.expr) -> list[str]:
        """The node as sentences, what is computed as a place; empty where it is none."""
        parts = _parts(node)
        if parts is None or not any(isinstance(part, str) for part in parts):
            return []
        text, number = "", 0
        for part in parts:
            if isinstance(part, str):
                text += part
            else:
                text += f"{{{number}}}"
                number += 1
        return [text] if re.search(r"[A-Za-z]{2}", re.sub(r"\{\d+\}", "", text)) else []


@dataclass(frozen=True)
class _Place:
    module: Module
    stack: list[Function]


def _chosen(call: ast.Call, sink: Sink) -> Iterator[ast.expr]:
    """The arguments of a call that go to these parameters."""
    yield from (argument for n, argument in enumerate(call.args) if n in sink)
    yield from (one.value for one in call.keywords if one.arg in sink)


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _last(node: ast.expr) -> str:
    """The last name of a dotted one."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _own(function: ast.Attribute) -> bool:
    """Whether a method is of the caller's own object."""
    return isinstance(function.value, ast.Name) and function.value.id in ("self", "cls")


def _parts(node: ast.expr) -> list[str | ast.expr] | None:
    """Text and computed parts of a string expression; None where it is no text by itself."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        known = (one for one in node.values if isinstance(one, ast.Constant | ast.FormattedValue))
        return [part.value for part in known]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _parts(node.left), _parts(node.right)
        if left is None and right is None:
            return None
        return [*(left or [node.left]), *(right or [node.right])]
    return None
