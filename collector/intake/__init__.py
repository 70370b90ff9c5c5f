"""Intake: journal records become readings, dead letters and dirty marks; nothing slips."""

from collector.intake.metrics import IntakeMetrics
from collector.intake.preview import refusals
from collector.intake.receive import Receiver
from collector.intake.report import StepReport
from collector.intake.worker import Intake, Journal

__all__ = ["Intake", "IntakeMetrics", "Journal", "Receiver", "StepReport", "refusals"]
