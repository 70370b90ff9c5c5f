"""Intake: journal records become readings, dead letters and dirty marks; nothing slips."""

from collector.intake.decoding import Decoding
from collector.intake.lacking import lacking
from collector.intake.memory import GatewayMemory
from collector.intake.metrics import IntakeMetrics
from collector.intake.preview import Previewed, preview, refusals
from collector.intake.report import IntakeReport
from collector.intake.rereading import gateways_to_reread
from collector.intake.resolve import Resolver
from collector.intake.statements import statement_of
from collector.intake.verdict import verdict
from collector.intake.worker import Intake, Journal

__all__ = [
    "Decoding",
    "GatewayMemory",
    "Intake",
    "IntakeMetrics",
    "IntakeReport",
    "Journal",
    "Previewed",
    "Resolver",
    "gateways_to_reread",
    "lacking",
    "preview",
    "refusals",
    "statement_of",
    "verdict",
]
