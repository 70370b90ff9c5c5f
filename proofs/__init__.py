"""Proofs of the whole platform, each ending with one line of JSON: `python -m proofs --help`.

They are no part of the installed platform: they start it as its users would, and real servers
beside it. Each module named like a command is that proof; of the others,

steps         what proofs share               servers       real servers of one's own
board_rows    rows per panel of a board       report_cells  a report's cells, added again
compose_...   docker-compose.yml, as it is on this machine
feed_...      the world of the feed's proof, and its sums
faults        plants, faults, and a judge that asks the plant alone
agree_...     a world that is hard on prices, an oracle of it, the faces, and their comparison
"""
