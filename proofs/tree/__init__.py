"""What the tree adds up to: random trees of shared places, against an oracle and a rebuild.

world    institutions, places of one or of several, meters and feeders with dates
oracle   what each figure is in a slot of each day, and who may read it
told     a platform in memory that is told a world bit by bit
check    the proof
"""
