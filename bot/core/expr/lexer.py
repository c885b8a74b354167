"""Text into tokens. Knows the alphabet of the language, nothing of its grammar."""

import re
from typing import NamedTuple

from bot.core.expr.errors import ExprError

_WORD_OPERATORS = frozenset(
    ("not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith")
) | {"let", "if", "else"}
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`",
}  # fmt: skip

_TOKEN = re.compile(
    r"""
    (?P<space>\s+ | //[^\n]* | /\*.*?\*/ )
  | (?P<number>0[xX][0-9a-fA-F_]* | 0[oO][0-7_]* | 0[bB][01_]*
      | (?: [0-9][0-9_]*(?:\.(?!\.)[0-9_]*)? | \.[0-9][0-9_]* ) (?:[eE][+-]?[0-9_]*)? )
  | (?P<string>'(?:[^'\\\n]|\\.)*' | "(?:[^"\\\n]|\\.)*" )
  | (?P<raw>`(?:[^`]|``)*` )
  | (?P<word>[\w$]+ )
  | (?P<op>\|\|? | ::? | \?[.?]? | \.\.? | [&!=*<>][&=*]? | [,;%+\-^/] | \# )
  | (?P<bracket>[()\[\]{}] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|U([0-9a-fA-F]{8})"
    r"|([0-7]{3})|(.))",
    re.DOTALL,
)
_WORD_CHARACTER = re.compile(r"[\w$]")
_LAST_RUNE = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class Token(NamedTuple):
    """``kind`` is one of Identifier, Number, String, Operator, Bracket, EOF."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f'{self.kind}("{self.value}")' if self.value else self.kind


EOF = Token("EOF", "")


def _rune(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3] or match[4]
    if digits or match[5]:
        code = int(digits, 16) if digits else int(match[5], 8)
        if code > _LAST_RUNE or code in _SURROGATES:
            raise ExprError("unable to unescape string")
        return chr(code)
    if match[6] not in _ESCAPES:
        raise ExprError("unable to unescape string")
    return _ESCAPES[match[6]]


def _token(kind: str, text: str) -> Token:
    match kind:
        case "number":
            return Token("Number", text)
        case "string":
            return Token("String", _ESCAPE.sub(_rune, text[1:-1]) if "\\" in text else text[1:-1])
        case "raw":
            return Token("String", text[1:-1].replace("``", "`"))
        case "word":
            return Token("Operator" if text in _WORD_OPERATORS else "Identifier", text)
        case "op":
            return Token("Operator", text)
        case _:
            return Token("Bracket", text)


def _refuse(source: str, at: int) -> ExprError:
    if source[at] in "'\"`":
        return ExprError("literal not terminated")
    if source.startswith("/*", at):
        return ExprError("unclosed comment")
    return ExprError(f"unrecognized character: U+{ord(source[at]):04X} '{source[at]}'")


def tokens(source: str) -> list[Token]:
    """All tokens of ``source``, with an EOF at the end.

    Raises:
        ExprError: a character or a literal that the language does not have.

    """
    found: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None or match.end() == at:
            raise _refuse(source, at)
        kind, text = match.lastgroup or "", match[0]
        at = match.end()
        if kind == "space":
            # An opening without its end matches as an operator instead.
            continue
        if text == "/" and source.startswith("*", at):
            raise ExprError("unclosed comment")
        if kind == "number" and _WORD_CHARACTER.match(source, at):
            raise ExprError(f'bad number syntax: "{text}{source[at]}"')
        if text in {"b", "B"} and source[at : at + 1] in {"'", '"'}:
            raise ExprError("byte literals are not supported")
        found.append(_token(kind, text))
    found.append(EOF)
    return found
