"""Bills worked out by hand, put to the platform; and wrong bills, put to the audit.

bills.yaml, tariffs.yaml   what was worked out by hand
written                    reads them
platform                   readings ─▶ ledger ─▶ books ─▶ bill, in memory
"""
