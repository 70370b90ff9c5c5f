"""Recorded and simulated buildings for `proofs.detect`; `python -m proofs.detect.real` counts them.

Read from the folder of real data (`GREENOFFICE_DATA`), of which nothing is copied into the project.
"""
