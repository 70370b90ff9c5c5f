"""The shapes of what `/v1` answers, one module a subject: what OpenAPI describes, and mypy checks
where an answer is put together.

A shape's fields stand in the order of the JSON. Numbers that must be exact are texts; `value` is
null where nothing is known, which is not zero.
"""
