//! Where a channel reaches somebody. All of it prints as redacted: it belongs in the hub's
//! settings and store, and in no log.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::chain::{ChannelName, Recipient};
use super::push::Subscription;

/// Where a channel reaches somebody.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// The channel knows by itself: a webhook, an alarm receiver.
    Own,
    /// A phone.
    Phone(Phone),
    /// A mailbox.
    Mail(MailAddress),
    /// A browser.
    Push(Subscription),
}

/// A phone number in the international form: `+46…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone(String);

/// A mail address, without a name.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAddress(lettre::Address);

/// A text that is no address. What it is instead is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No phone number.
    #[error("not a phone number in the international form: + and 7 to 15 digits")]
    Phone,
    /// No mail address.
    #[error("not a mail address")]
    Mail,
}

impl FromStr for Phone {
    type Err = AddressError;

    /// E.164: at most 15 digits; 7 are fewer than any subscriber's.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let digits = text.strip_prefix('+').ok_or(AddressError::Phone)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && (7..=15).contains(&digits.len()) && !digits.starts_with('0') {
            Ok(Self(text.to_owned()))
        } else {
            Err(AddressError::Phone)
        }
    }
}

impl FromStr for MailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = text.parse().map_err(|_error| AddressError::Mail)?;
        Ok(Self(address))
    }
}

impl MailAddress {
    pub(super) fn mailbox(&self) -> lettre::message::Mailbox {
        lettre::message::Mailbox::new(None, self.0.clone())
    }
}

impl Address {
    /// Whether a browser brought it, and not the settings.
    fn is_subscribed(&self) -> bool {
        match self {
            Self::Push(_) => true,
            Self::Own | Self::Phone(_) | Self::Mail(_) => false,
        }
    }

    /// As a gateway's template names it; empty if the channel knows by itself. A browser has
    /// none.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Own => Some(""),
            Self::Phone(phone) => Some(&phone.0),
            Self::Mail(mail) => Some(mail.0.as_ref()),
            Self::Push(_) => None,
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "Own",
            Self::Phone(_) => "Phone(<redacted>)",
            Self::Mail(_) => "Mail(<redacted>)",
            Self::Push(_) => "Push(<redacted>)",
        })
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(<redacted>)")
    }
}

impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(<redacted>)")
    }
}

/// Who has which addresses by which channel.
///
/// The settings make one; whoever signs in with a browser adds to it and takes away from it. One
/// recipient may have several by one channel: they are all told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressBook(BTreeMap<(Recipient, ChannelName), Vec<Address>>);

/// Most addresses of one recipient by one channel: a worker's phone, tablet and two computers,
/// twice over. The oldest gives way.
pub const ADDRESSES_MAX: usize = 8;

impl AddressBook {
    /// Enters an address. One that is known stays where it is.
    pub fn enter(&mut self, to: &Recipient, by: &ChannelName, address: Address) {
        let held = self.0.entry((to.clone(), by.clone())).or_default();
        if !held.contains(&address) {
            if held.len() >= ADDRESSES_MAX {
                held.remove(0);
            }
            held.push(address);
        }
    }

    /// Takes the settings' addresses in place of those that it had from settings. What browsers
    /// subscribed to stays: no settings know of it.
    pub fn configure(&mut self, settings: Self) {
        for held in self.0.values_mut() {
            held.retain(Address::is_subscribed);
        }
        for ((to, by), addresses) in settings.0 {
            let held = self.0.entry((to, by)).or_default();
            held.extend(addresses);
            let over = held.len().saturating_sub(ADDRESSES_MAX);
            held.drain(..over);
        }
        self.0.retain(|_, held| !held.is_empty());
    }

    /// Strikes an address, wherever it stands.
    pub fn strike(&mut self, address: &Address) {
        for held in self.0.values_mut() {
            held.retain(|own| own != address);
        }
    }

    /// The addresses of somebody by a channel.
    #[must_use]
    pub fn of(&self, to: &Recipient, by: &ChannelName) -> &[Address] {
        let held = self.0.get(&(to.clone(), by.clone()));
        held.map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_taken_in_the_international_form_alone() {
        assert!("+46701234567".parse::<Phone>().is_ok());
        for bad in [
            "0701234567",
            "+46 70 123",
            "+0701234567",
            "+1234567890123456",
            "+",
            "",
        ] {
            assert_eq!(bad.parse::<Phone>(), Err(AddressError::Phone), "{bad}");
        }
        assert_eq!("lead".parse::<MailAddress>(), Err(AddressError::Mail));
    }

    #[test]
    fn an_address_prints_as_redacted() {
        let phone: Phone = "+46701234567".parse().unwrap();
        let mail: MailAddress = "lead@example.org".parse().unwrap();
        let mut book = AddressBook::default();
        let (to, by) = ("natt-1".parse().unwrap(), "sms".parse().unwrap());
        book.enter(&to, &by, Address::Phone(phone.clone()));
        book.enter(&to, &by, Address::Mail(mail.clone()));
        let printed = format!("{book:?} {phone:?} {mail:?}");
        for secret in ["4670", "example", "natt-1"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn a_book_holds_every_address_once_and_the_newest_at_its_bound() {
        let mut book = AddressBook::default();
        let (to, by) = ("natt-1".parse().unwrap(), "sms".parse().unwrap());
        let address =
            |number: usize| Address::Phone(format!("+4670000000{number}").parse().unwrap());
        for number in [0, 0, 1, 2, 3, 4, 5, 6, 7, 8] {
            book.enter(&to, &by, address(number));
        }
        assert_eq!(book.of(&to, &by).len(), ADDRESSES_MAX);
        assert_eq!(book.of(&to, &by)[0], address(1));
        book.strike(&address(1));
        assert_eq!(book.of(&to, &by)[0], address(2));
    }

    #[test]
    fn other_settings_replace_their_own_addresses_and_no_browsers() {
        let keys = "{\"p256dh\":\"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd\
                    8pZGH6SRpkNtoIAiw4\",\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\"}";
        let json = format!("{{\"endpoint\":\"https://push.example/w/1\",\"keys\":{keys}}}");
        let browser = Address::Push(Subscription::from_json(&json).unwrap());
        let (to, gone): (Recipient, Recipient) =
            ("natt-1".parse().unwrap(), "natt-2".parse().unwrap());
        let (sms, push): (ChannelName, ChannelName) =
            ("sms".parse().unwrap(), "push".parse().unwrap());
        let phone = |number: &str| Address::Phone(number.parse().unwrap());
        let mut book = AddressBook::default();
        book.enter(&to, &sms, phone("+46700000001"));
        book.enter(&gone, &sms, phone("+46700000002"));
        book.enter(&to, &push, browser.clone());
        let mut fresh = AddressBook::default();
        fresh.enter(&to, &sms, phone("+46700000009"));
        book.configure(fresh);
        assert_eq!(book.of(&to, &sms), [phone("+46700000009")]);
        assert_eq!(book.of(&gone, &sms), []);
        assert_eq!(book.of(&to, &push), [browser]);
    }
}
