//! Data protection: the register of personal data, how long each class of data is kept and what its last run removed, and
//! how requests for erasure were answered.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use serde_json::Value;

use super::Pages;
use super::text::Lang;
use super::time::When;
use super::view::{PageError, Tab, View, Visitor, show};
use crate::audit::{self, Category, Entry, Search};
use crate::people::Permission;
use crate::people::erasure::{self, Fate, Kept};
use crate::service::access::Caller;
use crate::store::StoreError;

const DAY_MS: u64 = 86_400_000;
/// Requests that are shown; the audit log has all.
const REQUESTS: usize = 50;
/// Runs that are looked through for the last that removed something.
const RUNS: usize = 500;

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    t: Lang,
    v: View,
    classes: Vec<Class>,
    retention: Vec<Line>,
    requests: Vec<Request>,
    may_erase: bool,
}

/// A class of the register.
struct Class {
    code: String,
    name: String,
    what: String,
    why: String,
    ground: String,
    kept: String,
    asked: String,
}

/// How long something is kept.
struct Line {
    name: &'static str,
    key: &'static str,
    days: u32,
    ran: Option<When>,
    removed: String,
}

/// A request for erasure that was answered.
struct Request {
    id: u64,
    at: When,
    person: String,
    classes: Vec<String>,
    found_again: bool,
}

/// `GET /data-protection`.
pub(super) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, render).await
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let (t, local, config) = (visitor.lang, pages.local(visitor), &pages.gateway.config);
    let records = super::audit::open(pages)?;
    let fates = erasure::fates(config, local.now);
    let classes = fates.iter().map(|(class, fate)| Class {
        code: class.code.to_string(),
        name: t.pick(&class.name).to_owned(),
        what: t.pick(&class.what).to_owned(),
        why: t.pick(&class.why).to_owned(),
        ground: t.pick(&class.ground).to_owned(),
        kept: match erasure::kept(class, config) {
            Kept::For(ms) => t.days_kept((ms as u64).div_ceil(DAY_MS)),
            Kept::WithNode => t.data_with_node().to_owned(),
            Kept::WithRecord => t.data_with_record().to_owned(),
            Kept::Elsewhere => t.data_elsewhere().to_owned(),
        },
        asked: match fate {
            Fate::Erased => t.data_erased().to_owned(),
            Fate::Until(until) => format!("{} {}", t.fate_kept(), local.short(*until)),
            Fate::WithNode => t.fate_with_node().to_owned(),
            Fate::WithRecord => t.fate_with_record().to_owned(),
            Fate::Elsewhere => t.fate_elsewhere().to_owned(),
        },
    });
    let runs = |subject: &str, what: &str, top| -> Result<Vec<Entry>, StoreError> {
        let search = Search { subject: subject.to_owned(), category: Some(Category::Data), ..Search::default() };
        let mut found = audit::list(&records, &search, top)?;
        found.retain(|entry| entry.what == what);
        Ok(found)
    };
    let (telemetry, people) = (runs("telemetry", "retention", RUNS)?, runs("people", "retention", RUNS)?);
    let trims = audit::list(
        &records,
        &Search { subject: "audit".into(), category: Some(Category::Audit), text: "trim".into(), ..Search::default() },
        1,
    )?;
    let kept = |name, key, days, entries: &[Entry], part: &str| {
        let removed = |entry: &Entry| removed(entry, part);
        Line {
            name,
            key,
            days,
            ran: entries.first().map(|entry| local.when(entry.at)),
            removed: entries
                .iter()
                .find_map(|entry| Some((local.when(entry.at), removed(entry).filter(|n| *n > 0)?)))
                .map_or_else(String::new, |(when, n)| format!("{} · {}", super::format::count(n, t), when.short)),
        }
    };
    let days = config.retention;
    let retention = vec![
        kept(t.data_observations(), "observations_days", days.observations_days, &telemetry, "observations"),
        kept(t.data_aggregates(), "aggregates_days", days.aggregates_days, &telemetry, "aggregates"),
        kept(t.data_rejections(), "rejections_days", days.rejections_days, &telemetry, "rejections"),
        kept(t.data_accounts(), "accounts_days", days.accounts_days, &people, "accounts"),
        Line {
            ran: people.first().map(|entry| local.when(entry.at)),
            ..kept(t.data_audit(), "audit_days", days.audit_days, &trims, "entries")
        },
    ];
    let answered = Search { category: Some(Category::Data), text: "answer erasure".into(), ..Search::default() };
    let requests = audit::list(&records, &answered, REQUESTS)?;
    let requests = requests.iter().filter(|entry| entry.what == "answer erasure").map(|entry| {
        let after: Value =
            entry.after_json.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let name = |code: &str| {
            let class = fates.iter().find(|(class, _)| &*class.code == code);
            class.map_or_else(|| code.to_owned(), |(class, _)| t.pick(&class.name).to_owned())
        };
        let told = |class: &Value| {
            let fate = if class["fate"] == "erased" { t.data_erased() } else { t.data_stays() };
            let until = class["until"].as_str().and_then(|until| until.get(..10)).unwrap_or_default();
            format!("{}: {fate} {until}", name(class["class"].as_str().unwrap_or_default())).trim_end().to_owned()
        };
        Request {
            id: entry.id,
            at: local.when(entry.at),
            person: entry.subject.clone(),
            classes: after["classes"].as_array().map(|all| all.iter().map(told).collect()).unwrap_or_default(),
            found_again: after["found_again"].as_u64().is_some_and(|n| n > 0),
        }
    });
    let may = |caller: &Caller| caller.person().is_some_and(|person| person.may(Permission::People));
    let page = DataPage {
        v: View::new(pages, visitor, &local, Tab::More, t.data_protection()),
        classes: classes.collect(),
        retention,
        requests: requests.collect(),
        may_erase: visitor.caller.as_ref().is_some_and(may),
        t,
    };
    Ok(page.render()?)
}

fn removed(entry: &Entry, part: &str) -> Option<u64> {
    let after: Value = serde_json::from_str(entry.after_json.as_deref()?).ok()?;
    after[part].as_u64()
}
