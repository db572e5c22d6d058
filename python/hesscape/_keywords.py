"""Keywords that many functions take: each shows them, one docstring describes them, and who is called refuses others."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C")

ENTRY = re.compile(r"^(?=\S.* : )", re.MULTILINE)  # of a list of parameters


def takes(*kinds: Any, but: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Let the ``**keywords`` of a function be the fields of some classes, but for those named.

    In the docstring the entry ``**keywords`` stands for their descriptions.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        left_out = {*but, *(p.name for p in own)}
        further = [p for kind in kinds for p in _fields(kind) if p.name not in left_out]
        known = {p.name for p in (*own, *further)}
        name = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]

        @functools.wraps(function)
        def called(*args: Any, **given: Any) -> Any:
            if not given.keys() <= known:
                raise TypeError(_refusal(name, given, sorted(known - {"self"})))
            return function(*args, **given)

        called.__signature__ = signature.replace(parameters=[*own, *further])  # type: ignore[attr-defined]
        called.__doc__ = _described(function.__doc__, kinds, [p.name for p in further])
        return called  # type: ignore[return-value]

    return decorate


def strict(kind: type[C]) -> type[C]:
    """Let a class refuse unknown keywords in the same words."""
    kind.__init__ = takes()(kind.__init__)  # type: ignore[method-assign]
    return kind


def pick(kind: Any, keywords: dict[str, Any]) -> dict[str, Any]:
    """Take out of some keywords, and give, those that are fields of a class."""
    return {p.name: keywords.pop(p.name) for p in _fields(kind) if p.name in keywords}


@functools.cache
def _fields(kind: Any) -> list[inspect.Parameter]:
    """Give the parameters of a class that have defaults, as keywords."""
    return [
        p.replace(
            kind=p.KEYWORD_ONLY, annotation=getattr(p.annotation, "__forward_arg__", p.annotation)
        )
        for p in inspect.signature(kind).parameters.values()
        if p.default is not p.empty
    ]


def _refusal(name: str, given: Iterable[str], known: list[str]) -> str:
    from difflib import get_close_matches

    wrong = next(keyword for keyword in given if keyword not in known)
    near = get_close_matches(wrong, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(known)}"
    return f"{name}() got an unexpected keyword {wrong!r}; {hint}"


def _described(doc: str | None, kinds: Iterable[Any], names: list[str]) -> str | None:
    """Put the descriptions of these names where the docstring has ``**keywords``."""
    if doc is None:  # python -OO
        return None
    text = inspect.cleandoc(doc)
    entries = [
        entry for kind in kinds for entry, about in _entries(kind) if not about.isdisjoint(names)
    ]
    return re.sub(r"(?m)^\*\*keywords\n(?:    .*\n|\n(?=    ))*", lambda _: "".join(entries), text)


@functools.cache
def _entries(kind: Any) -> list[tuple[str, frozenset[str]]]:
    """Give the entries of the section "Parameters" of a class, and the names that each is about."""
    section = re.search(r"(?ms)^Parameters\n-+\n(.*?)(?=\n\n\S|\Z)", inspect.getdoc(kind) or "")
    told = [entry.rstrip() + "\n" for entry in ENTRY.split(section[1]) if entry] if section else []
    return [(entry, frozenset(re.split(r",\s*", entry.partition(" : ")[0]))) for entry in told]
