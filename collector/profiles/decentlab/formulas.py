"""Formulas of Decentlab sensors that are no straight line.

Source: the manufacturer's decoders (decentlab-decoders). Constants of single devices (weight of a
scale, electrodes of a gas sensor) stand on the device's label; here those of the manufacturer's
examples stand for them, so raw values are told too.
"""

from __future__ import annotations

from math import log

from collector.profiles.decentlab.layout import Formula, Words, Worked, wide


def polynomial(*factors: float, by: float = 1) -> Formula:
    """Of the first word by `by`, from the highest power to the constant."""

    def formula(words: Words) -> float:
        value, of = 0.0, words[0] / by
        for factor in factors:
            value = value * of + factor
        return value

    return formula


def squared(formula: Formula) -> Formula:
    """Its square."""
    return lambda words: formula(words) ** 2


def ratio(words: Words, place: int = 0) -> float:
    """A 24-bit converter's reading, -1 to 1 of its reference voltage."""
    return wide(words, place) / 8388608 - 1


def of_ratio(factor: float) -> Formula:
    """The reading times a factor."""
    return lambda words: ratio(words) * factor


def millivolts(place: int = 0, factor: float = 1) -> Formula:
    """A 16-bit converter at 3 V [mV], times a factor."""
    return lambda words: 3 * (words[place] / 32768 - 1) * 1000 * factor


def substrate(words: Words) -> float:
    """Water content [m3/m3] of the 10HS by its millivolts."""
    volts = 3000 * (words[0] - 32768) / 32768
    return float(2.97e-9 * volts**3 - 7.37e-6 * volts**2 + 6.69e-3 * volts - 1.92)


def albedo(words: Words) -> float:
    """Reflected by incoming radiation; 0 where either is not above 0."""
    incoming, reflected = words[0] - 32768, words[1] - 32768
    return reflected / incoming if incoming > 0 and reflected > 0 else 0.0


def thermistor(words: Words) -> float:
    """Resistance of the black globe's thermistor [ohm]."""
    return 1000 / (ratio(words) / 2) - 41000


def steinhart(words: Words) -> float:
    """Temperature of that thermistor [C]."""
    logarithm = log(thermistor(words))
    inverse = 0.0008271111 + 0.000208802 * logarithm + 0.000000080592 * logarithm**3
    return 1 / inverse - 273.15


def _bridge(part: float, resistance: float) -> float:
    """Resistance [ohm] of the unknown half of a divider that takes this part of the voltage."""
    return part * resistance / (1 - part)


def pt100(words: Words) -> float:
    """Temperature [C] of a PT100 in a divider of 2,000 ohm."""
    ohms = _bridge(ratio(words) / 2, 2000)
    return -244.83 + 2.3419 * ohms + 0.0010664 * ohms**2


def ohms(words: Words) -> float:
    """Resistance [ohm] of a PT1000 in a divider of 2,000 ohm."""
    return _bridge(ratio(words), 2000)


def pt1000(words: Words) -> float:
    """Temperature [C] of that PT1000."""
    return -245.18 + 0.23469 * ohms(words) + 0.0000104876 * ohms(words) ** 2


def loop_current(words: Words) -> float:
    """A current loop [mA] over 10 ohm."""
    return 3 * (words[0] - 32768) / 32768 / 2 / 10 * 1000


def frequency(words: Words) -> float:
    """Counts by ticks of 1/32768 s [Hz]."""
    return words[0] / words[1] * 32768


def scale(words: Words) -> float:
    """Weight [g] on the weighing scale of the manufacturer's example."""
    return (frequency(words) ** 2 - 232263168) * 0.000302459 + 1370


def strained(factor: float) -> Formula:
    """Weight [g] on the vibrating wire of the manufacturer's example, times a factor."""
    return lambda words: (frequency(words) ** 2 - 15383.72**2) * 46.4859 / 1_000_000 * factor


def illuminance(words: Words) -> float:
    """Light [lx] by a visible and an infrared channel."""
    visible, infrared = words[0], words[1]
    return max(visible - 1.64 * infrared, 0.59 * visible - 0.86 * infrared, 0) * 1.5504


def between(lowest: float, highest: float) -> Formula:
    """A pressure whose span of 32,768 steps begins at 16,384."""
    return lambda words: (words[0] - 16384) / 32768 * (highest - lowest) + lowest


def apart(words: Words) -> float:
    """The second dendrometer by the first [um]."""
    return (wide(words) - wide(words, 2)) / 8388608 * 20000


def electrodes(name: str, zero: float, sensitivity: float, other: float) -> list[Worked]:
    """Working electrode of a gas sensor against its auxiliary one [mV], and what either tells
    [ppb], by the constants of the manufacturer's example."""
    first, second = millivolts(0), millivolts(1)
    return [
        Worked(f"{name}_we", first, "mV"),
        Worked(f"{name}_we_aux", second, "mV"),
        Worked(f"{name}_concentration_we", lambda words: (first(words) - zero) / sensitivity),
        Worked(
            f"{name}_concentration_we_aux",
            lambda words: (second(words) - zero + other) / sensitivity,
        ),
    ]
