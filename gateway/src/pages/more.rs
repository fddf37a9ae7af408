//! What else there is, for who looks: each link that would not be refused, and no other.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::Pages;
use super::text::Lang;
use super::view::{PageError, Tab, View, Visitor, show};

#[derive(Template)]
#[template(path = "more.html")]
struct More {
    t: Lang,
    v: View,
    groups: Vec<(&'static str, Vec<Link>)>,
}

struct Link {
    path: &'static str,
    name: &'static str,
    says: &'static str,
}

/// `GET /more`.
pub(super) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, render).await
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let t = visitor.lang;
    let link = |path, name, says| Link { path, name, says };
    let mut groups = vec![
        (t.more_equipment(), vec![link("/field", t.field(), t.field_says())]),
        (
            t.more_city(),
            vec![
                link("/alerts", t.alerts(), t.more_alerts()),
                link("/account", t.account(), t.more_account()),
                link("/rejections", t.rejections(), t.more_rejections()),
                link("/sinks", t.sinks(), t.more_sinks()),
                link("/about", t.about(), t.more_about()),
            ],
        ),
        (
            t.more_nodes(),
            vec![
                link("/nodes/new", t.add_node(), t.more_add_node()),
                link("/nodes/import", t.import_nodes(), t.more_import()),
                link("/nodes/knocking", t.knocking(), t.more_knocking()),
                link("/certificates", t.certificates(), t.more_certificates()),
            ],
        ),
        (
            t.more_people(),
            vec![link("/people", t.people(), t.more_accounts()), link("/tokens", t.tokens(), t.more_tokens())],
        ),
        (
            t.more_proof(),
            vec![
                link("/people/rights", t.rights_review(), t.more_rights()),
                link("/audit", t.audit_log(), t.more_audit()),
                link("/data-protection", t.data_protection(), t.more_data()),
            ],
        ),
    ];
    for (_, links) in &mut groups {
        links.retain(|link| visitor.offers(pages, "GET", link.path));
    }
    groups.retain(|(_, links)| !links.is_empty());
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::More, t.more());
    Ok(More { t, v, groups }.render()?)
}
