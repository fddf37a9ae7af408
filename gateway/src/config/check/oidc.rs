//! The section `[oidc]`: the city's own directory.

use std::ops::Range;

use super::super::Oidc;
use super::super::shape::Shape;
use super::Check;
use super::influxdb::is_here;
use crate::config::document::Key;

impl Check<'_> {
    pub(super) fn oidc(&mut self, shape: &Shape) -> Option<Oidc> {
        let section = shape.oidc.get()?;
        let span = shape.oidc.span();
        let issuer = self.issuer(&section.issuer, span.clone());
        let client_id = self.required("oidc.client_id", &section.client_id, span.clone(), "who the gateway is to it");
        const SECRET: &str = "oidc.client_secret_file";
        let secret = self.text(SECRET, &section.client_secret_file).map(|file| self.folder.join(file));
        let client_secret = secret.and_then(|file| self.password_of(SECRET, &file, section.client_secret_file.span()));
        if shape.listen.public_url.get().is_none() {
            let expected = "public_url in [listen]: the directory sends people back there";
            self.report.add("oidc", span, "no address to come back to", expected);
        }
        let name = self.text("oidc.name", &section.name).unwrap_or_else(|| issuer.clone());
        Some(Oidc { issuer, client_id, client_secret, name })
    }

    fn issuer(&mut self, key: &Key<String>, section: Option<Range<usize>>) -> String {
        const KEY: &str = "oidc.issuer";
        const EXPECTED: &str = "https:// and the rest of the address, as the directory calls itself";
        let issuer = self.required(KEY, key, section, EXPECTED);
        let issuer = issuer.trim_end_matches('/');
        // In clear only to this machine: what comes from there says who somebody is.
        let sound = issuer.starts_with("https://") || (issuer.starts_with("http://") && is_here(issuer));
        if !issuer.is_empty() && (!sound || issuer.contains(['?', '#', '@', ' '])) {
            self.report.add(KEY, key.span(), format!("{issuer:?}"), EXPECTED);
        }
        issuer.to_owned()
    }
}
