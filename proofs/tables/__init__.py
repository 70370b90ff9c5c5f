"""Tables as people have them, each with what it must come to, written down before it is read.

case      a file of readings with what must come of it
cases     the matrix of histories: what a file says, how it is written
offices   the same, as offices and older systems make tables
rows      the matrix of bills and hand readings
written   files of rows, by plain Python and openpyxl, apart from the reader
check     the proof
"""
