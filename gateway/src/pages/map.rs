//! A sketch of Thessaloniki: coast, main streets, communities; drawn from a few dozen points, and nodes put on it.
//!
//! Positions near each other become one mark, so that a finger can hit it and ten thousand nodes fit on a page.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::census::{Seen, State};
use crate::catalogue::Position;

/// Size of the drawing.
pub(super) const WIDTH: f64 = 640.0;
pub(super) const HEIGHT: f64 = 600.0;
const LON: (f64, f64) = (22.8935, 22.9965);
const LAT: (f64, f64) = (40.5855, 40.6585);
/// Nodes within a square of this size are one mark.
const CELL: f64 = 34.0;
/// With more marks than this, squares are larger and each mark stands in the middle of its own.
const MARKS_MAX: usize = 40;
const CROWDED_CELL: f64 = 42.0;

type Point = (f64, f64);

/// The coast from the west to the south-east, latitude and longitude: port, old waterfront, White Tower, new waterfront.
const COAST: &[Point] = &[
    (40.6490, 22.8935),
    (40.6440, 22.8948),
    (40.6418, 22.8985),
    (40.6402, 22.9030),
    (40.6385, 22.9048),
    (40.6372, 22.9040),
    (40.6366, 22.9062),
    (40.6388, 22.9090),
    (40.6392, 22.9118),
    (40.6362, 22.9112),
    (40.6358, 22.9130),
    (40.6388, 22.9148),
    (40.6390, 22.9176),
    (40.6350, 22.9176),
    (40.6350, 22.9196),
    (40.6390, 22.9208),
    (40.6388, 22.9236),
    (40.6338, 22.9246),
    (40.6340, 22.9266),
    (40.6376, 22.9276),
    (40.6370, 22.9306),
    (40.6318, 22.9330),
    (40.6324, 22.9346),
    (40.6352, 22.9344),
    (40.6342, 22.9362),
    (40.6316, 22.9404),
    (40.6294, 22.9440),
    (40.6264, 22.9478),
    (40.6240, 22.9492),
    (40.6205, 22.9497),
    (40.6165, 22.9508),
    (40.6120, 22.9514),
    (40.6075, 22.9503),
    (40.6030, 22.9482),
    (40.5992, 22.9466),
    (40.5975, 22.9476),
    (40.5955, 22.9474),
    (40.5925, 22.9444),
    (40.5885, 22.9402),
    (40.5855, 22.9372),
];

/// Main streets.
const STREETS: &[&[Point]] = &[
    // Egnatia and its continuation
    &[
        (40.6409, 22.9344),
        (40.6365, 22.9432),
        (40.6324, 22.9517),
        (40.6308, 22.9542),
        (40.6263, 22.9605),
        (40.6200, 22.9690),
        (40.6130, 22.9790),
    ],
    // Tsimiski
    &[(40.6368, 22.9368), (40.6325, 22.9450), (40.6276, 22.9528)],
    // Monastiriou
    &[(40.6409, 22.9344), (40.6439, 22.9280), (40.6480, 22.9180), (40.6530, 22.9050)],
    // Lagkada
    &[(40.6409, 22.9344), (40.6470, 22.9338), (40.6585, 22.9350)],
    // Agiou Dimitriou
    &[(40.6425, 22.9372), (40.6398, 22.9450), (40.6362, 22.9535), (40.6318, 22.9615)],
    // Vasilissis Olgas
    &[(40.6268, 22.9505), (40.6210, 22.9535), (40.6120, 22.9553), (40.6040, 22.9528), (40.5985, 22.9512)],
    // Delfon, Charilaou
    &[(40.6238, 22.9565), (40.6150, 22.9590), (40.6060, 22.9615), (40.5980, 22.9660), (40.5900, 22.9705)],
    // Lambraki, Toumba
    &[(40.6282, 22.9618), (40.6210, 22.9680), (40.6158, 22.9729), (40.6080, 22.9790)],
    // The ring road
    &[
        (40.6585, 22.9225),
        (40.6545, 22.9380),
        (40.6510, 22.9550),
        (40.6420, 22.9685),
        (40.6330, 22.9760),
        (40.6240, 22.9870),
        (40.6120, 22.9915),
        (40.5990, 22.9880),
        (40.5855, 22.9800),
    ],
];

/// The communities, roughly: code, mark, where it stands, outline. Neighbours share their limits.
const ZONES: &[(&str, &str, Point, &[Point])] = &[
    (
        "DKA",
        "Α΄",
        (40.6352, 22.9452),
        &[
            (40.6352, 22.9344),
            (40.6409, 22.9344),
            (40.6418, 22.9385),
            (40.6392, 22.9465),
            (40.6362, 22.9535),
            (40.6330, 22.9620),
            (40.6275, 22.9672),
            (40.6238, 22.9640),
            (40.6214, 22.9575),
            (40.6212, 22.9496),
            (40.6240, 22.9492),
            (40.6264, 22.9478),
            (40.6294, 22.9440),
            (40.6316, 22.9404),
            (40.6342, 22.9362),
        ],
    ),
    (
        "DKB",
        "Β΄",
        (40.6482, 22.9172),
        &[
            (40.6352, 22.9344),
            (40.6370, 22.9306),
            (40.6376, 22.9276),
            (40.6388, 22.9236),
            (40.6390, 22.9208),
            (40.6390, 22.9176),
            (40.6388, 22.9148),
            (40.6392, 22.9118),
            (40.6388, 22.9090),
            (40.6385, 22.9048),
            (40.6402, 22.9030),
            (40.6480, 22.9020),
            (40.6560, 22.9080),
            (40.6552, 22.9260),
            (40.6500, 22.9345),
            (40.6409, 22.9344),
        ],
    ),
    (
        "DKC",
        "Γ΄",
        (40.6446, 22.9478),
        &[
            (40.6409, 22.9344),
            (40.6500, 22.9345),
            (40.6502, 22.9450),
            (40.6470, 22.9580),
            (40.6400, 22.9668),
            (40.6330, 22.9620),
            (40.6362, 22.9535),
            (40.6392, 22.9465),
            (40.6418, 22.9385),
        ],
    ),
    (
        "DKT",
        "Τ",
        (40.6236, 22.9712),
        &[
            (40.6275, 22.9672),
            (40.6262, 22.9765),
            (40.6190, 22.9788),
            (40.6166, 22.9690),
            (40.6188, 22.9640),
            (40.6238, 22.9640),
        ],
    ),
    (
        "DKD",
        "Δ΄",
        (40.6112, 22.9812),
        &[
            (40.6190, 22.9788),
            (40.6245, 22.9850),
            (40.6120, 22.9892),
            (40.6035, 22.9852),
            (40.6040, 22.9745),
            (40.6100, 22.9668),
            (40.6166, 22.9690),
        ],
    ),
    (
        "DKE",
        "Ε΄",
        (40.6062, 22.9560),
        &[
            (40.6212, 22.9496),
            (40.6214, 22.9575),
            (40.6238, 22.9640),
            (40.6188, 22.9640),
            (40.6166, 22.9690),
            (40.6100, 22.9668),
            (40.6040, 22.9745),
            (40.5945, 22.9762),
            (40.5888, 22.9720),
            (40.5895, 22.9580),
            (40.5975, 22.9476),
            (40.5992, 22.9466),
            (40.6030, 22.9482),
            (40.6075, 22.9503),
            (40.6120, 22.9514),
            (40.6165, 22.9508),
            (40.6205, 22.9497),
        ],
    ),
];

/// Where a position is on the drawing, in pixels.
fn project((lat, lon): Point) -> Point {
    let x = (lon - LON.0) / (LON.1 - LON.0) * WIDTH;
    let y = (LAT.1 - lat) / (LAT.1 - LAT.0) * HEIGHT;
    (x, y)
}

fn path(points: &[Point]) -> String {
    let mut out = String::with_capacity(points.len() * 10);
    for (place, point) in points.iter().enumerate() {
        let (x, y) = project(*point);
        let _ = write!(out, "{}{x:.0} {y:.0}", if place == 0 { 'M' } else { 'L' });
    }
    out
}

/// The lines of the sketch, ready for an SVG's `d`.
pub(super) struct Sketch {
    pub(super) sea: String,
    pub(super) coast: String,
    pub(super) streets: Vec<String>,
    pub(super) zones: Vec<ZoneShape>,
}

/// A community on the sketch.
pub(super) struct ZoneShape {
    pub(super) mark: &'static str,
    pub(super) outline: String,
    pub(super) x: String,
    pub(super) y: String,
}

/// Draws the sketch.
pub(super) fn sketch() -> Sketch {
    let coast = path(COAST);
    Sketch {
        sea: format!("{coast}L0 {HEIGHT:.0}L0 0L{:.0} 0Z", project(COAST[0]).0),
        coast,
        streets: STREETS.iter().map(|street| path(street)).collect(),
        zones: ZONES
            .iter()
            .map(|(_, mark, middle, outline)| {
                let (x, y) = project(*middle);
                ZoneShape { mark, outline: path(outline) + "Z", x: format!("{x:.0}"), y: format!("{y:.0}") }
            })
            .collect(),
    }
}

/// The letter by which the sketch calls a zone.
pub(super) fn zone_mark(code: &str) -> &'static str {
    ZONES.iter().find(|zone| zone.0 == code).map_or("", |zone| zone.1)
}

/// What stands somewhere in the city and is in some state.
pub(super) trait Stands {
    /// Its states, the worst the least.
    type State: Ord + Copy;

    fn position(&self) -> Option<Position>;
    fn state(&self) -> Self::State;
    fn site(&self) -> Option<&str>;
}

impl Stands for Seen {
    type State = State;

    fn position(&self) -> Option<Position> {
        self.position
    }

    fn state(&self) -> State {
        self.state
    }

    fn site(&self) -> Option<&str> {
        self.site.as_deref()
    }
}

/// One or more that stand together.
pub(super) struct Mark<'a, T: Stands> {
    pub(super) x: f64,
    pub(super) y: f64,
    /// The worst of them.
    pub(super) state: T::State,
    pub(super) count: usize,
    pub(super) first: &'a T,
    /// Whether all of them are of one site.
    pub(super) one_site: bool,
}

/// A mark as it is drawn: a shape by its code, and what it says and leads to.
pub(super) struct MarkShown {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) shape: &'static str,
    pub(super) count: usize,
    pub(super) label: String,
    pub(super) href: String,
}

impl<T: Stands> Mark<'_, T> {
    pub(super) fn shown(&self, shape: &'static str, label: String, href: String) -> MarkShown {
        MarkShown { x: format!("{:.0}", self.x), y: format!("{:.0}", self.y), shape, count: self.count, label, href }
    }
}

/// The marks of the map.
pub(super) struct Marks<'a, T: Stands> {
    pub(super) marks: Vec<Mark<'a, T>>,
    /// Whether they stand in a grid, for want of room.
    pub(super) crowded: bool,
    /// How many have no position, or stand beyond the drawing.
    pub(super) off: usize,
}

/// Puts what stands in the city on the map; what has no position or stands beyond the drawing is counted only.
pub(super) fn marks<T: Stands>(nodes: &[T]) -> Marks<'_, T> {
    let (marks, off) = group(nodes, CELL);
    if marks.len() <= MARKS_MAX {
        return Marks { marks, crowded: false, off };
    }
    let (mut marks, off) = group(nodes, CROWDED_CELL);
    for mark in &mut marks {
        let middle = |value: f64| ((value / CROWDED_CELL).floor() + 0.5) * CROWDED_CELL;
        (mark.x, mark.y) = (middle(mark.x), middle(mark.y));
    }
    Marks { marks, crowded: true, off }
}

fn group<T: Stands>(nodes: &[T], size: f64) -> (Vec<Mark<'_, T>>, usize) {
    let mut cells: BTreeMap<(i64, i64), Mark<'_, T>> = BTreeMap::new();
    let mut off = 0;
    for seen in nodes {
        let Some((x, y)) = seen.position().and_then(on_map) else {
            off += 1;
            continue;
        };
        let cell = ((y / size) as i64, (x / size) as i64);
        match cells.get_mut(&cell) {
            Some(mark) => {
                mark.state = mark.state.min(seen.state());
                mark.count += 1;
                mark.one_site &= mark.first.site() == seen.site() && seen.site().is_some();
            }
            None => {
                let one_site = seen.site().is_some();
                cells.insert(cell, Mark { x, y, state: seen.state(), count: 1, first: seen, one_site });
            }
        }
    }
    (cells.into_values().collect(), off)
}

fn on_map(position: Position) -> Option<Point> {
    let (x, y) = project((position.lat, position.lon));
    ((4.0..WIDTH - 4.0).contains(&x) && (4.0..HEIGHT - 4.0).contains(&y)).then_some((x, y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::NodeId;

    fn seen(id: &str, state: State, position: Option<(f64, f64)>) -> Seen {
        Seen {
            id: NodeId::new(id).expect("a name"),
            node: None,
            state,
            heard_at: None,
            connected_at: None,
            zone: None,
            site: None,
            position: position.map(|(lat, lon)| Position { lat, lon }),
            series: Vec::new(),
        }
    }

    #[test]
    fn nodes_that_stand_together_are_one_mark_with_the_worst_state() {
        let nodes = [
            seen("a", State::Good, Some((40.6264, 22.9484))),
            seen("b", State::Silent, Some((40.6264, 22.9484))),
            seen("c", State::Good, Some((40.6498, 22.9286))),
            seen("d", State::Good, Some((57.15, -2.09))),
            seen("e", State::Good, None),
        ];
        let Marks { marks, off, crowded } = marks(&nodes);
        assert_eq!((off, crowded), (2, false));
        let found: Vec<_> = marks.iter().map(|m| (m.first.id.as_str(), m.count, m.state)).collect();
        assert_eq!(found, [("c", 1, State::Good), ("a", 2, State::Silent)]);
    }

    #[test]
    fn thousands_of_nodes_stand_in_a_grid_apart() {
        let place = |n: i32| Some((40.60 + f64::from(n % 70) * 0.0007, 22.92 + f64::from(n / 70) * 0.0007));
        let nodes: Vec<_> = (0..4_000).map(|n| seen(&format!("n{n}"), State::Good, place(n))).collect();
        let Marks { marks, crowded, off } = marks(&nodes);
        assert!(crowded && marks.len() <= 225, "{}", marks.len());
        assert_eq!(marks.iter().map(|mark| mark.count).sum::<usize>() + off, 4_000);
        for (n, a) in marks.iter().enumerate() {
            let apart = |b: &Mark<'_, Seen>| (a.x - b.x).hypot(a.y - b.y) >= CROWDED_CELL - 0.01;
            assert!(marks[n + 1..].iter().all(apart));
        }
    }

    #[test]
    fn communities_stand_on_the_drawing() {
        for zone in sketch().zones {
            let (x, y): (f64, f64) = (zone.x.parse().expect("a number"), zone.y.parse().expect("a number"));
            assert!((0.0..WIDTH).contains(&x) && (0.0..HEIGHT).contains(&y), "{}", zone.mark);
        }
    }
}
