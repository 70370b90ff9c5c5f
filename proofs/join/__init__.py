"""`python -m proofs join`: a person connects an office on the page, from an empty folder on.

    JoinOffice ──▶ JoinHistory ──▶ XLSX ─┐
        │              │                 ▼
        │              │            JoinPerson in Chromium ──▶ platform
        ▼              ▼                                           │
      what is typed, and what must be there afterwards ──── compared with /v1

What is typed and what the file of readings holds are written here, apart from the code of the
platform; the API is asked for what came of it, never to do what a person does on the page.
"""
