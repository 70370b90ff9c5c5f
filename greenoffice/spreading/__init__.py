"""Work over many institutions, spread over a cluster of Dask workers.

    lots      the work in parts: institutions that share nothing, many small ones together
    orders    what a worker is told: names and numbers, never data
    tasks     what a worker does: opens its own stores, does the part, says what came of it
    cluster   the scheduler: connected to, asked, waited for
    commands  rebuild, closing and look, in this process or on the cluster

A part may be done twice, in any order, on any worker: what it leaves behind is the same.
"""
