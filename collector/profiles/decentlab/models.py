"""The models of Decentlab: what each group of their frames says.

Not in units that the platform keeps: volumetric_water_content [m3/m3], electrical_conductivity
[uS/cm, of the PR36CTD mS/cm], wind [m/s], distances, sizes and rain [mm], dendrometers [um],
photosynthetically_active_radiation [umol/m2s], particles [ug/m3, 1/cm3, nm], turbidity [NTU, FNU,
FAU, mg/L] and gases [ppb].

States: input, status, *_flag and *_status as the sensor numbers them; *_id is the identity of a
probe.
"""

from __future__ import annotations

from math import floor

from collector.profiles.decentlab import formulas
from collector.profiles.decentlab.frame import profile
from collector.profiles.decentlab.layout import WordGroup, Words, Worked, group
from collector.profiles.profile import Profile

_BATTERY = group(1, "battery_voltage 0/1000 V")
_SHT21 = group(2, "air_temperature 0*175.72/65536+-46.85 C, air_humidity 1*125/65536+-6 %")
_SHT35 = group(2, "air_temperature 0*175/65535+-45 C, air_humidity 1*100/65535 %")


def _numbered(text: str, first: int, last: int) -> str:
    """A value for each of several words, `{n}` its number and `{w}` its word."""
    return ", ".join(text.format(n=n, w=n - first) for n in range(first, last + 1))


def _one(*parts: str | Worked, length: int = 1) -> Profile:
    """A group, and the battery."""
    return profile(group(length, *parts), _BATTERY)


_WATER = Worked(
    "volumetric_water_content", formulas.polynomial(0.0000043, -0.00055, 0.0292, -0.053, by=50)
)
_PERMITTIVITY = "dielectric_permittivity 0/50"
_TEROS = Worked(
    "dielectric_permittivity",
    formulas.squared(formulas.polynomial(0.000000002887, -0.0000208, 0.05276, -43.39, by=10)),
)
_TEROS_WATER = "volumetric_water_content 0*0.0003879/10+-0.6956"
_SOIL_TEMPERATURE = "soil_temperature 1-32768/10 C"

_SOIL: dict[str, Profile] = {
    "dl-10hs": _one(
        Worked("raw_sensor_reading", formulas.millivolts(), "mV"),
        Worked("volumetric_water_content", formulas.substrate),
    ),
    "dl-5te": _one(
        _PERMITTIVITY, _WATER, "soil_temperature 1-400/10 C, electrical_conductivity 2*10",
        length=3,
    ),
    "dl-5tm": _one(_PERMITTIVITY, _WATER, "soil_temperature 1-400/10 C", length=2),
    "dl-gs3": _one(
        "dielectric_permittivity 0/100",
        Worked(
            "volumetric_water_content",
            formulas.polynomial(0.00000589, -0.000762, 0.0367, -0.0753, by=100),
        ),
        _SOIL_TEMPERATURE, "electrical_conductivity 2", length=3,
    ),
    "dl-sdd": profile(
        *(
            group(
                18,
                _numbered("moisture_at_level_{n} {w}-32768/100 %", first, first + 5),
                ", ".join(
                    f"temperature_at_level_{first + n} {n + 6}-32768/100 C" for n in range(6)
                ),
                ", ".join(f"salinity_at_level_{first + n} {n + 12}-100" for n in range(6)),
            )
            for first in (0, 6)
        ),
        _BATTERY,
    ),
    "dl-smtp": _one(
        ", ".join(
            f"soil_moisture_at_depth_{n} {2 * n}-2500/500, "
            f"soil_temperature_at_depth_{n} {2 * n + 1}-32768/100 C"
            for n in range(8)
        ),
        length=16,
    ),
    "dl-tp": _one(_numbered("temperature_at_level_{n} {w}-32768/100 C", 0, 15), length=16),
    "dl-trs11": _one(_TEROS, _TEROS_WATER, _SOIL_TEMPERATURE, length=2),
    "dl-trs12": _one(
        _TEROS, _TEROS_WATER, _SOIL_TEMPERATURE, "electrical_conductivity 2", length=3
    ),
    "dl-trs21": _one("water_potential 0*-1/10 kPa", _SOIL_TEMPERATURE, length=2),
}  # fmt: skip

_WIND = (
    "wind_speed {0}-32768/100, wind_direction {1}-32768/10 deg, maximum_wind_speed {2}-32768/100"
)
_ROAD = group(
    6,
    "surface_temperature 0-32768/100 C, air_temperature 1-32768/100 C, air_humidity 2-32768/100 %, "
    "dew_point 3-32768/100 C, angle 4-32768 deg, sensor_temperature 5-32768/100 C",
)
_PAR = "photosynthetically_active_radiation"

_WEATHER: dict[str, Profile] = {
    "dl-alb": _one(
        "incoming_radiation 0-32768/10 W/m2, reflected_radiation 1-32768/10 W/m2",
        Worked("albedo", formulas.albedo), length=2,
    ),
    "dl-atm22": _one(
        _WIND.format(0, 1, 2),
        "air_temperature 3-32768/10 C, x_orientation_angle 4-32768/10, "
        "y_orientation_angle 5-32768/10 deg, north_wind_speed 6-32768/100, "
        "east_wind_speed 7-32768/100",
        length=8,
    ),
    "dl-atm41": _one(
        "solar_radiation 0-32768 W/m2, precipitation 1-32768/1000 counted, "
        "lightning_strike_count 2-32768 1 counted, lightning_average_distance 3-32768",
        _WIND.format(4, 5, 6),
        "air_temperature 7-32768/10 C, vapor_pressure 8-32768/100 kPa, "
        "atmospheric_pressure 9-32768/100 kPa, relative_humidity 10-32768/10 %, "
        "sensor_temperature_internal 11-32768/10 C, x_orientation_angle 12-32768/10 deg, "
        "y_orientation_angle 13-32768/10 deg, compass_heading 14-32768 deg, "
        "north_wind_speed 15-32768/100, east_wind_speed 16-32768/100",
        length=17,
    ),
    "dl-atm41g2": _one(
        "solar_radiation 0-32768/10 W/m2, precipitation 1/1000 counted, "
        "lightning_strike_count 2-32768 1 counted, lightning_average_distance 3-32768",
        _WIND.format(4, 5, 6),
        "air_temperature 7-32768/10 C, vapor_pressure 8-32768/100 kPa, "
        "barometric_pressure 9-32768/100 kPa, relative_humidity 10-32768/10 %, "
        "internal_temperature 11-32768/10 C, tilt_angle_x_orientation 12-32768/10 deg, "
        "tilt_angle_y_orientation 13-32768/10 deg, precipitation_electrical_conductivity 14-32768, "
        "cumulative_precipitation 15w/1000 total",
        length=17,
    ),
    "dl-blg": _one(
        Worked("voltage_ratio", formulas.of_ratio(0.5)),
        Worked("thermistor_resistance", formulas.thermistor),
        Worked("temperature", formulas.steinhart, "C"), length=2,
    ),
    "dl-cws": profile(_ROAD, _BATTERY),
    "dl-cws2": profile(
        group(
            2,
            "air_temperature_radiation_shield 0*175/65535+-45 C, "
            "air_humidity_radiation_shield 1*100/65535 %",
        ),
        _ROAD, _BATTERY,
    ),
    "dl-epar": _one(Worked(_PAR, formulas.millivolts(factor=100 / 64))),
    "dl-fspar": _one(Worked(_PAR, formulas.millivolts(factor=100 / 64))),
    "dl-par": _one(Worked(_PAR, formulas.millivolts(factor=5))),
    "dl-pyr": _one(Worked("total_solar_radiation", formulas.millivolts(factor=5), "W/m2")),
    "dl-tbrg": _one(
        "precipitation 0/10 counted, precipitation_interval 1 s, "
        "cumulative_precipitation 2w/10 total",
        length=4,
    ),
    "dl-uva": _one(Worked("uv_a_radiation", formulas.millivolts(factor=10 / 64), "W/m2")),
    "dl-wrm": profile(
        _SHT35, group(2, "surface_temperature 0-1000/10 C, head_temperature 1-1000/10 C"), _BATTERY
    ),
}  # fmt: skip


def _uv_index(words: Words) -> float:
    return floor(formulas.millivolts()(words) / 150)


_WEATHER["dl-uveas-001"] = _one(
    Worked("uv_millivolt", formulas.millivolts(), "mV"), Worked("uv_index", _uv_index)
)


def _gas(name: str, zero: float, sensitivity: float, other: float) -> WordGroup:
    return group(2, *formulas.electrodes(name, zero, sensitivity, other))


_PARTICLES = group(
    10,
    "pm1_0_mass_concentration 0/10, pm2_5_mass_concentration 1/10, pm4_mass_concentration 2/10, "
    "pm10_mass_concentration 3/10, typical_particle_size 4, pm0_5_number_concentration 5/10, "
    "pm1_0_number_concentration 6/10, pm2_5_number_concentration 7/10, "
    "pm4_number_concentration 8/10, pm10_number_concentration 9/10",
)

_AIR: dict[str, Profile] = {
    "dl-ac": profile(
        _SHT21,
        _gas("ch4_no2", 256, 0.256, 227),
        _gas("ch5_no", 320, 0.512, 288),
        _gas("ch6_ox", 235, 0.345, 200),
        _gas("ch7_co", 544, 0.424, 301),
        _BATTERY,
    ),
    "dl-gmm": _one(
        f"{_PAR} 0-32768/10, air_temperature 1-32768/100 C, air_humidity 2-32768/10 %, "
        "co2_concentration 3-32768 ppm, atmospheric_pressure 4-32768/100 kPa, "
        "vapor_pressure_deficit 5-32768/100 kPa, dew_point 6-32768/100 C",
        length=7,
    ),
    "dl-iam": profile(
        _BATTERY,
        _SHT35,
        group(1, "barometric_pressure 0*2 Pa"),
        group(
            2,
            "ambient_light_visible_infrared 0, ambient_light_infrared 1",
            Worked("illuminance", formulas.illuminance, "lx"),
        ),
        group(3, "co2_concentration 0-32768 ppm, co2_sensor_status 1 state, raw_ir_reading 2"),
        group(1, "activity_counter 0 1 counted"),
        group(1, "total_voc 0"),
    ),
    "dl-lp8p": profile(
        _SHT21,
        group(2, "barometer_temperature 0-5000/100 C, barometric_pressure 1*2 Pa"),
        group(
            8,
            "co2_concentration 0-32768 ppm, co2_concentration_lpf 1-32768 ppm, "
            "co2_sensor_temperature 2-32768/100 C, capacitor_voltage_1 3/1000 V, "
            "capacitor_voltage_2 4/1000 V, co2_sensor_status 5 state, raw_ir_reading 6, "
            "raw_ir_reading_lpf 7",
        ),
        _BATTERY,
    ),
    "dl-pm": profile(_BATTERY, _PARTICLES, _SHT21, group(1, "barometric_pressure 0*2 Pa")),
    "dl-rhc": _one(
        "sensor_id 0w state, air_humidity 2/100 %, air_temperature 3-32768/100 C", length=4
    ),
    "dl-sht21": profile(_SHT21, _BATTERY),
    **dict.fromkeys(
        ("dl-sht35", "dl-sht35-001", "dl-sht35-002"), profile(_SHT35, _BATTERY)
    ),
}  # fmt: skip

_PULSES = "{0}pulse_count 0 1 counted, {0}pulse_interval 1 s, {0}cumulative_pulse_count 2w 1 total"
_POSITION = "potentiometer_position"

_INPUTS: dict[str, Profile] = {
    "dl-dlr2-002": _one(_PULSES.format(""), length=4),
    "dl-dlr2-003": _one("input 0 state"),
    "dl-dlr2-004": _one(Worked("current", formulas.loop_current, "mA")),
    "dl-dlr2-005": _one(Worked("voltage", formulas.of_ratio(3), "V"), length=2),
    "dl-dlr2-006": _one(Worked(_POSITION, formulas.of_ratio(1)), length=2),
    "dl-dlr2-008": _one(Worked("temperature", formulas.pt100, "C"), length=2),
    "dl-dlr2-009": _one(
        Worked("thermistor_resistance", formulas.ohms),
        Worked("temperature", formulas.pt1000, "C"), length=2,
    ),
    "dl-dlr2-010": profile(
        group(4, _PULSES.format("ch0_")), group(4, _PULSES.format("ch1_")), _BATTERY
    ),
    "dl-dlr2-011": profile(
        group(1, "ch0_input 0 state"), group(1, "ch1_input 0 state"), _BATTERY
    ),
    "dl-dlr2-012": _one(
        Worked("strain_gauge", formulas.of_ratio(4 / 64 / 2.02 * 1_000_000)), length=2
    ),
    "dl-ds18": _one("temperature 0-32768/16 C"),
    "dl-ds182": profile(
        group(2, "ch0_temperature 0-32768/16 C, ch0_id 1 state"),
        group(2, "ch1_temperature 0-32768/16 C, ch1_id 1 state"),
        _BATTERY,
    ),
    "dl-dws": _one(
        Worked("frequency", formulas.frequency, "Hz"), Worked("weight", formulas.scale, "g"),
        length=3,
    ),
    "dl-kl66": _one(
        "counter_reading 0, measurement_interval 1/32768 s",
        Worked("frequency", formulas.frequency, "Hz"),
        Worked("weight", formulas.strained(1), "g"),
        Worked("elongation", formulas.strained(-1.5 / 1000 * 9.8067)),
        Worked("strain", formulas.strained(-1.5 / 1000 * 9.8067 / 0.066)),
        length=3,
    ),
    "dl-lpw": _one(Worked(_POSITION, formulas.of_ratio(100), "%"), length=2),
    "dl-lws": _one(Worked("leaf_wetness_index", formulas.of_ratio(1)), length=2),
    "dl-zn1": _one(Worked("dendrometer_position", formulas.of_ratio(20000)), length=2),
    "dl-zn2": _one(
        Worked("dendrometer_a_position", formulas.of_ratio(20000)),
        Worked("dendrometer_b_position", formulas.apart), length=4,
    ),
}  # fmt: skip

_DISTANCES = (
    "distance_average 0, distance_minimum 1, distance_maximum 2, distance_median 3, "
    "distance_10th_percentile 4, distance_25th_percentile 5, distance_75th_percentile 6, "
    "distance_90th_percentile 7, distance_most_frequent_value 8"
)
_DEPTH = (
    "water_depth 0-32768, temperature 1-32768/10 C, electrical_conductivity 2*{0}, "
    "freezing_flag 3 state"
)
_PROBE = "status 0 state, temperature 1-32768/100 C"
_KELLER_TEMPERATURE = "temperature 1-384*0.003125+-50 C"

_PLANTS_AND_WATER: dict[str, Profile] = {
    "dl-ctd10": _one(_DEPTH.format(1), length=4),
    "dl-ctd10b": _one(_DEPTH.format(2), length=4),
    "dl-ifd": _one("fruit_size 0/100"),
    "dl-ilt": _one("leaf_temperature 0-32768/100 C"),
    "dl-isd": _one("stem_size 0/1000"),
    "dl-isf": _one(
        "sap_flow 0-3125*16/1000",
        "heat_velocity_outer 1-3125*16/1000, heat_velocity_inner 2-3125*16/1000, "
        "alpha_outer 3-31250*32/100000, alpha_inner 4-31250*32/100000, "
        "beta_outer 5-31250*32/100000, beta_inner 6-31250*32/100000, tmax_outer 7*2/1000 s, "
        "tmax_inner 8*2/1000 s, temperature_outer 9-32768/100 C, max_voltage 10-32768/1000 V, "
        "min_voltage 11-32768/1000 V, diagnostic 12w state, upstream_tmax_outer 14*2/1000 s, "
        "upstream_tmax_inner 15*2/1000 s",
        length=16,
    ),
    "dl-itst": _one("temperature_target 0-1000/10 C, temperature_head 1-1000/10 C", length=2),
    "dl-lid": _one(
        _DISTANCES, "number_of_samples 9, total_acquisition_time 10/1.024", length=11
    ),
    "dl-lid2": _one(
        _DISTANCES,
        "number_of_valid_samples 9, total_acquisition_time 10/1.024, number_of_total_samples 11",
        length=12,
    ),
    "dl-mbx": _one("distance 0, number_of_valid_samples 1", length=2),
    "dl-mes5": _one(
        _PROBE, "sludge_blanket 2/100 %, suspended_solid 3/100, turbidity 4/10", length=5
    ),
    "dl-ntu": _one(
        _PROBE, "turbidity_in_ntu 2/10, turbidity_in_fnu 3/10, turbidity_in_mg_l 4/10", length=5
    ),
    "dl-optod": _one(
        _PROBE,
        "oxygen_saturation 2-32768/100 %, oxygen_concentration 3-32768/100, "
        "oxygen_concentration_alt 4-32768/100 ppm",
        length=5,
    ),
    "dl-pheht": _one(
        _PROBE, "ph 2-32768/100, redox 3-32768/10 mV, ph_mv 4-32768/10 mV", length=5
    ),
    "dl-pmc1": _one(Worked("pressure", formulas.of_ratio(1 / 64 / 0.005), "bar"), length=2),
    "dl-pr21": _one(
        Worked("pressure", formulas.between(-1, 10), "bar"), _KELLER_TEMPERATURE, length=2
    ),
    "dl-pr26": _one(
        Worked("pressure", formulas.between(0, 1), "bar"), _KELLER_TEMPERATURE, length=2
    ),
    "dl-pr36": _one("pressure 0-32768/8192 bar, temperature 1-32768/256 C", length=2),
    "dl-pr36ctd": _one(
        "pressure 0-32768/8192 bar, temperature_electronics 1-32768/256 C, "
        "temperature_pt1000 2-32768/256 C, electrical_conductivity 3-32768/1024",
        length=4,
    ),
    "dl-rad": _one(
        "distance 0, temperature 1-32768/100 C, reliability 2-32768/100, status 3 state", length=4
    ),
}  # fmt: skip

MODELS: dict[str, Profile] = {**_SOIL, **_WEATHER, **_AIR, **_INPUTS, **_PLANTS_AND_WATER}
"""By the model's name in lower case. The range of a pressure sensor and the resolution of a rain
gauge are those of the manufacturer's examples: PR21 -1 to 10 bar, PR26 and PMC1 0 to 1 bar, PR36
8192 steps a bar, TBRG 0.1 mm."""
