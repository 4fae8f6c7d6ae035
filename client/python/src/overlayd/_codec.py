"""Values to JSON and back, by the tables of a generated module.

The text is the `json` module's work. It is told to keep what it would lose: an object becomes the
tuple of its pairs, so that a key that stands twice can be refused, and a list stays a list. What it
takes and the contract doesn't is refused here: NaN and Infinity, `-0` as an integer, numbers that
no double can hold, U+0000, lone surrogates, nesting beyond 127 levels, integers beyond their width.
"""

from __future__ import annotations

import enum
import ipaddress
import json
import math
from collections.abc import Mapping
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from overlayd._errors import DecodeError, EncodeError, UnknownVariantError

T = TypeVar("T")
E = TypeVar("E", bound=enum.StrEnum)

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Members: TypeAlias = tuple[tuple[str, object], ...]

LEVELS_MAX = 127
_REQUIRED: Any = object()


class Fault(Exception):  # noqa: N818 - never leaves this module
    """What is wrong, and where: the path grows on the way out."""

    def __init__(self, text: str, *, unknown: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.path = ""
        self.unknown = unknown

    def within(self, key: str) -> Fault:
        self.path = key + ("." if self.path[:1] not in ("", "[") else "") + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


# ---- one value ----


class Codec(Generic[T]):
    """How values of one type lie in JSON."""

    def read(self, value: object) -> T:
        raise NotImplementedError

    def write(self, value: T) -> object:
        raise NotImplementedError


class Boolean(Codec[bool]):
    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise Fault("expected true or false")
        return value

    write = read


class Integer(Codec[int]):
    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def read(self, value: object) -> int:
        if type(value) is not int or not self._low <= value <= self._high:
            raise Fault(f"expected an integer from {self._low} to {self._high}")
        return value

    write = read


class Text(Codec[str]):
    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise Fault("expected a string")
        if _utf8_length(value) > self._max_bytes:
            raise Fault(f"expected at most {self._max_bytes} bytes")
        return value

    write = read


class Address(Codec[IPAddress]):
    """An IP address in the form of RFC 5952; only ::ffff:0:0/96 has a dotted tail."""

    def read(self, value: object) -> IPAddress:
        if isinstance(value, str) and "%" not in value:
            try:
                return ipaddress.ip_address(value)
            except ValueError:
                pass
        raise Fault("expected an IP address")

    def write(self, value: IPAddress) -> str:
        if isinstance(value, ipaddress.IPv4Address):
            return str(value)
        if not isinstance(value, ipaddress.IPv6Address) or value.scope_id is not None:
            raise Fault("expected an IP address without a scope")
        return f"::ffff:{value.ipv4_mapped}" if value.ipv4_mapped else value.compressed


class Enumeration(Codec[E]):
    def __init__(self, cls: type[E]) -> None:
        self._cls = cls

    def read(self, value: object) -> E:
        if not isinstance(value, str):
            raise Fault("expected a string")
        try:
            return self._cls(value)
        except ValueError:
            raise Fault(f"unknown {self._cls.__name__} {value!r}", unknown=True) from None

    def write(self, value: E) -> str:
        if not isinstance(value, self._cls):
            raise Fault(f"expected {self._cls.__name__}")
        return value.value


class List(Codec[tuple[T, ...]]):
    def __init__(self, item: Codec[T], max_items: int) -> None:
        self._item, self._max_items = item, max_items

    def read(self, value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Fault("expected a list")
        return tuple(self._each(self._item.read, value))

    def write(self, value: tuple[T, ...]) -> list[object]:
        if not isinstance(value, tuple | list):
            raise Fault("expected a tuple")
        return self._each(self._item.write, value)

    def _each(self, step: Any, items: Any) -> list[Any]:
        if len(items) > self._max_items:
            raise Fault(f"expected at most {self._max_items} items")
        out = []
        for i, item in enumerate(items):
            try:
                out.append(step(item))
            except Fault as fault:
                raise fault.within(f"[{i}]") from None
        return out


BOOLEAN = Boolean()
U8, U16, U32, U64 = (Integer(0, 2**bits - 1) for bits in (8, 16, 32, 64))
I32, I64 = (Integer(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (32, 64))
ADDRESS = Address()


# ---- objects ----


class Object(Codec[T]):
    """Keys of one JSON object: of all of it, or beside those of others."""

    def read(self, value: object) -> T:
        if not isinstance(value, tuple):
            raise Fault("expected an object")
        return self.read_members(value)

    def write(self, value: T) -> dict[str, object]:
        raise NotImplementedError

    def read_members(self, members: Members) -> T:
        raise NotImplementedError

    def types(self) -> list[type[Any]]:
        """The classes of the values that it writes."""
        raise NotImplementedError


class Field:
    """One key of a record.

    optional: None is absent, which is left out and may be null when read. default: may be missing.
    skip_empty: an empty list is left out. flatten: the keys of the value's own stand in the record.
    """

    def __init__(
        self,
        key: str,
        codec: Codec[Any],
        *,
        attribute: str | None = None,
        optional: bool = False,
        default: object = _REQUIRED,
        skip_empty: bool = False,
        flatten: bool = False,
    ) -> None:
        self.key, self.codec, self.attribute = key, codec, attribute or key
        self.optional, self.skip_empty = optional, skip_empty
        self.default = None if optional else default
        self.flat = codec if flatten and isinstance(codec, Object) else None

    def missing(self) -> object:
        if self.default is _REQUIRED:
            raise Fault("missing").within(self.key)
        return self.default

    def is_left_out(self, value: Any) -> bool:
        return (self.optional and value is None) or (self.skip_empty and len(value) == 0)


class Record(Object[T]):
    """A dataclass and its keys in writing order."""

    def __init__(self, cls: type[T], *fields: Field) -> None:
        self.fields = fields
        self._cls = cls
        self._by_key = {field.key: field for field in fields if not field.flat}

    def types(self) -> list[type[Any]]:
        return [self._cls]

    def read_members(self, members: Members) -> T:
        values: dict[str, object] = {}
        for key, raw in members:
            field = self._by_key.get(key)
            if field is None:
                continue
            if field.attribute in values:
                raise Fault("stands twice").within(key)
            try:
                null = raw is None and field.optional
                values[field.attribute] = None if null else field.codec.read(raw)
            except Fault as fault:
                raise fault.within(key) from None
        for field in self.fields:
            if field.flat:
                values[field.attribute] = field.flat.read_members(members)
            elif field.attribute not in values:
                values[field.attribute] = field.missing()
        return self._cls(**values)

    def write(self, value: T) -> dict[str, object]:
        if not isinstance(value, self._cls):
            raise Fault(f"expected {self._cls.__name__}")
        out: dict[str, object] = {}
        for field in self.fields:
            member = getattr(value, field.attribute)
            try:
                if field.flat:
                    out.update(field.flat.write(member))
                elif not field.is_left_out(member):
                    out[field.key] = field.codec.write(member)
            except Fault as fault:
                raise fault if field.flat else fault.within(field.key) from None
        return out


class Union(Object[T]):
    """One of several objects; the tag names which."""

    def __init__(self, tag: str, variants: Mapping[str, Object[Any]]) -> None:
        self._tag, self._variants = tag, variants
        self._by_type = {cls: (n, v) for n, v in variants.items() for cls in v.types()}

    def types(self) -> list[type[Any]]:
        return list(self._by_type)

    def read_members(self, members: Members) -> T:
        names = [raw for key, raw in members if key == self._tag]
        if len(names) != 1 or not isinstance(names[0], str):
            raise Fault("expected one string").within(self._tag)
        variant = self._variants.get(names[0])
        if variant is None:
            raise Fault(f"unknown {names[0]!r}", unknown=True).within(self._tag)
        read: T = variant.read_members(members)
        return read

    def write(self, value: T) -> dict[str, object]:
        found = self._by_type.get(type(value))
        if found is None:
            raise Fault(f"{type(value).__name__} is no variant by {self._tag!r}")
        return {self._tag: found[0], **found[1].write(value)}


# ---- documents ----


def _utf8_length(text: str) -> int:
    if "\0" in text:
        raise Fault("U+0000 in a string")
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise Fault("a lone surrogate in a string") from None


def _refuse(text: str) -> NoReturn:
    raise Fault(f"expected a number, not {text}")


def _integer(text: str) -> int | float:
    if len(text) > 300 and math.isinf(float(text)):
        _refuse("one that no double can hold")
    return -0.0 if text == "-0" else int(text)


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        _refuse("one that no double can hold")
    return value


def _check(json: object, levels: int) -> None:
    """What the tables don't see, as it may stand in values that nobody asked for."""
    if isinstance(json, str):
        _utf8_length(json)
    elif isinstance(json, list | tuple):
        if levels == 0:
            raise Fault(f"nested deeper than {LEVELS_MAX} levels")
        for item in json:
            if isinstance(json, tuple):
                _check(item[0], levels)
                item = item[1]
            _check(item, levels - 1)


def _parse(body: bytes) -> object:
    try:
        document: object = json.loads(
            body.decode(),
            object_pairs_hook=tuple,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise Fault(str(error)) from None
    # An escape alone can bring in what raw bytes can't, and few brackets can't be deep.
    if b"\\u" in body or body.count(b"{") + body.count(b"[") > LEVELS_MAX:
        _check(document, LEVELS_MAX)
    return document


def decode(codec: Codec[T], body: bytes) -> T:
    """Reads a document. Raises DecodeError; UnknownVariantError if a newer reader may know it."""
    try:
        return codec.read(_parse(body))
    except Fault as fault:
        raise (UnknownVariantError if fault.unknown else DecodeError)(str(fault)) from None


def encode(codec: Codec[T], value: T) -> bytes:
    """Writes a document in its one canonical form. Raises EncodeError."""
    try:
        document = codec.write(value)
    except Fault as fault:
        raise EncodeError(str(fault)) from None
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
