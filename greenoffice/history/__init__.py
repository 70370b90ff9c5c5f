"""Histories of people: readings of tables, into the points that are registered.

file ──read_tables──▶ table ──read_history──▶ series ──mapping──▶ points
                                                                   │
summary ◀── judged against what stands: new, the same, another value, a person's
                             │
                             └──▶ journal, as messages of thousands of readings ──▶ intake
"""
