"""Detectors that ours are measured beside.

    outside.py ──▶ given.npz ──▶ .peers/bin/python run.py ──▶ scores.npz ──▶ outside.py

Other people's packages are asked in an environment of their own (`make .peers/.ready`). What runs
there imports the standard library, numpy, those packages, and of this folder only what does
likewise: `given`, `days`, `table` and the peers. Two more are written from the literature and run
here: `frozen_generic` and `seasonal_naive`.
"""
