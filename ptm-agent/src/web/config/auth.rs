//! `basic_auth_users`: who may ask, by user and bcrypt's digest of the password.
//!
//! bcrypt is slow on purpose. It runs off the server's thread, two at a time, and few may wait: wrong passwords can't
//! hold up more than others who are not known yet. A password that was right is known from then on by a digest of its
//! own. Wrong ones are never kept: they would push the right ones out.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::Problem;

/// Checks at a time.
const CHECKS: usize = 2;

/// Checks that wait, those at work included.
const WAITING: usize = 16;

/// The highest cost of bcrypt that is taken: a second or two of a switch's processor.
const HIGHEST_COST: u32 = 14;

/// Whether somebody may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Yes.
    Welcome,
    /// There is no such user, or that is not the password.
    Wrong,
    /// Too many passwords wait to be checked.
    Busy,
}

/// Who may ask. Nobody in it: everybody.
#[derive(Debug)]
pub(crate) struct Auth {
    users: Arc<HashMap<String, String>>,
    /// What is checked for a user who is not there, so that it takes as long.
    nobody: String,
    key: hmac::Key,
    /// The digest of each user's password, once it was found right.
    known: Mutex<HashMap<String, hmac::Tag>>,
    checks: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// Who it is, if the password is right.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// From the value of an `Authorization` header.
    pub(crate) fn from_header(value: &[u8]) -> Option<Self> {
        let (scheme, encoded) = str::from_utf8(value).ok()?.split_once(' ')?;
        let decoded = scheme.eq_ignore_ascii_case("basic").then(|| BASE64.decode(encoded.trim()).ok())??;
        let (user, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Self { user: user.to_owned(), password: password.to_owned() })
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self::new(BTreeMap::new()).expect("nobody has a wrong digest")
    }
}

impl Auth {
    pub(super) fn new(users: BTreeMap<String, String>) -> Result<Self, Problem> {
        let mut highest = 4;
        for (user, digest) in &users {
            let problem = |advice: String| Problem::field(format!("basic_auth_users.{user}"), advice);
            let parts: bcrypt::HashParts = digest.parse().map_err(|_| {
                problem("is no bcrypt digest of a password: `htpasswd -nBC 10 USER` prints one after the colon".into())
            })?;
            if parts.get_cost() > HIGHEST_COST {
                let cost = parts.get_cost();
                return Err(problem(format!("costs {cost}, {HIGHEST_COST} at most: `htpasswd -nBC 10 USER`")));
            }
            highest = highest.max(parts.get_cost());
        }
        // No password is known that has this digest, and no check rests on that.
        let nobody = format!("$2b${highest:02}${}", ".".repeat(53));
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).expect("the kernel has random bytes");
        Ok(Self {
            users: Arc::new(users.into_iter().collect()),
            nobody,
            key,
            known: Mutex::default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        })
    }

    /// Whether everybody may ask.
    pub(crate) fn is_open(&self) -> bool {
        self.users.is_empty()
    }

    /// Whether somebody whom `before` let in as this user is let in still, without being asked again.
    pub(super) fn knows(&self, user: Option<&str>, before: &Self) -> bool {
        let has_same = |user| self.users.get(user).is_some_and(|digest| before.users.get(user) == Some(digest));
        self.is_open() || user.is_some_and(has_same)
    }

    /// Whether these may. Needs a tokio runtime.
    pub(crate) async fn check(&self, credentials: Option<Credentials>) -> Verdict {
        if self.is_open() {
            return Verdict::Welcome;
        }
        let Some(Credentials { user, password }) = credentials else { return Verdict::Wrong };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied();
        if known.is_some_and(|tag| hmac::verify(&self.key, password.as_bytes(), tag.as_ref()).is_ok()) {
            return Verdict::Welcome;
        }
        let Ok(_waiting) = self.waiting.try_acquire() else { return Verdict::Busy };
        let Ok(working) = Arc::clone(&self.checks).acquire_owned().await else { return Verdict::Busy };
        let tag = hmac::sign(&self.key, password.as_bytes());
        let digest = self.users.get(&user);
        let is_there = digest.is_some();
        let digest = digest.unwrap_or(&self.nobody).clone();
        let checked = spawn_blocking(move || {
            let is_right = bcrypt::verify(password, &digest).unwrap_or(false);
            drop(working);
            is_right
        });
        if !checked.await.unwrap_or(false) || !is_there {
            return Verdict::Wrong;
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(user, tag);
        Verdict::Welcome
    }
}
