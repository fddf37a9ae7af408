//! People who sign in, as a browser does: a form, a cookie, and where the form came from.

use crate::gateway::Gateway;
use crate::http::{self, Answer};

/// A password that is taken.
pub const PASSWORD: &str = "correct horse battery staple";

/// Somebody who signed in.
#[derive(Debug)]
pub struct Person {
    address: String,
    cookie: String,
}

impl Gateway {
    /// Somebody of that role, with [`PASSWORD`], who signs in.
    ///
    /// # Panics
    /// When the account is not made, or the password not taken.
    pub fn person(&self, login: &str, role: &str) -> Person {
        let file = self.folder().join("password");
        std::fs::write(&file, PASSWORD).expect("the folder is ours");
        let line = format!("user add {login} --role {role} --password-file {} --config FILE", file.display());
        let added = self.command(&line);
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        self.sign_in(login)
    }

    /// Signs in with [`PASSWORD`].
    ///
    /// # Panics
    /// When it is not taken.
    pub fn sign_in(&self, login: &str) -> Person {
        let address = self.http().get();
        let answer = form(&address, "/sign-in", None, &[("login", login), ("password", PASSWORD)]);
        assert_eq!(answer.status, 303, "{login} does not come in: {}", answer.text());
        let cookie = answer.headers.iter().find(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
        Person { address, cookie }
    }
}

impl Person {
    /// Asks for a path.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn get(&self, path: &str) -> Answer {
        http::ask(&self.address, "GET", path, &[("Cookie", &self.cookie)], &[]).expect("an answer")
    }

    /// Sends a form from one of the gateway's own pages.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        form(&self.address, path, Some(&self.cookie), fields)
    }

    /// The cookie, as a thief has it.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }
}

/// Sends a form as a browser does from a page of the same host.
///
/// # Panics
/// When there is no answer.
pub fn form(address: &str, path: &str, cookie: Option<&str>, fields: &[(&str, &str)]) -> Answer {
    let origin = format!("http://{address}");
    let mut headers = vec![("Origin", origin.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    headers.extend(cookie.map(|cookie| ("Cookie", cookie)));
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    http::ask(address, "POST", path, &headers, pairs.join("&").as_bytes()).expect("an answer")
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
