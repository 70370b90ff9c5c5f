"""Each day belongs to what held on it: random registers that move, against an oracle and a rebuild.

world    institutions, places, meters and feeders with dates, and how they are told
oracle   what each figure is on each day, in fractions, and who may read it
told     a platform in memory that is told a world bit by bit
asked    what keys read of it, over the API
check    the proof
"""
