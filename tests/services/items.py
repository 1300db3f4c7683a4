#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a table should hold, by a mapping of its own, and what it holds, in one form for cmp(1): items as
DynamoDB's JSON, one a line, sorted, members in the order of their names, numbers in the shortest form.

items.py wanted KEY...   from records on standard input, the last of each key
items.py held            from scripts/services' `dynamodb scan` on standard input
"""
import decimal
import json
import sys

decimal.getcontext().prec = 60


class Digits(str):
    """A number as it was written."""


def read(line):
    return json.loads(line, parse_float=Digits, parse_int=Digits)


def shortest(digits):
    return str(decimal.Decimal(digits).normalize() + 0)


def attribute(value):
    if isinstance(value, Digits):
        return {"N": shortest(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, list):
        return {"L": [attribute(v) for v in value]}
    return {"M": {name: attribute(v) for name, v in value.items()}}


def normal(value):
    """The same, of what DynamoDB gave."""
    (kind, inside), = value.items()
    if kind == "N":
        inside = shortest(inside)
    elif kind == "NS":
        inside = sorted(map(shortest, inside))
    elif kind in ("SS", "BS"):
        inside = sorted(inside)
    elif kind == "L":
        inside = [normal(v) for v in inside]
    elif kind == "M":
        inside = {name: normal(v) for name, v in inside.items()}
    return {kind: inside}


def show(items):
    for line in sorted(json.dumps(i, sort_keys=True, ensure_ascii=False) for i in items):
        print(line)


if sys.argv[1] == "wanted":
    table = {}
    for line in sys.stdin:
        item = {name: attribute(v) for name, v in read(line).items()}
        table[tuple(json.dumps(item[k]) for k in sys.argv[2:])] = item
    show(table.values())
else:
    show({name: normal(v) for name, v in json.loads(line).items()} for line in sys.stdin)
