//! Charts drawn on the server: a line, a band, gaps as gaps, flags, limits. Pure: points in, SVG's numbers out.

use std::fmt::Write;

use super::format;
use super::text::Lang;
use super::time::Local;
use crate::reading::{Flag, Timestamp};
use crate::store::model::{Span, Status};

/// One window, or one reading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    /// The window; a reading's is empty.
    pub(super) span: Span,
    pub(super) mean: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    /// The worst flag in it.
    pub(super) flag: Flag,
    pub(super) status: Status,
}

impl Point {
    fn middle(&self) -> Timestamp {
        self.span.from.plus_millis(self.span.until.millis_since(self.span.from) / 2)
    }
}

/// A limit that is drawn where it falls within the chart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) value: f64,
    pub(super) label: &'static str,
    pub(super) fails: bool,
}

/// How large a chart is drawn, and what stands in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) ticks: usize,
    pub(super) class: &'static str,
}

/// On a desk.
pub(super) const WIDE: Size = Size { width: 960.0, height: 320.0, ticks: 9, class: "wide" };
/// On a phone.
pub(super) const NARROW: Size = Size { width: 400.0, height: 280.0, ticks: 4, class: "narrow" };

const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 30.0;

/// A chart, ready for a template.
#[derive(Clone, Debug, Default)]
pub(super) struct Chart {
    pub(super) class: &'static str,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) band: String,
    pub(super) line: String,
    pub(super) dots: Vec<(String, String)>,
    pub(super) suspect: Vec<(String, String)>,
    pub(super) failed: Vec<(String, String)>,
    /// x, width, open or provisional.
    pub(super) unsettled: Vec<(String, String, bool)>,
    pub(super) rows: Vec<(String, String)>,
    pub(super) columns: Vec<(String, String)>,
    pub(super) limits: Vec<(String, String, bool)>,
}

/// What a chart is drawn of.
pub(super) struct Drawing<'a> {
    pub(super) points: &'a [Point],
    pub(super) span: Span,
    /// Points further apart than this are not joined; none joins all.
    pub(super) gap_ms: Option<i64>,
    pub(super) limits: &'a [Limit],
    pub(super) decimals: usize,
    /// A value stays until the next: states.
    pub(super) steps: bool,
    pub(super) local: &'a Local,
}

impl Drawing<'_> {
    /// Draws it in that size.
    pub(super) fn draw(&self, size: Size) -> Chart {
        let merged = merge(self.points, self.span, (size.width - LEFT - RIGHT) as usize);
        let (least, greatest) = extent(&merged);
        let scale = Scale::nice(least, greatest, 5);
        let width = size.width - LEFT - RIGHT;
        let height = size.height - TOP - BOTTOM;
        let length = self.span.until.millis_since(self.span.from).max(1) as f64;
        let x = |at: Timestamp| LEFT + (at.millis_since(self.span.from) as f64 / length).clamp(0.0, 1.0) * width;
        let y = |value: f64| TOP + (1.0 - scale.share(value)) * height;
        let mut chart = Chart {
            class: size.class,
            width: size.width,
            height: size.height,
            left: LEFT,
            right: size.width - RIGHT,
            top: TOP,
            bottom: size.height - BOTTOM,
            ..Chart::default()
        };
        for part in self.parts(&merged) {
            self.draw_part(&mut chart, part, &x, &y);
        }
        for point in &merged {
            let at = short(x(point.middle()));
            let height = |value: Option<f64>| short(y(value.unwrap_or(scale.from)));
            match point.flag {
                Flag::Suspect => chart.suspect.push((at, height(point.mean))),
                Flag::Fail => chart.failed.push((at, height(point.high.or(point.mean)))),
                _ => {}
            }
            if point.status != Status::Settled && point.span.until > point.span.from {
                let (from, until) = (x(point.span.from), x(point.span.until));
                chart.unsettled.push((short(from), short((until - from).max(1.0)), point.status == Status::Open));
            }
        }
        let decimals = scale.decimals();
        let lang = self.local.lang;
        chart.rows = scale.ticks().map(|value| (short(y(value)), format::number(value, decimals, lang))).collect();
        chart.columns = columns(self.span, size.ticks, self.local).map(|(at, label)| (short(x(at)), label)).collect();
        let inside = |limit: &&Limit| scale.from < limit.value && limit.value < scale.until;
        chart.limits = self
            .limits
            .iter()
            .filter(inside)
            .map(|l| {
                let value = format::number(l.value, if l.value.fract() == 0.0 { 0 } else { self.decimals }, lang);
                (short(y(l.value)), format!("{} {value}", l.label), l.fails)
            })
            .collect();
        chart
    }

    /// Points that are joined: broken where something is missing.
    fn parts<'p>(&self, points: &'p [Point]) -> Vec<&'p [Point]> {
        let mut parts = Vec::new();
        let mut start = 0;
        for n in 0..points.len() {
            if points[n].mean.is_none() {
                parts.push(&points[start..n]);
                start = n + 1;
            } else if n > start && self.is_gap(&points[n - 1], &points[n]) {
                parts.push(&points[start..n]);
                start = n;
            }
        }
        parts.push(&points[start.min(points.len())..]);
        parts.retain(|part| !part.is_empty());
        parts
    }

    fn is_gap(&self, before: &Point, after: &Point) -> bool {
        self.gap_ms.is_some_and(|gap| after.span.from.millis_since(before.span.until) > gap)
    }

    fn draw_part(&self, chart: &mut Chart, part: &[Point], x: &dyn Fn(Timestamp) -> f64, y: &dyn Fn(f64) -> f64) {
        if let [only] = part {
            if let Some(mean) = only.mean {
                chart.dots.push((short(x(only.middle())), short(y(mean))));
            }
        } else {
            for (n, point) in part.iter().enumerate() {
                let Some(mean) = point.mean else { continue };
                let at = short(x(point.middle()));
                let _ = match n {
                    0 => write!(chart.line, "M{at} {}", short(y(mean))),
                    _ if self.steps => write!(chart.line, "H{at}V{}", short(y(mean))),
                    _ => write!(chart.line, "L{at} {}", short(y(mean))),
                };
            }
        }
        let band: Vec<_> = part.iter().filter_map(|p| Some((x(p.middle()), p.low?, p.high?))).collect();
        if band.iter().any(|(_, low, high)| low < high) {
            let edge = if band.len() == 1 { 2.0 } else { 0.0 };
            for (n, (at, _, high)) in band.iter().enumerate() {
                let _ = write!(
                    chart.band,
                    "{}{} {}",
                    if n == 0 { 'M' } else { 'L' },
                    short(*at - if n == 0 { edge } else { 0.0 }),
                    short(y(*high))
                );
            }
            for (n, (at, low, _)) in band.iter().rev().enumerate() {
                let _ = write!(chart.band, "L{} {}", short(*at + if n == 0 { edge } else { 0.0 }), short(y(*low)));
            }
            chart.band.push('Z');
        }
    }
}

/// A small line without axes, `width` by `height`: the path.
pub(super) fn sparkline(points: &[(Timestamp, f64)], span: Span, gap_ms: Option<i64>, size: (f64, f64)) -> String {
    let (least, greatest) =
        points.iter().fold((f64::MAX, f64::MIN), |(low, high), (_, value)| (low.min(*value), high.max(*value)));
    let length = span.until.millis_since(span.from).max(1) as f64;
    let range = greatest - least;
    let mut path = String::new();
    let mut before: Option<Timestamp> = None;
    for (at, value) in points {
        let x = at.millis_since(span.from) as f64 / length * (size.0 - 2.0) + 1.0;
        let share = if range > 0.0 { (value - least) / range } else { 0.5 };
        let y = 2.0 + (1.0 - share) * (size.1 - 4.0);
        let joined = before.is_some_and(|b| gap_ms.is_none_or(|gap| at.millis_since(b) <= gap));
        // A line of no length with round ends is a dot.
        let _ = match joined {
            true => write!(path, "L{} {}", short(x), short(y)),
            false => write!(path, "M{0} {1}L{0} {1}", short(x), short(y)),
        };
        before = Some(*at);
    }
    path
}

fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn extent(points: &[Point]) -> (f64, f64) {
    let values = points.iter().flat_map(|p| [p.mean, p.low, p.high]).flatten();
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    if low > high { (0.0, 1.0) } else { (low, high) }
}

/// At most `columns` points: those that would fall on the same column become one.
fn merge(points: &[Point], span: Span, columns: usize) -> Vec<Point> {
    if points.len() <= columns {
        return points.to_vec();
    }
    let length = span.until.millis_since(span.from).max(1);
    let column = |p: &Point| (i128::from(p.middle().millis_since(span.from)) * columns as i128) / i128::from(length);
    let mut merged: Vec<Point> = Vec::with_capacity(columns);
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let means: Vec<f64> = group.iter().filter_map(|p| p.mean).collect();
        let fold = |pick: fn(f64, f64) -> f64, of: fn(&Point) -> Option<f64>| group.iter().filter_map(of).reduce(pick);
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        merged.push(Point {
            span: Span { from: first.span.from, until: last.span.until },
            mean: (!means.is_empty()).then(|| means.iter().sum::<f64>() / means.len() as f64),
            low: fold(f64::min, |p| p.low.or(p.mean)),
            high: fold(f64::max, |p| p.high.or(p.mean)),
            flag: group.iter().fold(Flag::NotEvaluated, |worst, p| worst.worst(p.flag)),
            status: last.status,
        });
    }
    merged
}

/// An axis with round numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    from: f64,
    until: f64,
    step: f64,
}

impl Scale {
    /// The axis that holds both with about `ticks` steps of 1, 2 or 5.
    fn nice(least: f64, greatest: f64, ticks: usize) -> Self {
        let range = greatest - least;
        // A flat line is drawn in the middle of something.
        let range = if range > 0.0 { range } else { least.abs().max(1.0) * 0.1 };
        let rough = range / ticks as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(power);
        let from = (least / step).floor() * step;
        let until = (greatest / step).ceil() * step;
        if until > from { Self { from, until, step } } else { Self { from: from - step, until: until + step, step } }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.from) / (self.until - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + use<> {
        let Self { from, until, step } = *self;
        let count = ((until - from) / step).round() as usize;
        (0..=count).map(move |n| from + n as f64 * step)
    }

    fn decimals(&self) -> usize {
        (-self.step.log10().floor()).clamp(0.0, 6.0) as usize
    }
}

/// Where lines of time stand: at round local times, at most about `most` of them.
fn columns(span: Span, most: usize, local: &Local) -> std::vec::IntoIter<(Timestamp, String)> {
    const HOUR: i64 = 3_600_000;
    const STEPS: [i64; 12] = [
        HOUR / 12,
        HOUR / 4,
        HOUR / 2,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        24 * HOUR,
        48 * HOUR,
        168 * HOUR,
        720 * HOUR,
    ];
    let length = span.until.millis_since(span.from);
    let fits = |step: &i64| length / step <= most as i64;
    let step = STEPS.into_iter().find(fits).unwrap_or(8_760 * HOUR / 4);
    let mut found = Vec::new();
    let Some(mut day) = local.midnight(span.from) else { return found.into_iter() };
    let days = (step / (24 * HOUR)).max(1);
    while day < span.until && found.len() <= most + 2 {
        // Past midnight by a day and a half lies in the next local day, whatever its length.
        let next = local.midnight(day.plus_millis(days * 24 * HOUR + 2 * HOUR));
        let Some(next) = next.filter(|next| *next > day) else { break };
        let mut at = day;
        while at < next {
            if span.contains(at) {
                let label = match local.zoned(at) {
                    Some(zoned) if at == day => local.day(&zoned),
                    Some(zoned) => zoned.strftime("%H:%M").to_string(),
                    None => String::new(),
                };
                found.push((at, label));
            }
            at = if step >= 24 * HOUR { next } else { at.plus_millis(step) };
        }
        day = next;
    }
    found.into_iter()
}

/// Written beside the chart for readers who do not see it.
pub(super) fn summary(points: &[Point], decimals: usize, unit: &str, t: Lang) -> Option<String> {
    if !points.iter().any(|p| p.mean.is_some()) {
        return None;
    }
    let (least, greatest) = extent(points);
    let tell = |value: f64| format::number(value, decimals, t);
    let unit = if unit.is_empty() { String::new() } else { format!("\u{a0}{unit}") };
    Some(match t {
        Lang::El => format!("από {}{unit} έως {}{unit}", tell(least), tell(greatest)),
        Lang::En => format!("from {}{unit} to {}{unit}", tell(least), tell(greatest)),
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn local() -> Local {
        let zone = TimeZone::get("Europe/Athens").expect("the zone is bundled");
        Local { now: at(0), zone, lang: Lang::El }
    }

    /// Hours after 2026-11-20T22:00Z, a local midnight.
    fn at(hours: i64) -> Timestamp {
        let base = "2026-11-20T22:00:00Z".parse::<jiff::Timestamp>().expect("a time");
        Timestamp::from_millis(base.as_millisecond() + hours * HOUR)
    }

    fn point(hour: i64, mean: Option<f64>) -> Point {
        let span = Span { from: at(hour), until: at(hour + 1) };
        Point { span, mean, low: mean, high: mean.map(|m| m + 1.0), flag: Flag::Good, status: Status::Settled }
    }

    fn drawing<'a>(points: &'a [Point], local: &'a Local) -> Drawing<'a> {
        let span = Span { from: at(0), until: at(24) };
        Drawing { points, span, gap_ms: Some(0), limits: &[], decimals: 1, steps: false, local }
    }

    #[test]
    fn axes_have_round_numbers_that_hold_every_value() {
        for (least, greatest) in [(0.0, 1.0), (-3.2, 47.9), (1013.2, 1013.9), (5.0, 5.0), (0.0, 0.0), (-0.004, 0.0)] {
            let scale = Scale::nice(least, greatest, 5);
            assert!(scale.from <= least && greatest <= scale.until, "{scale:?}");
            let ticks = scale.ticks().count();
            assert!((3..=8).contains(&ticks), "{least} {greatest}: {ticks}");
        }
        assert_eq!(Scale::nice(-3.2, 47.9, 5), Scale { from: -20.0, until: 60.0, step: 20.0 });
    }

    #[test]
    fn a_gap_is_not_joined() {
        let local = local();
        let points =
            [point(0, Some(1.0)), point(1, Some(2.0)), point(4, Some(3.0)), point(5, None), point(6, Some(4.0))];
        let chart = drawing(&points, &local).draw(WIDE);
        assert_eq!(chart.line.matches('M').count(), 1, "{}", chart.line);
        assert_eq!(chart.line.matches('L').count(), 1, "{}", chart.line);
        assert_eq!(chart.dots.len(), 2, "what stands alone is a dot");
        assert_eq!(chart.band.matches('Z').count(), 3, "{}", chart.band);
    }

    #[test]
    fn flags_and_what_is_not_settled_are_marked() {
        let local = local();
        let mut points = [point(0, Some(1.0)), point(1, Some(2.0)), point(2, Some(3.0))];
        points[0].flag = Flag::Suspect;
        points[1].flag = Flag::Fail;
        points[2].status = Status::Open;
        let chart = drawing(&points, &local).draw(WIDE);
        assert_eq!((chart.suspect.len(), chart.failed.len(), chart.unsettled.len()), (1, 1, 1));
        assert!(chart.unsettled[0].2);
    }

    #[test]
    fn lines_of_time_stand_at_round_local_times() {
        let local = local();
        let labels = |hours| {
            columns(Span { from: at(0), until: at(hours) }, 9, &local).map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(labels(24), ["21 Νοε", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]);
        assert_eq!(labels(72), ["21 Νοε", "12:00", "22 Νοε", "12:00", "23 Νοε", "12:00"]);
        assert_eq!(labels(7 * 24).len(), 7);
        assert!(labels(365 * 24).len() <= 14);
    }

    #[test]
    fn limits_are_drawn_only_where_they_fall_within() {
        let local = local();
        let points = [point(0, Some(1.0)), point(1, Some(9.0))];
        let limits = [Limit { value: 5.0, label: "x", fails: false }, Limit { value: 500.0, label: "y", fails: true }];
        let chart = Drawing { limits: &limits, ..drawing(&points, &local) }.draw(WIDE);
        assert_eq!(chart.limits.len(), 1);
        assert_eq!(chart.limits[0].1, "x 5");
    }

    #[test]
    fn many_points_become_no_more_than_there_are_columns() {
        let points: Vec<_> = (0..24).map(|hour| point(hour, Some(hour as f64))).collect();
        let merged = merge(&points, Span { from: at(0), until: at(24) }, 6);
        assert_eq!(merged.len(), 6);
        assert_eq!((merged[0].low, merged[0].high), (Some(0.0), Some(4.0)));
    }
}
