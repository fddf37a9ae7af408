//! People as they meet the door: who comes in, who does not, and what is written down of it.

use super::*;
use crate::audit::{Cause, Search};

const PASSWORD: &str = "λευκός πύργος στη βροχή";
const HERE: &str = "127.0.0.1";
const BY: Cause<'static> = Cause { actor: "person/test", source: HERE, reason: "a test" };

struct House {
    folder: tempfile::TempDir,
    people: Arc<People>,
}

fn rules() -> PeopleRules {
    PeopleRules {
        sessions: SessionRule { idle: Duration::from_secs(3_600), most: Duration::from_secs(86_400) },
        attempts: AttemptRule { failures_max: 5, lock: Duration::from_secs(900) },
        link: Duration::from_secs(86_400),
    }
}

fn new_person(login: &str, role: Role) -> NewPerson {
    let identity = Identity {
        login: login.to_owned(),
        name: format!("Όνομα {login}"),
        email: Some(format!("{login}@example.gr")),
        phone: None,
        employer: None,
    };
    NewPerson { identity, role, external: false, valid_until: None, sites: Vec::new() }
}

fn secret_of(link: &Link) -> String {
    link.path().trim_start_matches("/welcome/").to_owned()
}

impl House {
    fn new() -> Self {
        Self::with(rules())
    }

    fn with(rules: PeopleRules) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(Clock::new(Timestamp::default()));
        let people = People::open(&folder.path().join(records::FILE), rules, clock).expect("opened");
        Self { folder, people }
    }

    /// Somebody who has set a password.
    fn person(&self, login: &str, role: Role) -> PersonId {
        let (id, link) = self.people.add(BY, &new_person(login, role)).expect("added");
        self.people.accept(&secret_of(&link), PASSWORD, HERE).expect("accepted");
        id
    }

    fn sign_in(&self, login: &str, password: &str) -> Result<SignedIn, PeopleError> {
        self.people.sign_in(login, password, HERE, "a browser")
    }

    fn cookie(&self, login: &str) -> String {
        self.sign_in(login, PASSWORD).expect("signed in").cookie
    }

    /// Sets up codes and gives the shared secret with the recovery codes.
    fn with_code(&self, id: &PersonId, cookie: &str) -> (Vec<u8>, Vec<String>) {
        let (uri, text) = self.people.begin_code(id, "Δήμος").expect("begun");
        assert!(uri.contains(&text), "{uri}");
        let shared: Vec<u8> = self
            .people
            .look(|file| {
                Ok(file.query_row("SELECT totp_pending FROM person WHERE id = ?1", [id.as_str()], |r| r.get(0))?)
            })
            .expect("read");
        let codes =
            self.people.confirm_code(id, &totp::code_now(&shared, self.now_s() - 30), cookie, HERE).expect("confirmed");
        (shared, codes)
    }

    fn now_s(&self) -> i64 {
        self.people.clock.now().millis() / 1_000
    }

    /// What the log holds, the oldest first: what and whether it was done.
    fn log(&self) -> Vec<(String, bool)> {
        let found = self.people.look(|file| audit::list(file, &Search::default(), 1_000)).expect("read");
        found.into_iter().rev().map(|entry| (entry.what, entry.done)).collect()
    }

    fn whole_file(&self) -> Vec<u8> {
        let mut bytes = std::fs::read(self.folder.path().join(records::FILE)).expect("read");
        bytes.extend(std::fs::read(self.folder.path().join("records.db-wal")).unwrap_or_default());
        bytes
    }
}

#[test]
fn the_first_administrator_comes_in_by_a_link_that_works_once() {
    let house = House::new();
    let stale = house.people.first_link().expect("made").expect("nobody decides yet");
    let link = house.people.first_link().expect("made").expect("nobody decides yet");
    assert!(matches!(house.people.invited(&secret_of(&stale)), Err(PeopleError::Link)), "the later one holds");
    assert_eq!(house.people.invited(&secret_of(&link)).expect("good"), Invited::First);
    let new = new_person("eleni", Role::Administrator);
    let weak = house.people.accept_first(&secret_of(&link), &new, "short", HERE);
    assert!(matches!(weak, Err(PeopleError::Password(Weakness::Short))));
    house.people.accept_first(&secret_of(&link), &new, PASSWORD, HERE).expect("the link is still good");
    let again = house.people.accept_first(&secret_of(&link), &new_person("eve", Role::Administrator), PASSWORD, HERE);
    assert!(matches!(again, Err(PeopleError::Link)));
    assert_eq!(house.people.first_link().expect("asked"), None, "somebody decides now");
    let (person, whole) = house.people.session(&house.cookie("Eleni ")).expect("read").expect("a session");
    assert!(whole && person.may(Permission::People) && person.role.waits_for_code(person.has_code));
}

#[test]
fn a_wrong_password_an_unknown_name_and_a_blocked_person_get_the_same_answer() {
    let house = House::new();
    let _admin = house.person("admin1", Role::Administrator);
    let id = house.person("nikos", Role::Operator);
    assert!(matches!(house.sign_in("nikos", "λευκός πύργος στη βροχη!"), Err(PeopleError::Wrong)));
    assert!(matches!(house.sign_in("nobody", PASSWORD), Err(PeopleError::Wrong)));
    let cookie = house.cookie("nikos");
    house.people.block(BY, &id).expect("blocked");
    assert!(matches!(house.sign_in("nikos", PASSWORD), Err(PeopleError::Wrong)));
    assert_eq!(house.people.session(&cookie).expect("read"), None, "the session ended with it");
    house.people.unblock(BY, &id).expect("unblocked");
    house.cookie("nikos");
    let refused = house.log().into_iter().filter(|(what, done)| what == "sign in" && !done).count();
    assert_eq!(refused, 3);
}

#[test]
fn guessing_locks_and_a_link_is_the_way_back() {
    let house = House::new();
    let _admin = house.person("admin1", Role::Administrator);
    let id = house.person("nikos", Role::Operator);
    for _ in 0..5 {
        assert!(matches!(house.sign_in("nikos", "wrong wrong wrong"), Err(PeopleError::Wrong)));
    }
    let Err(PeopleError::TooOften(seconds)) = house.sign_in("nikos", PASSWORD) else { panic!("not locked") };
    assert!((890..=900).contains(&seconds), "{seconds}");
    assert!(house.log().contains(&("sign in, locked".to_owned(), false)));
    let link = house.people.link(BY, &id).expect("made");
    house.people.accept(&secret_of(&link), "another long password 7", HERE).expect("accepted");
    let entered = house.people.enter(&id, HERE, "a browser").expect("in, by the link itself");
    assert!(house.people.session(&entered.cookie).expect("read").is_some());
    house.people.sign_in("nikos", "another long password 7", HERE, "").expect("the lock is gone with it");
}

#[test]
fn codes_are_asked_for_count_once_and_recovery_codes_help() {
    let house = House::new();
    let id = house.person("eleni", Role::Administrator);
    let cookie = house.cookie("eleni");
    let (shared, recovery) = house.with_code(&id, &cookie);
    assert_eq!(recovery.len(), 8);
    let first = house.sign_in("eleni", PASSWORD).expect("the first step");
    assert!(first.code_needed);
    let (_, whole) = house.people.session(&first.cookie).expect("read").expect("half a session");
    assert!(!whole);
    let wrong = house.people.second_step(&first.cookie, "000000", HERE, "");
    assert!(matches!(wrong, Err(PeopleError::Code)));
    let code = totp::code_now(&shared, house.now_s());
    let second = house.people.second_step(&first.cookie, &code, HERE, "").expect("in");
    assert!(!second.code_needed && second.cookie != first.cookie);
    assert_eq!(house.people.session(&first.cookie).expect("read"), None, "the half session is over");

    let again = house.sign_in("eleni", PASSWORD).expect("the first step");
    assert!(matches!(house.people.second_step(&again.cookie, &code, HERE, ""), Err(PeopleError::Code)), "used");
    let typed = recovery[0].to_uppercase().replace('-', " ");
    house.people.second_step(&again.cookie, &typed, HERE, "").expect("a recovery code");
    assert_eq!(house.people.recovery_codes_left(&id).expect("read"), 7);
    let third = house.sign_in("eleni", PASSWORD).expect("the first step");
    assert!(matches!(house.people.second_step(&third.cookie, &recovery[0], HERE, ""), Err(PeopleError::Code)), "used");
    assert!(matches!(house.people.drop_code(&id, PASSWORD, HERE), Err(PeopleError::CodeNeeded)));
}

#[test]
fn whoever_knows_the_password_cannot_try_codes_without_end() {
    let house = House::new();
    let id = house.person("eleni", Role::Administrator);
    house.with_code(&id, &house.cookie("eleni"));
    let mut tried = 0;
    for _ in 0..50 {
        let Ok(half) = house.sign_in("eleni", PASSWORD) else { break };
        match house.people.second_step(&half.cookie, "000000", HERE, "") {
            Err(PeopleError::Code) => tried += 1,
            _ => break,
        }
    }
    assert!((1..=5).contains(&tried), "{tried}");
}

#[test]
fn sessions_end_when_their_time_is_over_and_with_another_password() {
    let short =
        PeopleRules { sessions: SessionRule { idle: Duration::ZERO, most: Duration::from_secs(60) }, ..rules() };
    let house = House::with(short);
    house.person("nikos", Role::Operator);
    let cookie = house.cookie("nikos");
    assert_eq!(house.people.session(&cookie).expect("read"), None);

    let house = House::new();
    let id = house.person("nikos", Role::Operator);
    let (here, elsewhere) = (house.cookie("nikos"), house.cookie("nikos"));
    assert_eq!(house.people.sessions(&id, &here).expect("read").len(), 2);
    let new = "another long password 7";
    assert!(matches!(house.people.set_password(&id, ("wrong", new), &here, HERE), Err(PeopleError::Wrong)));
    house.people.set_password(&id, (PASSWORD, new), &here, HERE).expect("set");
    assert!(house.people.session(&here).expect("read").is_some());
    assert_eq!(house.people.session(&elsewhere).expect("read"), None);
    house.people.sign_out(&here, HERE).expect("out");
    assert_eq!(house.people.session(&here).expect("read"), None);
    assert_eq!(house.people.session("").expect("read"), None);
}

#[test]
fn somebody_always_decides() {
    let house = House::new();
    let admin = house.person("eleni", Role::Administrator);
    let last = |done: Result<(), PeopleError>| assert!(matches!(done, Err(PeopleError::LastAdministrator)), "{done:?}");
    last(house.people.block(BY, &admin));
    last(house.people.erase_identity(BY, &admin));
    last(house.people.set_rights(BY, &admin, Role::Operator, false, None, &[]));
    last(house.people.set_rights(BY, &admin, Role::Administrator, false, None, &["park".to_owned()]));
    let before = house.log().len();
    house.person("maria", Role::Administrator);
    house.people.block(BY, &admin).expect("another one decides");
    assert_eq!(house.log().len(), before + 3, "added, accepted, blocked; what was refused changed nothing");
}

#[test]
fn someone_from_outside_has_an_end_and_sites() {
    let house = House::new();
    let until = Timestamp::from_millis(house.people.clock.now().millis() + 86_400_000);
    let outside = |valid_until, sites: &[&str]| NewPerson {
        external: true,
        valid_until,
        sites: sites.iter().map(|&site| site.to_owned()).collect(),
        ..new_person("tuv", Role::Inspector)
    };
    for (until, sites) in [(None, &["park"][..]), (Some(until), &[])] {
        assert!(matches!(house.people.add(BY, &outside(until, sites)), Err(PeopleError::External)));
    }
    let past = Timestamp::from_millis(1);
    assert!(matches!(house.people.add(BY, &outside(Some(past), &["park"])), Err(PeopleError::Until)));
    let (id, _) = house.people.add(BY, &outside(Some(until), &["park"])).expect("added");
    let person = house.people.person(&id).expect("there");
    assert!(person.may(Permission::Account) && !person.may(Permission::Read), "held to sites");
    assert!(!person.may_enter(until));
}

#[test]
fn a_site_is_a_code_and_there_are_not_without_end() {
    let house = House::new();
    let held = |sites: Vec<String>| NewPerson { sites, ..new_person("tuv", Role::Inspector) };
    for site in ["", "a b", "a,b=c d=1\n", "<script>", "' OR 1=1--", &"α".repeat(65)] {
        assert!(matches!(house.people.add(BY, &held(vec![site.to_owned()])), Err(PeopleError::Site)), "{site:?}");
    }
    let many = |n: usize| (0..n).map(|site| format!("park-{site}")).collect();
    assert!(matches!(house.people.add(BY, &held(many(201))), Err(PeopleError::Site)));
    let (id, _) = house.people.add(BY, &held(many(200))).expect("as many as may be");
    assert_eq!(house.people.person(&id).expect("there").sites.len(), 200);
}

#[test]
fn the_review_tells_since_when_rights_are_what_they_are() {
    let house = House::new();
    let (admin, operator) = (house.person("admin1", Role::Administrator), house.person("nikos", Role::Operator));
    let gone = house.person("left", Role::Operator);
    house.people.erase_identity(BY, &gone).expect("erased");
    let since = |id: &PersonId| {
        let review = house.people.review().expect("read");
        assert_eq!(review.len(), 2, "who is erased has no rights");
        review.into_iter().find(|one| one.person.id == *id).expect("there").since
    };
    let (before, added) = (since(&admin), since(&operator));
    while house.people.clock.now() <= added {
        std::thread::yield_now();
    }
    house.people.block(BY, &operator).expect("blocked");
    assert_eq!(since(&operator), added, "a block says nothing of rights");
    house.people.set_rights(BY, &operator, Role::Auditor, false, None, &[]).expect("set");
    assert!(since(&operator) > added);
    assert_eq!(since(&admin), before, "another's rights are another's");
}

#[test]
fn erasing_a_person_leaves_nothing_that_names_them_and_the_chain_whole() {
    let house = House::new();
    house.person("admin1", Role::Administrator);
    let id = house.person("papadopoulou", Role::Operator);
    house.cookie("papadopoulou");
    assert!(contains(&house.whole_file(), "papadopoulou"), "it was there");
    house.people.erase_identity(BY, &id).expect("erased");
    let bytes = house.whole_file();
    for text in ["papadopoulou", "Όνομα papadopoulou", "papadopoulou@example.gr"] {
        assert!(!contains(&bytes, text), "{text}");
    }
    let report = house.people.look(|file| audit::verify(file, &[])).expect("read");
    assert_eq!(report.faults, []);
    assert!(matches!(house.sign_in("papadopoulou", PASSWORD), Err(PeopleError::Wrong)));
    let person = house.people.person(&id).expect("the pseudonym stays");
    assert_eq!((person.state, person.identity), (State::Erased, None));
    house.person("papadopoulou", Role::Operator);
}

#[test]
fn nothing_secret_stands_in_the_file() {
    let house = House::new();
    house.person("eleni", Role::Administrator);
    let (_, link) = house.people.add(BY, &new_person("nikos", Role::Operator)).expect("added");
    let cookie = house.cookie("eleni");
    let (_, token) = house.people.add_token(BY, "portal", later(&house)).expect("made");
    let bytes = house.whole_file();
    for text in [PASSWORD, &secret_of(&link), &cookie, &token, &token[4..]] {
        assert!(!contains(&bytes, text));
    }
}

#[test]
fn a_token_reads_until_it_is_revoked_or_over() {
    let house = House::new();
    let (token, text) = house.people.add_token(BY, "data portal", later(&house)).expect("made");
    let found = house.people.token(&text).expect("read").expect("good");
    assert_eq!((found.id.as_str(), found.name.as_str()), (token.id.as_str(), "data portal"));
    assert!(found.may(Permission::Read));
    for permission in Permission::ALL.into_iter().filter(|p| *p != Permission::Read) {
        assert!(!found.may(permission), "{permission:?}");
    }
    assert!(!found.holds(found.valid_until));
    for wrong in ["", "cgw-", &text[4..], &text.to_uppercase(), "cgw-0000"] {
        assert_eq!(house.people.token(wrong).expect("read"), None, "{wrong}");
    }
    assert!(matches!(house.people.add_token(BY, "x", Timestamp::from_millis(1)), Err(PeopleError::Until)));
    house.people.revoke_token(BY, &token.id).expect("revoked");
    assert_eq!(house.people.token(&text).expect("read"), None);
    assert!(matches!(house.people.revoke_token(BY, &token.id), Err(PeopleError::Unknown(_))));
}

fn later(house: &House) -> Timestamp {
    Timestamp::from_millis(house.people.clock.now().millis() + 3_600_000)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_request_is_answered_class_by_class_and_what_is_gone_was_looked_for() {
    let house = House::new();
    house.person("admin1", Role::Administrator);
    let id = house.person("papadopoulou", Role::Operator);
    let cause = Cause { actor: "person/admin", source: HERE, reason: "request 17 of papadopoulou" };
    let config = crate::config::Config::defaults(house.folder.path());
    let config = crate::config::Config { data_dir: house.folder.path().to_owned(), ..config };
    let erasure = house.people.erase(cause, &id, &config).expect("erased");
    let fate = |code: &str| &erasure.fates.iter().find(|(known, _)| known == code).expect("a class").1;
    assert_eq!((fate("accounts"), fate("sessions")), (&erasure::Fate::Erased, &erasure::Fate::Erased));
    assert!(matches!(fate("audit"), erasure::Fate::Until(until) if *until > erasure.at));
    assert_eq!((fate("registry"), fate("log")), (&erasure::Fate::WithNode, &erasure::Fate::Elsewhere));
    // Somebody wrote the login as a reason: it is found, and said where.
    assert_eq!(erasure.found, (1, 3));
    assert_eq!(erasure.in_reasons.len(), 1);
    assert!(house.people.is_erased(&id).expect("read"));
    assert!(matches!(house.people.erase(cause, &id, &config), Err(PeopleError::Unknown(_))));
}

#[test]
fn what_its_time_is_over_for_goes_and_the_log_says_so() {
    let house = House::new();
    house.person("admin1", Role::Administrator);
    let id = house.person("nikos", Role::Operator);
    house.people.block(BY, &id).expect("blocked");
    let set = |sql: &str| house.people.look(|file| Ok(file.execute_batch(sql)?)).expect("set");
    assert_eq!(house.people.retire(365).expect("done"), erasure::Retired::default());
    let day = 86_400_000;
    set(&format!("UPDATE person SET blocked_at = blocked_at - {} WHERE state = 'blocked'", 366_i64 * day));
    let (_, link) = house.people.add(BY, &new_person("maria", Role::Operator)).expect("added");
    set("UPDATE link SET valid_until = 1");
    let cookie = house.cookie("admin1");
    set(&format!("UPDATE web_session SET seen_at = seen_at - {day}"));
    let retired = house.people.retire(365).expect("done");
    assert_eq!(retired, erasure::Retired { sessions: 1, links: 1, accounts: 1 });
    assert!(house.people.is_erased(&id).expect("read"));
    assert_eq!(house.people.session(&cookie).expect("read"), None);
    assert!(matches!(house.people.invited(&secret_of(&link)), Err(PeopleError::Link)));
    assert!(house.log().contains(&("retention".to_owned(), true)));
    assert_eq!(house.people.retire(365).expect("done"), erasure::Retired::default(), "nothing more");
}

#[test]
fn the_directory_says_who_it_is_and_the_account_what_they_may() {
    let house = House::new();
    house.person("admin1", Role::Administrator);
    let (id, _) = house.people.add(BY, &new_person("eleni", Role::Operator)).expect("added");
    let claims = |subject: &str, logins: &[&str]| directory::Claims {
        subject: subject.to_owned(),
        logins: logins.iter().map(|&login| login.to_owned()).collect(),
    };
    let enter = |claims: &directory::Claims| house.people.enter_by_directory(claims, HERE, "a browser");
    assert!(matches!(enter(&claims("iss 7", &["stranger"])), Err(PeopleError::Wrong)), "no account, no way in");
    let entered = enter(&claims("iss 42", &["other", "Eleni"])).expect("in, by her login");
    let (person, whole) = house.people.session(&entered.cookie).expect("read").expect("a session");
    assert!(whole && person.id == id && person.may(Permission::Operate));
    // From now on the subject counts: another who has her name there gets nothing, and she keeps her rights with another.
    assert!(matches!(enter(&claims("iss 43", &["eleni"])), Err(PeopleError::Wrong)));
    enter(&claims("iss 42", &["eleni.new"])).expect("in, by her subject");
    house.people.block(BY, &id).expect("blocked");
    assert!(matches!(enter(&claims("iss 42", &["eleni"])), Err(PeopleError::Wrong)));
}
