//! Signing in by the city's own directory: OpenID Connect, authorization code with PKCE (RFC 7636, S256).
//!
//! The directory says who somebody is; what they may do stands here. An account is made first; at the first sign-in it is
//! bound to the directory's subject, by a login that equals `preferred_username` or a verified `email`, and from then on by
//! the subject alone, so that a name given to somebody else gives nobody's rights away. A code of our own is asked for as
//! after a password.
//!
//! This file is pure but for [`Directory`], which asks the provider over HTTP with bounds on time and bytes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use crate::config::Oidc;
use crate::secret::{self, SecretError, locked};

/// How long somebody may take at the directory.
const PENDING_MAX_AGE: Duration = Duration::from_secs(600);
/// Sign-ins under way; beyond it the oldest is forgotten.
const PENDING_MAX: usize = 1_000;
/// How long we remember where the provider's doors are: nobody makes us ask it with each click.
const DISCOVERY_MAX_AGE: Duration = Duration::from_secs(600);
/// Longest wait for the provider.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How far the provider's clock may be from ours, in seconds.
const CLOCK_APART_S: i64 = 120;

/// Why the directory did not let somebody in.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It could not be reached, or answered nonsense. The text is for the log.
    #[error("the directory cannot be asked: {0}")]
    Unreachable(String),
    /// The way back does not belong to a way there: too late, used, or somebody else's.
    #[error("the sign-in was not begun here, or too long ago")]
    State,
    /// It sent somebody back without letting them in.
    #[error("it did not let them in")]
    Refused,
    /// The token is not the provider's, not for us, or over.
    #[error("the directory's answer is not to be believed: {0}")]
    Token(&'static str),
    /// Random bits could not be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// Who somebody is, as the directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The provider's name for them, which never becomes another's: `issuer subject`.
    pub subject: String,
    /// Logins that they may have here.
    pub logins: Vec<String>,
}

/// The directory, and sign-ins under way.
pub struct Directory {
    config: Oidc,
    client: reqwest::Client,
    pending: Mutex<HashMap<String, Pending>>,
    discovered: Mutex<Option<(Instant, Discovery)>>,
}

/// A sign-in under way.
#[derive(Debug, Clone)]
struct Pending {
    begun: Instant,
    nonce: String,
    verifier: String,
    browser: String,
    next: String,
}

#[derive(Clone, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Discovery {
    /// Whether our secret goes into the form: only where the header is not taken (RFC 6749, 2.3.1).
    fn secret_in_form(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        !methods.is_empty() && methods.iter().all(|method| method != "client_secret_basic")
    }
}

impl Directory {
    /// Asks nobody yet.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(config: Oidc) -> Result<Self, DirectoryError> {
        let client = reqwest::Client::builder().timeout(ANSWER_MAX).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(unreachable)?;
        Ok(Self { config, client, pending: Mutex::default(), discovered: Mutex::default() })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Begins a sign-in: where to send the browser, and what its cookie is to hold, so that the way back is believed of
    /// this browser alone.
    ///
    /// # Errors
    /// The provider cannot be asked.
    pub async fn begin(&self, back: &str, next: &str) -> Result<(String, String), DirectoryError> {
        let discovery = self.discover().await?;
        let text = || Ok::<_, SecretError>(BASE64URL.encode(secret::random::<32>()?));
        let (state, nonce, verifier, browser) = (text()?, text()?, text()?, text()?);
        let challenge = BASE64URL.encode(secret::digest(verifier.as_bytes()));
        let joint = if discovery.authorization_endpoint.contains('?') { '&' } else { '?' };
        let url = format!(
            "{}{joint}response_type=code&scope=openid%20profile%20email&code_challenge_method=S256&client_id={}\
             &redirect_uri={}&state={state}&nonce={nonce}&code_challenge={challenge}",
            discovery.authorization_endpoint,
            encoded(&self.config.client_id),
            encoded(back),
        );
        let pending =
            Pending { begun: Instant::now(), nonce, verifier, browser: browser.clone(), next: next.to_owned() };
        let mut held = locked(&self.pending);
        held.retain(|_, pending| pending.begun.elapsed() < PENDING_MAX_AGE);
        if held.len() >= PENDING_MAX {
            let oldest = held.iter().min_by_key(|(_, pending)| pending.begun).map(|(state, _)| state.clone());
            held.remove(&oldest.expect("there are many"));
        }
        held.insert(state, pending);
        Ok((url, browser))
    }

    /// Ends a sign-in: who it is, and where they wanted to go.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub async fn end(
        &self,
        (state, code, browser): (&str, &str, &str),
        back: &str,
        now_s: i64,
    ) -> Result<(Claims, String), DirectoryError> {
        let pending = locked(&self.pending).remove(state).ok_or(DirectoryError::State)?;
        if pending.begun.elapsed() >= PENDING_MAX_AGE || pending.browser != browser {
            return Err(DirectoryError::State);
        }
        let discovery = self.discover().await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("client_id", &self.config.client_id),
            ("code_verifier", &pending.verifier),
        ];
        let secret = self.config.client_secret.as_ref().map(crate::config::Secret::expose);
        form.extend(secret.filter(|_| discovery.secret_in_form()).map(|secret| ("client_secret", secret)));
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let mut asked = self
            .client
            .post(&discovery.token_endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(body.join("&"));
        if let Some(secret) = secret.filter(|_| !discovery.secret_in_form()) {
            asked = asked.basic_auth(encoded(&self.config.client_id), Some(encoded(secret)));
        }
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
            #[serde(default)]
            access_token: String,
        }
        let tokens: Tokens = read(asked).await?;
        let keys: Keys = read(self.client.get(&discovery.jwks_uri)).await?;
        let expected =
            Expected { issuer: &discovery.issuer, client_id: &self.config.client_id, nonce: &pending.nonce, now_s };
        let (mut claims, subject) = verify(&tokens.id_token, &keys, &expected)?;
        // Many directories tell names only there (OpenID Connect Core 1.0, 5.4).
        if let Some(url) = discovery.userinfo_endpoint.filter(|_| claims.logins.is_empty()) {
            let told: UserInfo = read(self.client.get(url).bearer_auth(&tokens.access_token)).await?;
            if told.sub != subject {
                return Err(DirectoryError::Token("it names another person than the token"));
            }
            claims.logins = told.names.logins();
        }
        Ok((claims, pending.next))
    }

    async fn discover(&self) -> Result<Discovery, DirectoryError> {
        let held = locked(&self.discovered).clone();
        if let Some((_, held)) = held.filter(|(at, _)| at.elapsed() < DISCOVERY_MAX_AGE) {
            return Ok(held);
        }
        let url = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
        let discovery: Discovery = read(self.client.get(url)).await?;
        if discovery.issuer.trim_end_matches('/') != self.config.issuer.trim_end_matches('/') {
            return Err(DirectoryError::Unreachable(format!("it calls itself {}", discovery.issuer)));
        }
        *locked(&self.discovered) = Some((Instant::now(), discovery.clone()));
        Ok(discovery)
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn read<T: serde::de::DeserializeOwned>(asked: reqwest::RequestBuilder) -> Result<T, DirectoryError> {
    let mut answer = asked.send().await.map_err(unreachable)?;
    if !answer.status().is_success() {
        return Err(DirectoryError::Unreachable(format!("it answered {}", answer.status())));
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&piece);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(DirectoryError::Unreachable("its answer has no end".to_owned()));
        }
    }
    serde_json::from_slice(&body).map_err(|error| DirectoryError::Unreachable(error.to_string()))
}

fn unreachable(error: reqwest::Error) -> DirectoryError {
    DirectoryError::Unreachable(error.without_url().to_string())
}

/// The provider's keys (RFC 7517).
#[derive(Debug, Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

/// What a token must say.
struct Expected<'a> {
    issuer: &'a str,
    client_id: &'a str,
    nonce: &'a str,
    now_s: i64,
}

/// What the directory calls somebody.
#[derive(Deserialize)]
struct Names {
    preferred_username: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

impl Names {
    fn logins(self) -> Vec<String> {
        let email = self.email.filter(|_| self.email_verified);
        [self.preferred_username, email].into_iter().flatten().collect()
    }
}

/// What the directory tells of whoever a token was given for (OpenID Connect Core 1.0, 5.3).
#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    names: Names,
}

/// Holds an ID token against the provider's keys and what was expected (OpenID Connect Core 1.0, 3.1.3.7). RS256 and
/// ES256 are taken; what a token calls `none` or an HMAC is not. Beside the claims its `sub` alone.
fn verify(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<(Claims, String), DirectoryError> {
    let wrong = DirectoryError::Token;
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(mark), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(wrong("it is no token"));
    };
    let decode = |part: &str| BASE64URL.decode(part).map_err(|_| wrong("it is no token"));
    #[derive(Deserialize)]
    struct Head {
        alg: String,
        kid: Option<String>,
    }
    let told: Head = serde_json::from_slice(&decode(head)?).map_err(|_| wrong("it is no token"))?;
    let signed = format!("{head}.{body}");
    let mark = decode(mark)?;
    let candidates = keys.keys.iter().filter(|key| told.kid.is_none() || key.kid.is_none() || key.kid == told.kid);
    let sound = candidates.into_iter().any(|key| signed_by(key, &told.alg, signed.as_bytes(), &mark));
    if !sound {
        return Err(wrong("no key of the provider signed it"));
    }

    #[derive(Deserialize)]
    struct Body {
        iss: String,
        sub: String,
        aud: Audience,
        azp: Option<String>,
        exp: i64,
        iat: i64,
        nonce: Option<String>,
        #[serde(flatten)]
        names: Names,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Many(Vec<String>),
    }
    let body: Body = serde_json::from_slice(&decode(body)?).map_err(|_| wrong("it lacks what a token has"))?;
    let audience = match body.aud {
        Audience::One(one) => vec![one],
        Audience::Many(many) => many,
    };
    if body.iss != expected.issuer {
        return Err(wrong("another provider made it"));
    }
    let ours = audience.iter().any(|one| one == expected.client_id);
    if !ours || (audience.len() > 1 && body.azp.as_deref() != Some(expected.client_id)) {
        return Err(wrong("it is for somebody else"));
    }
    if body.exp + CLOCK_APART_S <= expected.now_s || body.iat - CLOCK_APART_S > expected.now_s {
        return Err(wrong("its time is over, or has not come"));
    }
    if body.nonce.as_deref() != Some(expected.nonce) {
        return Err(wrong("it was made for another sign-in"));
    }
    if body.sub.is_empty() {
        return Err(wrong("it names nobody"));
    }
    let claims = Claims { subject: format!("{} {}", expected.issuer, body.sub), logins: body.names.logins() };
    Ok((claims, body.sub))
}

fn signed_by(key: &Key, alg: &str, signed: &[u8], mark: &[u8]) -> bool {
    let decode = |part: &str| BASE64URL.decode(part).unwrap_or_default();
    match (alg, key.kty.as_str()) {
        ("RS256", "RSA") => {
            let public = RsaPublicKeyComponents { n: decode(&key.n), e: decode(&key.e) };
            public.verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, mark).is_ok()
        }
        ("ES256", "EC") if key.crv == "P-256" => {
            let point = [&[4][..], &decode(&key.x), &decode(&key.y)].concat();
            UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(signed, mark).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::{Value, json};

    use super::*;

    struct Provider {
        pair: EcdsaKeyPair,
        random: SystemRandom,
    }

    impl Provider {
        fn new() -> Self {
            let random = SystemRandom::new();
            let fresh = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, fresh.as_ref(), &random);
            Self { pair: pair.expect("a key"), random }
        }

        fn keys(&self) -> Keys {
            let point = self.pair.public_key().as_ref();
            let (x, y) = (BASE64URL.encode(&point[1..33]), BASE64URL.encode(&point[33..]));
            let key = json!({ "kty": "EC", "crv": "P-256", "kid": "1", "x": x, "y": y });
            serde_json::from_value(json!({ "keys": [key] })).expect("keys")
        }

        fn token(&self, alg: &str, change: impl FnOnce(&mut Value)) -> String {
            let mut body = json!({
                "iss": "https://directory.example.gr", "sub": "42", "aud": "gateway", "exp": 2_000, "iat": 1_000,
                "nonce": "n", "preferred_username": "eleni", "email": "eleni@example.gr", "email_verified": true,
            });
            change(&mut body);
            let encode = |value: &Value| BASE64URL.encode(value.to_string());
            let signed = format!("{}.{}", encode(&json!({ "alg": alg, "kid": "1" })), encode(&body));
            let mark = self.pair.sign(&self.random, signed.as_bytes()).expect("signed");
            format!("{signed}.{}", BASE64URL.encode(mark.as_ref()))
        }
    }

    const EXPECTED: Expected<'static> =
        Expected { issuer: "https://directory.example.gr", client_id: "gateway", nonce: "n", now_s: 1_500 };

    #[test]
    fn a_token_of_the_provider_tells_who_it_is() {
        let provider = Provider::new();
        let (claims, _) = verify(&provider.token("ES256", |_| {}), &provider.keys(), &EXPECTED).expect("good");
        assert_eq!(claims.subject, "https://directory.example.gr 42");
        assert_eq!(claims.logins, ["eleni", "eleni@example.gr"]);
        let unverified = provider.token("ES256", |body| body["email_verified"] = false.into());
        assert_eq!(verify(&unverified, &provider.keys(), &EXPECTED).expect("good").0.logins, ["eleni"]);
        let many = provider.token("ES256", |body| {
            body["aud"] = json!(["other", "gateway"]);
            body["azp"] = "gateway".into();
        });
        verify(&many, &provider.keys(), &EXPECTED).expect("good");
    }

    #[test]
    fn any_other_token_is_not_believed() {
        let (provider, stranger) = (Provider::new(), Provider::new());
        let refused = |token: &str, part: &str| {
            let told = verify(token, &provider.keys(), &EXPECTED).expect_err(part).to_string();
            assert!(told.contains(part), "{part} in {told}");
        };
        refused(&stranger.token("ES256", |_| {}), "no key of the provider");
        refused(&provider.token("none", |_| {}), "no key of the provider");
        refused(&provider.token("HS256", |_| {}), "no key of the provider");
        refused(&provider.token("RS256", |_| {}), "no key of the provider");
        let set = |key: &'static str, value: Value| provider.token("ES256", move |body| body[key] = value);
        refused(&set("iss", "https://other.example.gr".into()), "another provider");
        refused(&set("aud", "other".into()), "somebody else");
        refused(&set("aud", json!(["gateway", "other"])), "somebody else");
        refused(&set("exp", 1_300.into()), "time");
        refused(&set("iat", 1_700.into()), "time");
        refused(&set("nonce", "m".into()), "another sign-in");
        refused(&set("sub", "".into()), "nobody");
        let good = provider.token("ES256", |_| {});
        let (head, rest) = good.split_once('.').expect("parts");
        let (_, mark) = rest.split_once('.').expect("parts");
        let forged = BASE64URL.encode(json!({ "sub": "1" }).to_string());
        refused(&format!("{head}.{forged}.{mark}"), "no key of the provider");
        let unsigned = BASE64URL.encode(json!({ "alg": "none" }).to_string());
        refused(&format!("{unsigned}.{forged}."), "no key of the provider");
        for nonsense in ["", ".", "..", "a.b.c", "a.b", "a.b.c.d"] {
            verify(nonsense, &provider.keys(), &EXPECTED).expect_err(nonsense);
        }
    }
}
