//! `city-gateway user …` and `token …`: people and tokens from the command line, beside a gateway that may be running.
//!
//! Whoever may read the data folder on this machine decides here: it is the way back when nobody can sign in.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::erasure::{self, Fate};
use super::{Identity, Link, NewPerson, People, PeopleError, Person, PersonId, Role, State};
use crate::audit::{self, Cause};
use crate::catalogue::personal_data::DataClass;
use crate::config::Config;
use crate::reading::Timestamp;

/// What is done with people.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person and make the link by which they set their password; it works once
    Add {
        /// The name to sign in with: 2 to 64 of letters, digits and `. - _ @`
        login: String,
        /// technician, operator, inspector, auditor or administrator
        #[arg(long, value_parser = role)]
        role: Role,
        /// Given and family name
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// E-mail
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Telephone
        #[arg(long, value_name = "NUMBER")]
        phone: Option<String>,
        /// Who employs them, when it is not the municipality
        #[arg(long, value_name = "TEXT")]
        employer: Option<String>,
        /// A file that holds the password alone, `-` for standard input; without it a link is made
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// What they may do, and how long
        #[command(flatten)]
        rights: Rights,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// List people, what they may do, and when they last came in
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what a person may do from now on
    Rights {
        /// The name they sign in with
        login: String,
        /// technician, operator, inspector, auditor or administrator
        #[arg(long, value_parser = role)]
        role: Role,
        /// What they may do, and how long
        #[command(flatten)]
        rights: Rights,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// Make another link for who lost the first, the password, or the device with the codes
    Link {
        /// The name they sign in with
        login: String,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// Let a person in no more, and end their sessions
    Block {
        /// The name they sign in with
        login: String,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// Let a blocked person in again
    Unblock {
        /// The name they sign in with
        login: String,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// Erase who a person is: what they did stays under their pseudonym. This cannot be undone
    Erase {
        /// The name they sign in with
        login: String,
        /// Yes, erase
        #[arg(long)]
        yes: bool,
        /// Why
        #[command(flatten)]
        why: Why,
    },
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token that reads; it is shown once
    Add {
        /// What it is for
        name: String,
        /// How long it holds
        #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: u32,
        /// Why
        #[command(flatten)]
        why: Why,
    },
    /// List tokens, and when they were last used
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token, at once
    Revoke {
        /// As `token list` names it
        id: String,
        /// Why
        #[command(flatten)]
        why: Why,
    },
}

/// Limits of a person's right.
#[derive(Debug, Args)]
#[group(id = "limits")] // a group of its own: the command `rights` is one already
pub struct Rights {
    /// From outside the municipality: needs --until and --site
    #[arg(long)]
    external: bool,
    /// When their right ends, as 2027-01-01T00:00:00+02:00
    #[arg(long, value_name = "TIME", value_parser = timestamp)]
    until: Option<Timestamp>,
    /// Code of a site that they are held to; may be given more than once
    #[arg(long, value_name = "CODE")]
    site: Vec<String>,
}

/// Why something is done.
#[derive(Debug, Args)]
pub struct Why {
    /// Why; kept in the audit log
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The people's wing said why.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// Something that cannot be undone was not confirmed.
    #[error("this cannot be undone: give --yes to do it")]
    NotConfirmed,
    /// The password's file could not be read.
    #[error("{0}: {1}")]
    Password(PathBuf, #[source] io::Error),
    /// Standard output.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Does what `command` says, and prints to `out`. `base` is how others reach the pages.
///
/// # Errors
/// What a person reads.
pub fn run_user(
    command: UserCommand,
    people: &People,
    (config, base): (&Config, &str),
    out: &mut impl Write,
) -> Result<(), CliError> {
    let actor = audit::cli::actor();
    match command {
        UserCommand::Add { login, role, name, email, phone, employer, password_file, rights, why } => {
            let password = password_file.map(|file| read_password(&file)).transpose()?;
            let name = name.unwrap_or_else(|| login.clone());
            let identity = Identity { login: login.clone(), name, email, phone, employer };
            let Rights { external, until, site } = rights;
            let new = NewPerson { identity, role, external, valid_until: until, sites: site };
            let (_, link) = people.add(by(&actor, &why), &new)?;
            writeln!(out, "`{login}` is added, as {}.", role.code())?;
            match password {
                None => tell_link(out, people, base, &link)?,
                Some(password) => {
                    if let Err(error) = people.accept(link.secret(), &password, "this machine") {
                        writeln!(out, "The password was not taken; the link sets another:")?;
                        tell_link(out, people, base, &link)?;
                        return Err(error.into());
                    }
                }
            }
        }
        UserCommand::List { json: true } => {
            let everybody: Vec<_> = people.everybody()?.iter().map(described).collect();
            writeln!(out, "{:#}", json!({ "people": everybody }))?;
        }
        UserCommand::List { json: false } => list(out, &people.everybody()?)?,
        UserCommand::Rights { login, role, rights, why } => {
            let id = known(people, &login)?;
            people.set_rights(by(&actor, &why), &id, role, rights.external, rights.until, &rights.site)?;
            writeln!(out, "`{login}` is {} now.", role.code())?;
        }
        UserCommand::Link { login, why } => {
            let link = people.link(by(&actor, &why), &known(people, &login)?)?;
            tell_link(out, people, base, &link)?;
        }
        UserCommand::Block { login, why } => {
            people.block(by(&actor, &why), &known(people, &login)?)?;
            writeln!(out, "`{login}` is let in no more; their sessions have ended.")?;
        }
        UserCommand::Unblock { login, why } => {
            people.unblock(by(&actor, &why), &known(people, &login)?)?;
            writeln!(out, "`{login}` is let in again.")?;
        }
        UserCommand::Erase { login, yes: false, .. } => {
            known(people, &login)?;
            writeln!(out, "Nothing is erased yet. What would become of what the gateway holds of `{login}`:\n")?;
            tell_fates(out, &erasure::fates(config, Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())))?;
            return Err(CliError::NotConfirmed);
        }
        UserCommand::Erase { login, yes: true, why } => {
            let id = known(people, &login)?;
            let erasure = people.erase(by(&actor, &why), &id, config)?;
            writeln!(out, "`{login}` is erased. What they did stays, under {}.\n", id.subject())?;
            tell_fates(out, &erasure::fates(config, erasure.at))?;
            let (found, of) = erasure.found;
            writeln!(out, "\nLooked through the records' bytes for {of} texts that named them: {found} found.")?;
            if !erasure.in_reasons.is_empty() {
                writeln!(
                    out,
                    "Somebody wrote one of them as the reason of entries {:?} of the audit log.",
                    erasure.in_reasons
                )?;
            }
        }
    }
    Ok(())
}

/// Does what `command` says, and prints to `out`.
///
/// # Errors
/// What a person reads.
pub fn run_token(command: TokenCommand, people: &People, now: Timestamp, out: &mut impl Write) -> Result<(), CliError> {
    let actor = audit::cli::actor();
    match command {
        TokenCommand::Add { name, days, why } => {
            let until = Timestamp::from_millis(now.millis() + i64::from(days) * 86_400_000);
            let (token, text) = people.add_token(by(&actor, &why), &name, until)?;
            writeln!(out, "Token {} for \"{}\" reads until {}.\n", token.id, token.name, minute(until))?;
            writeln!(out, "It is shown this once and kept nowhere in clear:\n\n    {text}\n")?;
            writeln!(out, "Send it with each request: Authorization: Bearer {text}")?;
        }
        TokenCommand::List { json: true } => {
            let tokens: Vec<_> = people
                .tokens()?
                .iter()
                .map(|token| {
                    json!({
                        "id": token.id,
                        "name": token.name,
                        "created_at": token.created_at.to_string(),
                        "created_by": token.created_by,
                        "valid_until": token.valid_until.to_string(),
                        "used_at": token.used_at.map(|at| at.to_string()),
                        "revoked_at": token.revoked_at.map(|at| at.to_string()),
                    })
                })
                .collect();
            writeln!(out, "{:#}", json!({ "tokens": tokens }))?;
        }
        TokenCommand::List { json: false } => {
            let tokens = people.tokens()?;
            if tokens.is_empty() {
                writeln!(out, "No tokens yet. Make one with `city-gateway token add NAME --config FILE`.")?;
            }
            for token in tokens {
                let state = match (token.revoked_at, token.holds(now)) {
                    (Some(at), _) => format!("revoked {}", minute(at)),
                    (None, true) => format!("until {}", minute(token.valid_until)),
                    (None, false) => format!("over since {}", minute(token.valid_until)),
                };
                let used = token.used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", minute(at)));
                writeln!(out, "{}  {state}  {used}  {}", token.id, token.name)?;
            }
        }
        TokenCommand::Revoke { id, why } => {
            people.revoke_token(by(&actor, &why), &id)?;
            writeln!(out, "Token {id} is revoked.")?;
        }
    }
    Ok(())
}

fn by<'a>(actor: &'a str, why: &'a Why) -> Cause<'a> {
    Cause { actor, source: "this machine", reason: &why.reason }
}

/// `city-gateway data register`: what is held of people, why, and how long.
///
/// # Errors
/// `out` cannot be written.
pub fn register(config: &Config, now: Timestamp, out: &mut impl Write) -> io::Result<()> {
    for (class, fate) in erasure::fates(config, now) {
        writeln!(out, "{} ({})", class.name.en, class.code)?;
        writeln!(out, "  what    {}", class.what.en)?;
        writeln!(out, "  why     {}", class.why.en)?;
        writeln!(out, "  ground  {}", class.ground.en)?;
        writeln!(out, "  kept    {}", class.keep.as_deref().unwrap_or("beside the gateway"))?;
        writeln!(out, "  asked   {}\n", told(&fate))?;
    }
    Ok(())
}

fn tell_fates(out: &mut impl Write, fates: &[(DataClass, Fate)]) -> io::Result<()> {
    for (class, fate) in fates {
        writeln!(out, "  {:<24} {}", class.name.en, told(fate))?;
        if *fate != Fate::Erased {
            writeln!(out, "  {:<24} {}", "", class.ground.en)?;
        }
    }
    Ok(())
}

fn told(fate: &Fate) -> String {
    match fate {
        Fate::Erased => "erased when its person asks for it".to_owned(),
        Fate::Until(until) => format!("kept until {} at the latest", minute(*until)),
        Fate::WithNode => "kept as long as its node is known".to_owned(),
        Fate::WithRecord => "kept with the record of equipment".to_owned(),
        Fate::Elsewhere => "kept; it lies beside the gateway".to_owned(),
    }
}

fn read_password(file: &Path) -> Result<String, CliError> {
    let text = if file == Path::new("-") { io::read_to_string(io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|error| CliError::Password(file.to_owned(), error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn known(people: &People, login: &str) -> Result<PersonId, PeopleError> {
    let person = people.find(login)?;
    person.map(|person| person.id).ok_or_else(|| PeopleError::Unknown(login.to_owned()))
}

fn tell_link(out: &mut impl Write, people: &People, base: &str, link: &Link) -> io::Result<()> {
    let hours = people.rules().link.as_secs().div_ceil(3_600);
    writeln!(out, "\nA link to set the password. It works once, within {hours} h; give it to nobody else:\n")?;
    writeln!(out, "    {base}{}", link.path())
}

fn list(out: &mut impl Write, everybody: &[Person]) -> io::Result<()> {
    if everybody.is_empty() {
        writeln!(out, "Nobody yet. The gateway prints a link for the first administrator when it starts, or:")?;
        return writeln!(out, "    city-gateway user add LOGIN --role administrator --config FILE");
    }
    for person in everybody {
        let login = person.identity.as_ref().map_or("(erased)", |identity| &identity.login);
        let name = person.identity.as_ref().map_or("", |identity| &identity.name);
        let seen =
            person.signed_in_at.map_or_else(|| "never signed in".to_owned(), |at| format!("signed in {}", minute(at)));
        let until = person.valid_until.map_or_else(String::new, |until| format!(", until {}", minute(until)));
        let sites = if person.sites.is_empty() { String::new() } else { format!(", sites {}", person.sites.join(" ")) };
        let code = if person.has_code { ", with a code" } else { "" };
        let state = if person.state == State::Active { "" } else { person.state.code() };
        writeln!(out, "{login:<20} {:<13} {state:<8} {seen}{until}{sites}{code}  {name}", person.role.code())?;
    }
    Ok(())
}

fn described(person: &Person) -> serde_json::Value {
    json!({
        "id": person.id.as_str(),
        "login": person.identity.as_ref().map(|identity| &identity.login),
        "name": person.identity.as_ref().map(|identity| &identity.name),
        "role": person.role.code(),
        "state": person.state.code(),
        "external": person.external,
        "valid_until": person.valid_until.map(|until| until.to_string()),
        "sites": person.sites,
        "code": person.has_code,
        "signed_in_at": person.signed_in_at.map(|at| at.to_string()),
    })
}

fn minute(at: Timestamp) -> String {
    at.to_string().get(..16).map_or_else(|| at.to_string(), |text| format!("{}Z", text.replace('T', " ")))
}

fn role(text: &str) -> Result<Role, String> {
    Role::named(text).ok_or_else(|| format!("one of {}", Role::ALL.map(Role::code).join(", ")))
}

fn timestamp(text: &str) -> Result<Timestamp, String> {
    let time: jiff::Timestamp =
        text.parse().map_err(|_| "a time is written as 2027-01-01T00:00:00+02:00".to_owned())?;
    Ok(Timestamp::from_millis(time.as_millisecond()))
}
