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

    /// An administrator who signed in and has set up their codes.
    ///
    /// # Panics
    /// When the account is not made, or the code not taken.
    pub fn administrator(&self, login: &str) -> Person {
        let person = self.person(login, "administrator");
        let page = person.get("/account").text();
        let key = page.split("<span class=\"once\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a key");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
        let answer = person.post("/account/code", &[("code", &code(key, now))]);
        assert_eq!(answer.status, 200, "the code is not taken: {}", answer.text());
        person
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

    /// Sends bytes of a kind from one of the gateway's own pages.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn send(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        let origin = format!("http://{}", self.address);
        let headers = [("Origin", origin.as_str()), ("Content-Type", kind), ("Cookie", &self.cookie)];
        http::ask(&self.address, "POST", path, &headers, body).expect("an answer")
    }

    /// The cookie, as a thief has it.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }
}

/// The six digits of a key at a moment, as an authenticator shows them: RFC 6238 with HMAC-SHA-1.
fn code(key: &str, now_s: u64) -> String {
    let (mut bits, mut held, mut secret) = (0u64, 0, Vec::new());
    for digit in key.chars().filter(|c| !c.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(digit).expect("RFC 4648") as u64;
        (bits, held) = (bits << 5 | value, held + 5);
        if held >= 8 {
            held -= 8;
            secret.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = ring::hmac::sign(&key, &(now_s / 30).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0xf);
    let four: [u8; 4] = tag[offset..offset + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
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
