//! Who a caller is, and by which way they came.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::connect_info::Connected;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::serve::IncomingStream;

use crate::config::Listen;
use crate::people::{PeopleError, Person, Token};
use crate::service::Gateway;
use crate::service::doors::Doors;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Its address.
    pub(crate) address: SocketAddr,
    /// Whether it speaks TLS with us.
    pub(crate) tls: bool,
}

impl Connected<IncomingStream<'_, Doors>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        *stream.remote_addr()
    }
}

/// By which way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    /// The client's address, as far as trusted proxies tell.
    pub(crate) address: IpAddr,
    /// Whether nobody between can read it: TLS with us, or with a trusted proxy.
    pub(crate) secure: bool,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// Nobody that we know.
    Nobody,
    /// Somebody whose code is still asked for.
    Half {
        /// Their cookie.
        cookie: String,
    },
    /// A person who signed in.
    Person {
        /// Who.
        person: Arc<Person>,
        /// Their cookie.
        cookie: String,
    },
    /// Another system.
    Token(Arc<Token>),
}

/// Who asks, and by which way.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    pub(crate) way: Way,
}

impl Caller {
    /// As the audit log names them.
    pub(crate) fn actor(&self) -> String {
        match &self.who {
            Who::Nobody | Who::Half { .. } => "nobody".to_owned(),
            Who::Person { person, .. } => person.id.subject(),
            Who::Token(token) => format!("token/{}", token.id),
        }
    }

    /// The person who signed in.
    pub(crate) fn person(&self) -> Option<&Person> {
        match &self.who {
            Who::Person { person, .. } => Some(person),
            _ => None,
        }
    }

    /// The text of the session's cookie.
    pub(crate) fn cookie(&self) -> Option<&str> {
        match &self.who {
            Who::Person { cookie, .. } | Who::Half { cookie } => Some(cookie),
            _ => None,
        }
    }

    pub(super) fn has_cookie(&self) -> bool {
        self.cookie().is_some()
    }
}

/// A cookie that no script reads: under TLS one that no other host and no clear connection can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CookieName {
    /// Who is signed in.
    Session,
    /// Who is away at the directory to sign in.
    Directory,
}

impl CookieName {
    pub(crate) const fn text(self, secure: bool) -> &'static str {
        match (self, secure) {
            (CookieName::Session, true) => "__Host-session",
            (CookieName::Session, false) => "session",
            (CookieName::Directory, true) => "__Host-directory",
            (CookieName::Directory, false) => "directory",
        }
    }
}

impl Way {
    /// Sets a cookie of hexadecimal or base64 digits; an empty one with age 0 is taken away.
    pub(crate) fn set_cookie(&self, headers: &mut HeaderMap, name: CookieName, value: &str, age_s: u32) {
        let (name, secure) = (name.text(self.secure), if self.secure { "; Secure" } else { "" });
        let cookie = format!("{name}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}");
        headers.append(header::SET_COOKIE, HeaderValue::from_str(&cookie).expect("digits and our own words"));
    }

    /// The cookie that came back.
    pub(crate) fn cookie(&self, headers: &HeaderMap, name: CookieName) -> Option<String> {
        cookie(headers, name.text(self.secure))
    }
}

/// Which way a request came. What a proxy says is believed when it is trusted, from the nearest outwards.
pub(super) fn way(listen: &Listen, peer: Peer, headers: &HeaderMap) -> Way {
    let trusted = |address: &IpAddr| listen.trusted_proxies.iter().any(|net| net.contains(address));
    let nearest = peer.address.ip().to_canonical();
    if !trusted(&nearest) {
        return Way { address: nearest, secure: peer.tls };
    }
    let named = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut address = nearest;
    for text in named.iter().rev() {
        let Ok(next) = text.parse::<IpAddr>() else { break };
        address = next.to_canonical();
        if !trusted(&address) {
            break;
        }
    }
    let proto = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    Way { address, secure: peer.tls || proto == Some("https") }
}

/// Who asks. A cookie that is no session's and a token that is not good are as none.
pub(super) async fn who(gateway: &Arc<Gateway>, way: &Way, headers: &HeaderMap) -> Result<Who, PeopleError> {
    if let Some(token) = bearer(headers) {
        let people = gateway.people.clone();
        let found = tokio::task::spawn_blocking(move || people.token(&token)).await;
        return Ok(found.expect("no panic")?.map_or(Who::Nobody, |token| Who::Token(Arc::new(token))));
    }
    let Some(cookie) = way.cookie(headers, CookieName::Session) else { return Ok(Who::Nobody) };
    let (people, asked) = (gateway.people.clone(), cookie.clone());
    let found = tokio::task::spawn_blocking(move || people.session(&asked)).await;
    Ok(match found.expect("no panic")? {
        None => Who::Nobody,
        Some((_, false)) => Who::Half { cookie },
        Some((person, true)) => Who::Person { person: Arc::new(person), cookie },
    })
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// The cookie of that name.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}
