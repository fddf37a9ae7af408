//! E-mail, by SMTP.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::Code;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::{Address, Sent, Trouble, innermost};
use crate::config::{Smtp, SmtpTls};

/// Sends e-mail to one server.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl Mailer {
    /// Sets it up; nothing is sent yet.
    pub(super) fn new(config: &Smtp, timeout: Duration) -> Result<Self, Trouble> {
        let tls = || {
            let mut parameters = TlsParameters::builder(config.host.clone());
            if let Some(pem) = &config.ca {
                parameters =
                    parameters.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(Trouble::lasting)?);
            }
            parameters.build().map_err(Trouble::lasting)
        };
        let tls = match config.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::StartTls => Tls::Required(tls()?),
            SmtpTls::Wrapped => Tls::Wrapper(tls()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(timeout));
        if let Some((name, password)) = config.username.as_ref().zip(config.password.as_ref()) {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: builder.build(), from: config.from.parse().map_err(Trouble::lasting)?, timeout })
    }

    /// Sends one. The Message-ID is made of the notice's number, so that one that is sent twice can be told.
    pub(super) async fn send(&self, sent: &Sent, to: &Address) -> Result<(), Trouble> {
        let Some(email) = &to.email else { return Err(Trouble::lasting("the person has no e-mail address")) };
        let address = email.parse().map_err(|_| Trouble::lasting("the person's e-mail address cannot be read"))?;
        let domain = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(to.name.clone()), address))
            .message_id(Some(format!("<notice-{}-{}@{domain}>", sent.id, sent.at.millis())))
            .subject(&sent.notice.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(sent.notice.text.clone())
            .map_err(Trouble::lasting)?;
        // The transport's own timeout is for the connection alone.
        let Ok(answer) = tokio::time::timeout(self.timeout, self.transport.send(message)).await else {
            return Err(Trouble::passing("the mail server did not answer in time"));
        };
        match answer {
            Ok(_) => Ok(()),
            // Whoever keeps the gateway puts this right, and the notice still goes out.
            Err(error) if error.status().is_some_and(is_about_signing_in) => {
                Err(Trouble::passing("the mail server does not take the name and password"))
            }
            // 5xx: the server will say the same again. It may name the address, which is not kept.
            Err(error) if error.is_permanent() => {
                let code = error.status().map_or_else(String::new, |code| format!(" ({code})"));
                Err(Trouble::lasting(format!("the mail server refused it{code}")))
            }
            Err(error) if error.is_timeout() => Err(Trouble::passing("the mail server did not answer in time")),
            Err(error) => match error.status() {
                Some(code) => Err(Trouble::passing(format!("the mail server put it off ({code})"))),
                None => Err(Trouble::passing(format!("no connection to the mail server: {}", innermost(&error)))),
            },
        }
    }
}

/// RFC 4954, section 6: 530, 534, 535 and 538.
fn is_about_signing_in(code: Code) -> bool {
    matches!(u16::from(code), 530 | 534 | 535 | 538)
}

#[cfg(test)]
mod tests {
    use super::super::webhook::tests::sent;
    use super::*;

    #[tokio::test]
    async fn a_server_that_takes_the_line_and_says_nothing_is_left_in_time() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let config = Smtp {
            host: "127.0.0.1".to_owned(),
            port: silent.local_addr().expect("it is bound").port(),
            tls: SmtpTls::None,
            username: None,
            password: None,
            from: "gateway@example.gr".to_owned(),
            ca: None,
        };
        let mailer = Mailer::new(&config, Duration::from_millis(50)).expect("nothing is sent yet");
        let to = Address { name: "Νίκος".to_owned(), email: Some("nikos@example.gr".to_owned()), phone: None };
        let trouble = mailer.send(&sent(), &to).await.expect_err("it says nothing");
        assert_eq!(trouble, Trouble::passing("the mail server did not answer in time"));
    }
}
