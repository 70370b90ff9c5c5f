"""Tables as people have them, each with what it must come to, written down before it is read.

cases     the matrix of histories: what a file says, how it is written, what must come of it
written   files of rows, by plain Python and openpyxl, apart from the reader
check     the proof
"""
