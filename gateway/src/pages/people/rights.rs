//! The review of rights, to be printed and signed (ISO/IEC 27001 A.5.18).

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::super::Pages;
use super::super::text::Lang;
use super::super::time::When;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::{Row, row};
use crate::people::{Permission, Role};

#[derive(Template)]
#[template(path = "rights.html")]
struct RightsPage {
    t: Lang,
    v: View,
    decides: bool,
    groups: Vec<Group>,
    tokens: Vec<TokenRow>,
    permissions: Vec<&'static str>,
    roles: Vec<(&'static str, Vec<bool>)>,
}

/// Those of one role.
struct Group {
    id: &'static str,
    name: &'static str,
    people: Vec<(Row, When)>,
}

struct TokenRow {
    name: String,
    since: When,
    until: When,
    used: Option<When>,
}

/// `GET /people/rights`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, render).await
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let standing = pages.gateway.people.review()?;
    let comes_in = |one: &&crate::people::Standing| {
        one.person.state != crate::people::State::Blocked
            && one.person.valid_until.is_none_or(|until| local.now < until)
    };
    let shown = |one: &crate::people::Standing| (row(&one.person, &local), local.when(one.since));
    // Whoever decides about others first.
    let mut groups: Vec<Group> = Role::ALL
        .into_iter()
        .rev()
        .map(|role| Group {
            id: role.code(),
            name: t.role(role),
            people: standing.iter().filter(comes_in).filter(|one| one.person.role == role).map(shown).collect(),
        })
        .collect();
    let out: Vec<_> = standing.iter().filter(|one| !comes_in(one)).map(shown).collect();
    if !out.is_empty() {
        groups.push(Group { id: "without", name: t.rights_blocked(), people: out });
    }
    let mut roles: Vec<(&'static str, Vec<bool>)> = Role::ALL
        .into_iter()
        .rev()
        .map(|role| (t.role(role), Permission::ALL.into_iter().map(|permission| role.may(permission)).collect()))
        .collect();
    roles.push((t.rights_token(), Permission::ALL.into_iter().map(|one| one == Permission::Read).collect()));
    let tokens = pages.gateway.people.tokens()?;
    let page = RightsPage {
        v: View::new(pages, visitor, &local, Tab::More, t.rights_review()),
        decides: visitor.offers(pages, "GET", "/people"),
        groups,
        tokens: tokens
            .iter()
            .filter(|token| token.holds(local.now))
            .map(|token| TokenRow {
                name: token.name.clone(),
                since: local.when(token.created_at),
                until: local.when(token.valid_until),
                used: token.used_at.map(|at| local.when(at)),
            })
            .collect(),
        permissions: Permission::ALL.into_iter().map(|permission| t.permission(permission)).collect(),
        roles,
        t,
    };
    Ok(page.render()?)
}
