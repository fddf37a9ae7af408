//! The field page's shell: a page without anybody's data, its scripts, and the worker that keeps them on the phone for when
//! there is no signal. All are of one edition, named by their content; a phone never mixes two.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::super::Pages;
use super::super::super::assets::{self, FOR_EVER, fingerprint};
use super::super::super::text::Lang;
use super::super::super::view::{PageError, Tab, View, Visitor, show};
use crate::operations::duty;
use crate::service::access::Caller;

/// What the page is made of beside the common style, by name.
const FILES: [(&str, &str); 14] = [
    ("app.js", include_str!("../../../../templates/field/app.js")),
    ("checklist.js", include_str!("../../../../templates/field/checklist.js")),
    ("dom.js", include_str!("../../../../templates/field/dom.js")),
    ("field.css", include_str!("../../../../templates/field/field.css")),
    ("finding.js", include_str!("../../../../templates/field/finding.js")),
    ("hold.js", include_str!("../../../../templates/field/hold.js")),
    ("list.js", include_str!("../../../../templates/field/list.js")),
    ("model.js", include_str!("../../../../templates/field/model.js")),
    ("outbox.js", include_str!("../../../../templates/field/outbox.js")),
    ("photo.js", include_str!("../../../../templates/field/photo.js")),
    ("send.js", include_str!("../../../../templates/field/send.js")),
    ("sign.js", include_str!("../../../../templates/field/sign.js")),
    ("step.js", include_str!("../../../../templates/field/step.js")),
    ("store.js", include_str!("../../../../templates/field/store.js")),
];
const WORKER: &str = include_str!("../../../../templates/field/sw.js");

/// Changes with anything that the page is made of, its words among it.
const EDITION: u64 = {
    let (mut edition, mut place) = (assets::VERSION ^ fingerprint(WORKER), 0);
    while place < FILES.len() {
        edition = edition.rotate_left(5) ^ fingerprint(FILES[place].1);
        place += 1;
    }
    let page = fingerprint(include_str!("../../../../templates/field.html"));
    edition.rotate_left(5) ^ page ^ fingerprint(include_str!("../../text/field.rs")).rotate_left(7)
};

/// On the whole page and nothing else: the worker keeps what carries it.
const MARK: HeaderName = HeaderName::from_static("x-field");

#[derive(Template)]
#[template(path = "field.html")]
struct Shell {
    t: Lang,
    v: View,
    edition: String,
    words: String,
    reinspection: String,
}

fn edition() -> String {
    format!("{EDITION:016x}")
}

/// JSON that may stand inside a `script` element.
fn inside(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// `GET /field`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    let mut response = show(pages, visitor, render).await;
    if response.status() == StatusCode::OK {
        response.headers_mut().insert(MARK, HeaderValue::try_from(edition()).expect("hexadecimal digits"));
    }
    response
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let t = visitor.lang;
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::None, t.field());
    let again = duty::reinspection();
    let (words, reinspection) = (inside(&json!(t.field_words())), inside(&json!({ "el": again.el, "en": again.en })));
    Ok(Shell { t, v, edition: edition(), words, reinspection }.render()?)
}

/// `GET /field/who`: who is signed in, so that nobody sends in another's name.
pub(in crate::pages) async fn who(Extension(caller): Extension<Caller>) -> Response {
    match caller.person() {
        Some(person) => Json(json!({ "person": person.id.subject(), "name": person.shown() })).into_response(),
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

/// `GET /field/sw.js`: with the edition and its files written before it, so that it changes when they do.
pub(in crate::pages) async fn worker() -> Response {
    let edition = edition();
    let mut files: Vec<String> = FILES.iter().map(|(name, _)| format!("/assets/field/{edition}/{name}")).collect();
    files.push(format!("/assets/style.css?v={:016x}", assets::VERSION));
    files.push("/assets/icon.svg".to_owned());
    let text = format!("const VERSION = {};\nconst FILES = {};\n{WORKER}", json!(edition), json!(files));
    let allowed = HeaderName::from_static("service-worker-allowed");
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    (
        [
            kind,
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (allowed, HeaderValue::from_static("/field")),
        ],
        text,
    )
        .into_response()
}

/// `GET /assets/field/{edition}/{file}`: of this edition only; under another's name it would be kept for ever.
pub(in crate::pages) async fn file(Path((asked, name)): Path<(String, String)>) -> Response {
    let known = FILES.iter().find(|(known, _)| *known == name && asked == edition());
    let Some((_, text)) = known else { return StatusCode::NOT_FOUND.into_response() };
    let kind = if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FOR_EVER)], *text).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Names after `t.` in a script; of `t[…]` what stands before the part that is filled in.
    fn asked(text: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let end = |rest: &str| rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
        let before =
            |text: &str| !text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '/');
        let places = |mark| text.match_indices(mark).filter(move |(at, _)| before(&text[..*at]));
        let cut = |(at, mark): (usize, &str)| {
            let rest = &text[at + mark.len()..];
            &rest[..end(rest)]
        };
        (places("t.").map(cut).filter(|name| !name.is_empty()).collect(), places("t[`").map(cut).collect())
    }

    #[test]
    fn every_word_that_the_scripts_say_is_there_and_no_other() {
        let words = Lang::El.field_words();
        let mut unsaid: BTreeSet<&str> = words.keys().copied().collect();
        for (file, text) in FILES.iter().filter(|(file, _)| file.ends_with(".js")) {
            let (names, begun) = asked(text);
            for name in names {
                assert!(words.contains_key(name), "{file} says t.{name}");
                unsaid.remove(name);
            }
            for begun in begun {
                assert!(
                    unsaid.len() < words.len() && words.keys().any(|name| name.starts_with(begun)),
                    "{file}: {begun}"
                );
                unsaid.retain(|name| !name.starts_with(begun));
            }
        }
        assert!(unsaid.is_empty(), "nobody says {unsaid:?}");
        assert_eq!(words.len(), Lang::En.field_words().len());
    }

    #[test]
    fn every_refusal_is_said_in_words() {
        let words = Lang::El.field_words();
        let rules = include_str!("../../../operations/case/parts.rs").to_owned()
            + include_str!("../../../operations/inspection.rs")
            + include_str!("../field.rs");
        // As the rules name them: `=> "own_work"`, `refused("times"`.
        let codes = rules.split('\n').filter_map(|line| {
            let rest = line.split_once("=> \"").or_else(|| line.split_once("refused(\"")).map(|(_, rest)| rest)?;
            rest.split('"').next().filter(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        });
        let mut found = 0;
        for code in codes {
            found += 1;
            assert!(words.contains_key(&*format!("reason_{code}")), "{code}");
        }
        assert!(found > 30, "{found} codes were found");
    }

    #[test]
    fn a_script_element_is_not_ended_by_what_stands_in_it() {
        assert!(!inside(&json!({ "a": "</script><!--" })).contains('<'));
    }
}
