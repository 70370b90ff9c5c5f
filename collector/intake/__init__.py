"""Intake: journal records become readings, dead letters and dirty marks; nothing slips."""

from collector.intake.decoding import Decoding
from collector.intake.lacking import lacking
from collector.intake.metrics import IntakeMetrics
from collector.intake.preview import refusals
from collector.intake.report import IntakeReport
from collector.intake.worker import Intake, Journal

__all__ = ["Decoding", "Intake", "IntakeMetrics", "IntakeReport", "Journal", "lacking", "refusals"]
