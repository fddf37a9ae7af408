//! Shapes for the geospatial functions: points, lines and polygons in WGS 84 degrees, longitude first.
//!
//! Plane geometry in degrees, as the standard's functions have it (OData: the unit of the reference system).

use super::value::Value;

/// A shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// One place.
    Point(Place),
    /// A line through places.
    Line(Vec<Place>),
    /// A polygon: an outer ring, then holes; first and last place of a ring are one.
    Polygon(Vec<Vec<Place>>),
}

/// Longitude and latitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Degrees east.
    pub x: f64,
    /// Degrees north.
    pub y: f64,
}

/// Where a place lies with respect to a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Inside,
    Boundary,
    Outside,
}

impl Geometry {
    /// Parses well-known text: `POINT (22.9 40.6)`, `LINESTRING (…)`, `POLYGON ((…),(…))`, `SRID=4326;` allowed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = match text.split_once(';') {
            Some((srid, rest)) if srid.trim().eq_ignore_ascii_case("SRID=4326") => rest.trim(),
            Some(_) => return None,
            None => text,
        };
        let open = text.find('(')?;
        let name = text[..open].trim().to_ascii_uppercase();
        let inside = text[open..].strip_prefix('(')?.strip_suffix(')')?.trim();
        match name.as_str() {
            "POINT" => place(inside).map(Geometry::Point),
            "LINESTRING" => places(inside).filter(|line| line.len() >= 2).map(Geometry::Line),
            "POLYGON" => {
                let mut rings = Vec::new();
                let mut rest = inside;
                loop {
                    let (ring, after) = rest.strip_prefix('(')?.split_once(')')?;
                    let ring = places(ring).filter(|ring| ring.len() >= 4 && ring.first() == ring.last())?;
                    rings.push(ring);
                    match after.trim().strip_prefix(',') {
                        Some(next) => rest = next.trim(),
                        None if after.trim().is_empty() => return Some(Geometry::Polygon(rings)),
                        None => return None,
                    }
                }
            }
            _ => None,
        }
    }

    /// The shape of a value: a literal's, or the point of a GeoJSON Point or of a Feature that has one.
    pub fn of(value: &Value) -> Option<Self> {
        if let Value::Geometry(shape) = value {
            return Some((**shape).clone());
        }
        let value = value.get("geometry").unwrap_or(value);
        let Value::Text(kind) = value.get("type")? else { return None };
        if kind != "Point" {
            return None;
        }
        let Value::List(numbers) = value.get("coordinates")? else { return None };
        Some(Geometry::Point(Place { x: numbers.first()?.number()?, y: numbers.get(1)?.number()? }))
    }

    /// The length of a line; 0 for the others.
    pub fn length(&self) -> f64 {
        match self {
            Geometry::Line(line) => line.windows(2).map(|pair| distance(pair[0], pair[1])).sum(),
            _ => 0.0,
        }
    }

    /// The least distance between a point and a shape, either way round; none between two shapes that are no points.
    pub fn distance(&self, other: &Geometry) -> Option<f64> {
        match (self, other) {
            (Geometry::Point(at), shape) | (shape, Geometry::Point(at)) => Some(match shape.side(*at) {
                Side::Outside => shape.segments().map(|(a, b)| to_segment(*at, a, b)).fold(f64::INFINITY, f64::min),
                Side::Inside | Side::Boundary => 0.0,
            }),
            _ => None,
        }
    }

    /// Whether they share a place. One of them has to be a point.
    pub fn intersects(&self, other: &Geometry) -> Option<bool> {
        match (self, other) {
            (Geometry::Point(at), shape) | (shape, Geometry::Point(at)) => Some(shape.side(*at) != Side::Outside),
            _ => None,
        }
    }

    /// Whether this lies in the other, not only on its boundary. One of them has to be a point.
    pub fn within(&self, other: &Geometry) -> Option<bool> {
        match (self, other) {
            (Geometry::Point(at), shape) => Some(shape.side(*at) == Side::Inside),
            (_, Geometry::Point(_)) => Some(false),
            _ => None,
        }
    }

    /// Whether they meet at a boundary only. One of them has to be a point.
    pub fn touches(&self, other: &Geometry) -> Option<bool> {
        match (self, other) {
            (Geometry::Point(at), shape) | (shape, Geometry::Point(at)) => Some(shape.side(*at) == Side::Boundary),
            _ => None,
        }
    }

    /// The nine intersections (DE-9IM) of this with the other, row by row. One of them has to be a point.
    pub(super) fn relation(&self, other: &Geometry) -> Option<String> {
        match (self, other) {
            (Geometry::Point(at), shape) => Some(shape.relation_of_point(*at).concat()),
            (shape, Geometry::Point(at)) => {
                let [a, b, c] = shape.relation_of_point(*at);
                let column = |n: usize| [&a[n..=n], &b[n..=n], &c[n..=n]].concat();
                Some([column(0), column(1), column(2)].concat())
            }
            _ => None,
        }
    }

    /// Interior, boundary and exterior of a point with those of this shape. A point has no boundary.
    fn relation_of_point(&self, at: Place) -> [&'static str; 3] {
        let interior = match self.side(at) {
            Side::Inside => "0FF",
            Side::Boundary => "F0F",
            Side::Outside => "FF0",
        };
        let exterior = match self {
            Geometry::Point(other) if *other == at => "FF2",
            Geometry::Point(_) => "0F2",
            Geometry::Line(line) if line.first() == line.last() => "1F2",
            Geometry::Line(_) => "102",
            Geometry::Polygon(_) => "212",
        };
        [interior, "FFF", exterior]
    }

    fn segments(&self) -> Box<dyn Iterator<Item = (Place, Place)> + '_> {
        let pairs = |line: &Vec<Place>| line.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>();
        match self {
            Geometry::Point(at) => Box::new(std::iter::once((*at, *at))),
            Geometry::Line(line) => Box::new(pairs(line).into_iter()),
            Geometry::Polygon(rings) => Box::new(rings.iter().flat_map(pairs)),
        }
    }

    fn side(&self, at: Place) -> Side {
        let on_it = self.segments().any(|(a, b)| to_segment(at, a, b) == 0.0);
        match self {
            Geometry::Point(_) => {
                if on_it {
                    Side::Inside
                } else {
                    Side::Outside
                }
            }
            Geometry::Line(line) => {
                let ends = [line.first(), line.last()];
                let closed = ends[0] == ends[1];
                match on_it {
                    false => Side::Outside,
                    true if !closed && ends.contains(&Some(&at)) => Side::Boundary,
                    true => Side::Inside,
                }
            }
            Geometry::Polygon(rings) => {
                if on_it {
                    return Side::Boundary;
                }
                let inside_ring = |ring: &Vec<Place>| {
                    let crossings = ring.windows(2).filter(|pair| {
                        let (a, b) = (pair[0], pair[1]);
                        (a.y > at.y) != (b.y > at.y) && at.x < (b.x - a.x) * (at.y - a.y) / (b.y - a.y) + a.x
                    });
                    crossings.count() % 2 == 1
                };
                let mut rings = rings.iter();
                if rings.next().is_some_and(inside_ring) && !rings.any(inside_ring) {
                    Side::Inside
                } else {
                    Side::Outside
                }
            }
        }
    }
}

fn place(text: &str) -> Option<Place> {
    let mut numbers = text.split_whitespace().map(|word| word.parse::<f64>().ok().filter(|n| n.is_finite()));
    let place = Place { x: numbers.next()??, y: numbers.next()?? };
    numbers.next().is_none().then_some(place)
}

fn places(text: &str) -> Option<Vec<Place>> {
    text.split(',').map(place).collect()
}

fn distance(a: Place, b: Place) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

fn to_segment(at: Place, a: Place, b: Place) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let square = dx * dx + dy * dy;
    if square == 0.0 {
        return distance(at, a);
    }
    let along = (((at.x - a.x) * dx + (at.y - a.y) * dy) / square).clamp(0.0, 1.0);
    distance(at, Place { x: a.x + along * dx, y: a.y + along * dy })
}
