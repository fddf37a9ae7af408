//! From the shape to checked values: every default and every bound stands here, once, beside its key.

use std::net::SocketAddr;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::{self, Key};
use super::problem::{Problem, Problems, Report};
use super::shape::{self, EnrolmentMode, Shape, Size};
use super::{Alerts, CatalogueSource, Config, Enrolment, Limits, Listen, Municipality, Retention, Windows};
use crate::catalogue::{Catalogue, load as catalogue};
use crate::store::model::WindowLength;

mod access;
mod broker;
mod delivery;
mod influxdb;
mod oidc;
mod serial;
mod tls;

pub(crate) use tls::is_host;

/// Looks up an environment variable.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

pub(super) fn load(file: &Path, environment: Environment<'_>) -> Result<Config, Problems> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let text = document::read_text(&file)?;
    let (shape, report) = document::read::<Shape>(&file, &text);
    let mut check = Check::new(report, &file, environment);
    let config = check.config(&shape);
    let (mut problems, warnings) = check.finish();
    let (catalogue, of_catalogues) = read_catalogue(&config.catalogue_source);
    problems.extend(of_catalogues);
    Problems::check(problems)?;
    Ok(Config { catalogue: Arc::new(catalogue), warnings, ..config })
}

#[cfg(any(test, fuzzing))]
pub(super) fn problems_of(text: &str) -> usize {
    let file = Path::new("/nowhere/gateway.toml");
    let (shape, report) = document::read::<Shape>(file, text);
    let mut check = Check::new(report, file, &|_| None);
    let _ = check.config(&shape);
    let (problems, warnings) = check.finish();
    // Each is written out, with its line.
    problems.iter().chain(&warnings).map(|problem| problem.to_string().lines().count()).sum()
}

/// What an empty file in `folder` gives, without looking at the disk.
pub(super) fn defaults(folder: &Path) -> Config {
    let file = folder.join("gateway.toml");
    let mut check = Check::new(Report::new(&file, ""), &file, &|_| None);
    let config = check.config(&Shape::default());
    Config { catalogue: Arc::new(catalogue::embedded()), catalogue_source: CatalogueSource::Embedded, ..config }
}

fn read_catalogue(source: &CatalogueSource) -> (Catalogue, Vec<Problem>) {
    match source {
        CatalogueSource::Embedded => (catalogue::embedded(), Vec::new()),
        CatalogueSource::Folder(folder) => catalogue::read_folder(folder),
    }
}

/// One pass over a shape.
struct Check<'a> {
    report: Report,
    warnings: Report,
    folder: PathBuf,
    environment: Environment<'a>,
}

impl<'a> Check<'a> {
    fn new(report: Report, file: &Path, environment: Environment<'a>) -> Self {
        let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
        Self { warnings: report.without_problems(), report, folder, environment }
    }

    fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        (self.report.into_problems(), self.warnings.into_problems())
    }

    fn config(&mut self, shape: &Shape) -> Config {
        Config {
            file: self.report.file().to_owned(),
            data_dir: self.data_dir(&shape.data_dir),
            catalogue: Arc::default(),
            catalogue_source: self.catalogues(&shape.catalogues),
            time_zone: self.time_zone(&shape.time_zone),
            demonstration: self.demonstration(shape),
            tour: None,
            municipality: self.municipality(&shape.municipality),
            listen: self.listen(&shape.listen, shape.http.tls.get().is_some()),
            enrolment: match shape.enrolment.mode.get() {
                Some(EnrolmentMode::Open) => Enrolment::Open,
                Some(EnrolmentMode::Claim) | None => Enrolment::Claim,
            },
            claim: std::time::Duration::from_secs(self.number(
                "enrolment.claim_s",
                &shape.enrolment.claim_s,
                86_400,
                60..=2_592_000,
            )),
            certificates: self.certificates(shape),
            access: self.access(&shape.access),
            oidc: self.oidc(shape),
            http_tls: shape.http.tls.get().map(|section| self.http_tls(section, shape.http.tls.span())),
            mqtt_tls: self.mqtt_tls(shape),
            audit: self.audit(&shape.audit),
            influxdb: shape.influxdb.get().map(|section| self.influxdb(section, shape.influxdb.span())),
            broker: shape.broker.get().map(|section| self.broker(section, shape.broker.span())),
            serial: self.serial(&shape.serial),
            alerts: self.alerts(&shape.alerts),
            delivery: self.delivery(shape),
            windows: self.windows(&shape.windows),
            retention: self.retention(&shape.retention),
            limits: self.limits(&shape.limits),
            warnings: Vec::new(),
        }
    }

    fn data_dir(&mut self, key: &Key<String>) -> PathBuf {
        let name = self.text("data_dir", key).unwrap_or_else(|| "data".into());
        let path = self.folder.join(name);
        if path.exists() && !path.is_dir() {
            self.report.add("data_dir", key.span(), format!("{} is a file", path.display()), "a folder");
        }
        path
    }

    fn catalogues(&mut self, key: &Key<String>) -> CatalogueSource {
        let beside = self.folder.join("catalogues");
        match self.text("catalogues", key).map(|folder| self.folder.join(folder)) {
            Some(folder) if folder.is_dir() => CatalogueSource::Folder(folder),
            Some(folder) => {
                let found = format!("there is no folder {}", folder.display());
                self.report.add("catalogues", key.span(), found, "a folder with the catalogues");
                CatalogueSource::Embedded
            }
            None if beside.is_dir() => CatalogueSource::Folder(beside),
            None => CatalogueSource::Embedded,
        }
    }

    fn time_zone(&mut self, key: &Key<String>) -> jiff::tz::TimeZone {
        let name = self.text("time_zone", key).unwrap_or_else(|| "Europe/Athens".into());
        jiff::tz::TimeZone::get(&name).unwrap_or_else(|_| {
            let found = format!("this machine knows no time zone {name:?}");
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
            let problem = self.report.add("time_zone", key.span(), found, "an IANA name such as \"Europe/Athens\"");
            problem.hint = super::problem::did_you_mean(&name, known.iter().map(String::as_str));
            if known.is_empty() {
                problem.hint("install the package tzdata");
            }
            jiff::tz::TimeZone::UTC
        })
    }

    /// Demonstration data never leaves for a store elsewhere.
    fn demonstration(&mut self, shape: &Shape) -> bool {
        let demonstration = shape.demonstration.get().copied().unwrap_or(false);
        let store = shape.influxdb.get().and_then(|influxdb| influxdb.url.get());
        if demonstration && shape.influxdb.get().is_some() && !store.is_some_and(|url| influxdb::is_here(url)) {
            let span = shape.demonstration.span();
            self.report.add(
                "demonstration",
                span,
                "true beside [influxdb] on another machine",
                "one of the two: demonstration data stays on this machine",
            );
        }
        demonstration
    }

    fn municipality(&mut self, shape: &shape::Municipality) -> Municipality {
        let logo = self.text("municipality.logo", &shape.logo).map(|file| self.folder.join(file));
        if let Some(file) = &logo {
            let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if !["svg", "png"].contains(&kind) {
                let found = self.report.excerpt(shape.logo.span().unwrap_or_default());
                self.report.add("municipality.logo", shape.logo.span(), found, "a file .svg or .png");
            } else if let Err(error) = std::fs::File::open(file) {
                let found = format!("{} cannot be read: {error}", file.display());
                self.report.add("municipality.logo", shape.logo.span(), found, "an image file");
            }
        }
        Municipality {
            name: self.text("municipality.name", &shape.name).unwrap_or_else(|| "Δήμος Θεσσαλονίκης".into()),
            department: self.text("municipality.department", &shape.department),
            logo,
            phone: self.text("municipality.phone", &shape.phone),
        }
    }

    fn listen(&mut self, shape: &shape::Listen, tls: bool) -> Listen {
        let mqtt = self.address("listen.mqtt", &shape.mqtt, SocketAddr::from(([127, 0, 0, 1], 1883)));
        let http = self.address("listen.http", &shape.http, SocketAddr::from(([127, 0, 0, 1], 8080)));
        let http_beyond_loopback = shape.http_beyond_loopback.get().copied().unwrap_or(false);
        if !http.ip().is_loopback() && !http_beyond_loopback && !tls {
            let found = format!("{http} can be reached from other machines, and passwords would travel in clear");
            let expected = "a certificate in [http.tls], or an address of 127.0.0.1 or [::1]";
            let problem = self.report.add("listen.http", shape.http.span(), found, expected);
            problem.hint("to allow it all the same, set http_beyond_loopback = true in [listen]");
        }
        if mqtt == http && mqtt.port() != 0 {
            let span = shape.http.span().or(shape.mqtt.span());
            self.report.add("listen.http", span, format!("{http} is MQTT's address too"), "an address of its own");
        }
        let mqtts = shape.mqtts.get().map(|_| self.address("listen.mqtts", &shape.mqtts, http));
        if let Some(mqtts) = mqtts.filter(|mqtts| mqtts.port() != 0 && (*mqtts == mqtt || *mqtts == http)) {
            let found = format!("{mqtts} is the address of mqtt or http too");
            self.report.add("listen.mqtts", shape.mqtts.span(), found, "an address of its own");
        }
        Listen {
            mqtt,
            mqtts,
            http,
            http_beyond_loopback,
            public_url: self.public_url(&shape.public_url),
            trusted_proxies: self.trusted_proxies(&shape.trusted_proxies),
        }
    }

    fn windows(&mut self, shape: &shape::Windows) -> Windows {
        const KEY: &str = "windows.lengths";
        let default = || vec![WindowLength::Minutes(15), WindowLength::Minutes(60), WindowLength::LocalDay];
        let lengths = shape.lengths.get().map_or_else(default, |texts| {
            let mut lengths = Vec::new();
            for text in texts {
                let Some(length) = window_length(text) else {
                    let expected = "PTnM or PTnH that divide a day, or P1D for a local day";
                    let problem = self.report.add(KEY, shape.lengths.span(), format!("{text:?}"), expected);
                    if window_length(&text.to_uppercase()).is_some() {
                        problem.hint(format!("write {:?}", text.to_uppercase()));
                    }
                    continue;
                };
                if lengths.contains(&length) {
                    self.report.add(KEY, shape.lengths.span(), format!("{text:?} twice"), "each length once");
                }
                lengths.push(length);
            }
            if !(1..=7).contains(&texts.len()) {
                self.report.add(KEY, shape.lengths.span(), format!("{} lengths", texts.len()), "1 to 7");
            }
            lengths
        });
        Windows {
            lengths,
            settle_s: self.number("windows.settle_s", &shape.settle_s, 300, 0..=86_400),
            quiet_s: self.number("windows.quiet_s", &shape.quiet_s, 5, 0..=3_600),
        }
    }

    fn alerts(&mut self, shape: &shape::Alerts) -> Alerts {
        Alerts {
            every_s: self.number("alerts.every_s", &shape.every_s, 5, 1..=3_600),
            look_ms: self.number("alerts.look_ms", &shape.look_ms, 100, 10..=60_000),
            escalate_min: self.number("alerts.escalate_min", &shape.escalate_min, 15, 1..=1_440),
            reopen_s: self.number("alerts.reopen_s", &shape.reopen_s, 3_600, 0..=86_400),
            open_max: self.number("alerts.open_max", &shape.open_max, 1_000, 10..=100_000),
        }
    }

    fn retention(&mut self, shape: &shape::Retention) -> Retention {
        let retention = Retention {
            observations_days: self.number("retention.observations_days", &shape.observations_days, 730, 1..=36_500),
            aggregates_days: self.number("retention.aggregates_days", &shape.aggregates_days, 3_650, 1..=36_500),
            rejections_days: self.number("retention.rejections_days", &shape.rejections_days, 30, 1..=3_650),
            accounts_days: self.number("retention.accounts_days", &shape.accounts_days, 365, 1..=36_500),
            audit_days: self.number("retention.audit_days", &shape.audit_days, 3_650, 365..=36_500),
            distances_days: self.number("retention.distances_days", &shape.distances_days, 90, 1..=730),
            documents_days: self.number("retention.documents_days", &shape.documents_days, 30, 1..=3_650),
            alerts_days: self.number("retention.alerts_days", &shape.alerts_days, 1_825, 1..=36_500),
        };
        let Retention { observations_days, aggregates_days, .. } = retention;
        if aggregates_days < observations_days {
            let span = shape.aggregates_days.span().or(shape.observations_days.span());
            let expected = format!("observations_days = {observations_days} or more");
            self.report.add("retention.aggregates_days", span, aggregates_days.to_string(), expected);
        }
        retention
    }

    fn limits(&mut self, shape: &shape::Limits) -> Limits {
        let limits = Limits {
            packet_bytes_max: self.size("limits.packet_bytes_max", &shape.packet_bytes_max, 65_536, KIB..=16 * MIB),
            connections_max: self.number("limits.connections_max", &shape.connections_max, 20_000, 1..=1_000_000),
            http_connections_max: self.number(
                "limits.http_connections_max",
                &shape.http_connections_max,
                1_000,
                10..=100_000,
            ),
            in_flight_max: self.number("limits.in_flight_max", &shape.in_flight_max, 1_000, 200..=65_535),
            nodes_max: self.number("limits.nodes_max", &shape.nodes_max, 20_000, 1..=1_000_000),
            knocks_max: self.number("limits.knocks_max", &shape.knocks_max, 1_000, 10..=10_000),
            import_rows_max: self.number("limits.import_rows_max", &shape.import_rows_max, 2_000, 1..=10_000),
            assets_max: self.number("limits.assets_max", &shape.assets_max, 20_000, 1..=100_000),
            evidence_bytes_max: self.size(
                "limits.evidence_bytes_max",
                &shape.evidence_bytes_max,
                GIB / 2,
                MIB..=4 * GIB - 1,
            ),
            datastreams_max: self.number("limits.datastreams_max", &shape.datastreams_max, 200_000, 1..=10_000_000),
            journal_bytes_max: self.size("limits.journal_bytes_max", &shape.journal_bytes_max, GIB, MIB..=TIB),
            journal_segment_bytes: self.size(
                "limits.journal_segment_bytes",
                &shape.journal_segment_bytes,
                16 * MIB,
                64 * KIB..=GIB,
            ),
            queue_bytes_max: self.size("limits.queue_bytes_max", &shape.queue_bytes_max, 8 * MIB, 64 * KIB..=4 * GIB),
            disk_bytes_max: self.size("limits.disk_bytes_max", &shape.disk_bytes_max, 20 * GIB, 16 * MIB..=1024 * TIB),
            rejections_max: self.number("limits.rejections_max", &shape.rejections_max, 100_000, 1..=10_000_000),
            clock_ahead_max_s: self.number("limits.clock_ahead_max_s", &shape.clock_ahead_max_s, 300, 0..=86_400),
            age_error_max_s: self.number("limits.age_error_max_s", &shape.age_error_max_s, 600, 0..=86_400),
            checkpoint_s: self.number("limits.checkpoint_s", &shape.checkpoint_s, 60, 1..=3_600),
            checkpoint_readings: self.number(
                "limits.checkpoint_readings",
                &shape.checkpoint_readings,
                1_000_000,
                1..=100_000_000,
            ),
            windows_waiting_max: self.number(
                "limits.windows_waiting_max",
                &shape.windows_waiting_max,
                1_000_000,
                1_000..=100_000_000,
            ),
        };
        let packet = u64::from(limits.packet_bytes_max);
        let pairs = [
            ("queue_bytes_max", &shape.queue_bytes_max, limits.queue_bytes_max, "packet_bytes_max", packet, 1),
            (
                "journal_segment_bytes",
                &shape.journal_segment_bytes,
                limits.journal_segment_bytes,
                "packet_bytes_max",
                packet,
                2,
            ),
            (
                "journal_bytes_max",
                &shape.journal_bytes_max,
                limits.journal_bytes_max,
                "journal_segment_bytes",
                limits.journal_segment_bytes,
                2,
            ),
            (
                "disk_bytes_max",
                &shape.disk_bytes_max,
                limits.disk_bytes_max,
                "journal_bytes_max",
                limits.journal_bytes_max,
                2,
            ),
        ];
        for (key, place, bytes, other, other_bytes, factor) in pairs {
            if bytes < other_bytes * factor {
                let times = if factor == 1 { "" } else { "twice " };
                let expected = format!("{times}{other} ({}) or more", Size(other_bytes));
                self.report.add(format!("limits.{key}"), place.span(), Size(bytes).to_string(), expected);
            }
        }
        limits
    }

    /// The text of a key; none when the key is not there. An empty one is a problem, and so is one with a line break.
    fn text(&mut self, name: &str, key: &Key<String>) -> Option<String> {
        let text = key.get()?.trim();
        if text.is_empty() {
            self.report.add(name, key.span(), "an empty text", "a text, or no such key");
            return None;
        }
        if text.chars().any(char::is_control) {
            self.report.add(name, key.span(), "a text with a control character", "one line of text");
            return None;
        }
        Some(text.to_owned())
    }

    fn address(&mut self, name: &str, key: &Key<String>, default: SocketAddr) -> SocketAddr {
        let Some(text) = self.text(name, key) else { return default };
        text.parse().unwrap_or_else(|_| {
            let expected = "an IP address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\"";
            let problem = self.report.add(name, key.span(), format!("{text:?}"), expected);
            if let Some(port) = text.strip_prefix("localhost:") {
                problem.hint(format!("write \"127.0.0.1:{port}\""));
            }
            default
        })
    }

    fn number<N: TryFrom<u64>>(&mut self, name: &str, key: &Key<u64>, default: u64, range: RangeInclusive<u64>) -> N {
        let show = |number: u64| number.to_string();
        self.ranged(name, key.get().copied(), key.span(), default, range, show)
    }

    fn size<N: TryFrom<u64>>(&mut self, name: &str, key: &Key<Size>, default: u64, range: RangeInclusive<u64>) -> N {
        let show = |bytes: u64| Size(bytes).to_string();
        self.ranged(name, key.get().map(|size| size.0), key.span(), default, range, show)
    }

    fn ranged<N: TryFrom<u64>>(
        &mut self,
        name: &str,
        value: Option<u64>,
        span: Option<Range<usize>>,
        default: u64,
        range: RangeInclusive<u64>,
        show: impl Fn(u64) -> String,
    ) -> N {
        let mut value = value.unwrap_or(default);
        if !range.contains(&value) {
            let expected = format!("{} to {}", show(*range.start()), show(*range.end()));
            self.report.add(name, span, show(value), expected);
            value = default;
        }
        N::try_from(value).ok().expect("the range is within the type")
    }
}

/// `PT15M`, `PT1H`, `P1D`.
pub(crate) fn window_length(text: &str) -> Option<WindowLength> {
    if text == "P1D" {
        return Some(WindowLength::LocalDay);
    }
    let time = text.strip_prefix("PT")?;
    let (number, minutes) = match time.strip_suffix('H') {
        Some(hours) => (hours, 60),
        None => (time.strip_suffix('M')?, 1),
    };
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let length = number.parse::<u16>().ok()?.checked_mul(minutes)?;
    (length > 0 && 1_440 % length == 0).then_some(WindowLength::Minutes(length))
}
