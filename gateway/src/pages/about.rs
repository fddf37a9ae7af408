//! What this is: version, licence, the data and its limits, and the ways in for machines.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::Pages;
use super::text::Lang;
use super::time::When;
use super::view::{PageError, Tab, View, Visitor, show};
use crate::config::CatalogueSource;

#[derive(Template)]
#[template(path = "about.html")]
struct AboutPage {
    t: Lang,
    v: View,
    version: &'static str,
    licence: &'static str,
    running_since: When,
    catalogue: String,
    retention: String,
}

/// `GET /about`.
pub(super) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, render).await
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let config = &pages.gateway.config;
    let retention = t
        .limit_retention()
        .replace("%o", &config.retention.observations_days.to_string())
        .replace("%a", &config.retention.aggregates_days.to_string())
        .replace("%r", &config.retention.rejections_days.to_string());
    let page = AboutPage {
        v: View::new(pages, visitor, &local, Tab::About, t.about()),
        version: env!("CARGO_PKG_VERSION"),
        licence: env!("CARGO_PKG_LICENSE"),
        running_since: local.when(pages.gateway.started_at),
        catalogue: match &config.catalogue_source {
            CatalogueSource::Embedded => t.embedded().to_owned(),
            CatalogueSource::Folder(folder) => folder.display().to_string(),
        },
        retention,
        t,
    };
    Ok(page.render()?)
}
