//! The numbers that stand for quantities in native frames.
//!
//! A number, once given, keeps its meaning for ever: new quantities go at the end. The gateway's catalogue has the same
//! numbers; what a quantity means beyond its unit (range, resolution, aggregation) stands there.

macro_rules! quantities {
    ($($number:literal $name:ident $code:literal $doc:literal)*) => {
        $(#[doc = $doc] pub const $name: u8 = $number;)*

        /// Every quantity: its number and its code, by number from 1.
        pub const ALL: &[(u8, &str)] = &[$(($number, $code)),*];
    };
}

quantities! {
    1 PM1 "pm1" "Particles up to 1 µm, ug/m3."
    2 PM25 "pm25" "Particles up to 2.5 µm, ug/m3."
    3 PM10 "pm10" "Particles up to 10 µm, ug/m3."
    4 NO2 "no2" "Nitrogen dioxide, ug/m3."
    5 SO2 "so2" "Sulphur dioxide, ug/m3."
    6 O3 "o3" "Ozone, ug/m3."
    7 NO "no" "Nitrogen monoxide, ug/m3."
    8 CO "co" "Carbon monoxide, mg/m3."
    9 SOUND_LAEQ "sound_laeq" "Equivalent sound level, A-weighted, dB."
    10 SOUND_LAMAX "sound_lamax" "Highest sound level, A-weighted, dB."
    11 SOUND_L10 "sound_l10" "Sound level exceeded for 10 % of the time, dB."
    12 SOUND_L50 "sound_l50" "Sound level exceeded for 50 % of the time, dB."
    13 SOUND_L90 "sound_l90" "Sound level exceeded for 90 % of the time, dB."
    14 TEMPERATURE "temperature" "Air temperature, Cel."
    15 HUMIDITY "humidity" "Relative humidity of the air, %."
    16 PRESSURE "pressure" "Air pressure, hPa."
    17 WIND_SPEED "wind_speed" "Wind speed, m/s."
    18 WIND_DIRECTION "wind_direction" "Direction the wind comes from, deg."
    19 RAIN "rain" "Precipitation since the reading before, mm."
    20 PARKING "parking" "Whether a parking place is taken, a state."
    21 BIN_FILL "bin_fill" "How full a waste bin is, %."
    22 BIN_TEMPERATURE "bin_temperature" "Temperature in a waste bin, Cel."
    23 WATER_LEVEL "water_level" "Water level, m."
    24 WATER_PRESSURE "water_pressure" "Water pressure, bar."
    25 WATER_FLOW "water_flow" "Water flow, m3/h."
    26 PH "ph" "Acidity of water, `[pH]`."
    27 TURBIDITY "turbidity" "Turbidity of water, `{NTU}`."
    28 CHLORINE "chlorine" "Free chlorine in water, mg/L."
    29 LAMP_POWER "lamp_power" "Power that a street lamp takes, W."
    30 LAMP_ENERGY "lamp_energy" "Energy that a street lamp took, a counter, kW.h."
    31 LAMP_DIMMING "lamp_dimming" "Light level of a street lamp, %."
    32 TRAFFIC_COUNT "traffic_count" "Vehicles since the reading before, `{count}`."
    33 TRAFFIC_SPEED "traffic_speed" "Mean speed of vehicles, km/h."
    34 SOIL_MOISTURE "soil_moisture" "Water in soil by volume, %."
    35 IMPACT "impact" "Peak acceleration of a hit on play equipment, `[g]`."
    36 TILT "tilt" "Inclination of play equipment, deg."
    37 USES "uses" "Uses of play equipment, a counter, `{count}`."
    38 SURFACE_TEMPERATURE "surface_temperature" "Temperature of a surface, Cel."
    39 LIFT_TRIPS "lift_trips" "Trips of a lift, a counter, `{count}`."
    40 LIFT_DOOR_CYCLES "lift_door_cycles" "Door cycles of a lift, a counter, `{count}`."
    41 VIBRATION "vibration" "Vibration, m/s2."
    42 MOTOR_TEMPERATURE "motor_temperature" "Temperature of a motor, Cel."
    43 BATTERY "battery" "Voltage of a node's battery, V."
    44 SIGNAL "signal" "Received signal strength, `dB[mW]`."
    45 UPTIME "uptime" "Time since a node's last reset, a counter, s."
    46 RESET_CAUSE "reset_cause" "Why a node was reset, a state: see [`Status`](crate::native::Status)."
    47 IMPACT_DURATION "impact_duration" "How long a hit on play equipment lasted, ms; it comes with its `impact`."
    48 LINK_ERRORS "link_errors" "Connections of a node that failed or broke since its last reset, a counter, `{count}`."
    49 FAULT "fault" "What went wrong in the run before a node's last reset, a state: 0 nothing, 1 panic, 2 hard fault, 3 hang."
    50 FAULT_PLACE "fault_place" "Where that was: the source's line of a panic, else the processor's address."
    51 LEVELLING "levelling" "How far a lift stopped from its landing, mm."
}

/// The code of quantity `number`, `pm25`.
pub fn code(number: u8) -> Option<&'static str> {
    let index = usize::from(number).checked_sub(1)?;
    ALL.get(index).map(|(_, code)| *code)
}

/// The number of the quantity with that code.
pub fn number(code: &str) -> Option<u8> {
    ALL.iter().find(|(_, known)| *known == code).map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_run_from_one_without_a_gap_and_codes_are_unique() {
        for (index, (number, text)) in ALL.iter().enumerate() {
            assert_eq!(usize::from(*number), index + 1, "{text}");
            assert_eq!(code(*number), Some(*text));
            assert_eq!(super::number(text), Some(*number), "another quantity has the code {text}");
        }
        assert_eq!(code(0), None);
        assert_eq!(code(ALL.len() as u8 + 1), None);
        assert_eq!(super::number("PM25"), None);
    }

    #[test]
    fn nodes_in_the_field_know_these_numbers() {
        assert_eq!((PM1, PM25, TEMPERATURE, HUMIDITY, PARKING), (1, 2, 14, 15, 20));
        assert_eq!((SURFACE_TEMPERATURE, BATTERY, RESET_CAUSE, LEVELLING, ALL.len()), (38, 43, 46, 51, 51));
    }
}
