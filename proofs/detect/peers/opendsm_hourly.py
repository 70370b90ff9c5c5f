"""OpenDSM: its hourly model, the best known of open baselines."""

from __future__ import annotations

import logging

import numpy as np

from proofs.detect.peers.days import MeterDays
from proofs.detect.peers.given import HOURS_A_DAY, Floats


def opendsm_hourly(one: MeterDays) -> Floats:
    """Mean of what a day takes beyond the expected, as a share of the meter's size, (days,).

    As published, fitted on the learnt part; what its own rules would disqualify is taken too.
    Raises what OpenDSM raises, as for a meter whose weather is unknown.
    """
    import pandas as pd
    from opendsm.eemeter import HourlyBaselineData, HourlyModel, HourlyReportingData

    def told(part: pd.DataFrame) -> Floats:
        asked = HourlyReportingData(part, is_electricity_data=True)
        answer = model.predict(asked, ignore_disqualification=True)["predicted"]
        return np.asarray(answer.reindex(part.index), dtype=np.float64)

    logging.disable(logging.WARNING)  # the zone is told for each meter
    hours = pd.date_range(pd.Timestamp(one.start, tz="UTC"), periods=one.share.size, freq="h")
    frame = pd.DataFrame({"temperature": one.temperature * 1.8 + 32, "observed": one.share}, hours)
    cut = one.learnt * HOURS_A_DAY
    learnt = HourlyBaselineData(frame.iloc[:cut], is_electricity_data=True)
    model = HourlyModel().fit(learnt, ignore_disqualification=True)
    expected = np.concatenate([told(frame.iloc[:cut]), told(frame.iloc[cut:])])
    return one.daily(np.maximum(one.share - expected, 0.0))
