//! Which server, and how it is reached.

use std::fmt;

use serde::Serialize;

use crate::fleet::InstanceId;

/// A server to speak to. The instance is who it is, the address only where it is at present.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Target {
    instance: InstanceId,
    address: String,
    port: Option<u16>,
    user: Option<String>,
}

/// Why something cannot be a target; nothing was contacted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Instance ids name files and host keys.
    #[error("{0:?} is no instance id: letters, digits and dashes are allowed")]
    Instance(String),
    /// The server has no address, or one with characters that ssh would read as something else.
    #[error("{0:?} is no address to connect to: see `ec2_attr_for_ssh` in the project's config")]
    Address(String),
    /// A user name with characters that ssh would read as something else.
    #[error("{0:?} is no user name")]
    User(String),
}

fn is_word(text: &str, allowed: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || allowed.contains(c);
    !text.is_empty() && text.len() <= 255 && !text.starts_with(['-', '.']) && text.chars().all(fits)
}

impl Target {
    /// A server by its instance id and its address: a DNS name, or an IPv4 or IPv6 address.
    ///
    /// # Errors
    /// When one of them has characters that do not belong there.
    pub fn new(instance: InstanceId, address: impl Into<String>) -> Result<Self, BadTarget> {
        let address = address.into();
        if !is_word(instance.as_str(), "-") {
            return Err(BadTarget::Instance(instance.as_str().to_owned()));
        }
        if !is_word(&address, "-._:%") {
            return Err(BadTarget::Address(address));
        }
        Ok(Self { instance, address, port: None, user: None })
    }

    /// With a port of its own; otherwise the user's ssh config decides.
    #[must_use]
    pub const fn at_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// With a user of its own; otherwise the adapter's options or the user's ssh config decide.
    ///
    /// # Errors
    /// When it has characters that do not belong in a user name.
    pub fn as_user(mut self, user: impl Into<String>) -> Result<Self, BadTarget> {
        let user = user.into();
        if !is_word(&user, "-._@\\") {
            return Err(BadTarget::User(user));
        }
        self.user = Some(user);
        Ok(self)
    }

    /// Who it is.
    #[must_use]
    pub const fn instance(&self) -> &InstanceId {
        &self.instance
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The port, if it has one of its own.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The user, if it has one of its own.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.instance, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_ssh_would_read_as_an_option_is_a_target() {
        for address in ["", "-oProxyCommand=x", "a b", "a;b", "user@host", "$(x)", "a\nb", ".."] {
            assert!(Target::new("i-1".into(), address).is_err(), "{address:?}");
        }
        for instance in ["", "-i", "../x", "i-1/..", "i 1", "i-1*"] {
            assert!(Target::new(instance.into(), "10.0.0.1").is_err(), "{instance:?}");
        }
        for address in ["10.0.0.1", "ec2-1-2-3-4.compute.example.com", "2001:db8::1", "fe80::1%eth0"] {
            assert!(Target::new("i-0a1".into(), address).is_ok(), "{address:?}");
        }
        let target = Target::new("i-1".into(), "10.0.0.1").unwrap();
        assert!(target.clone().as_user("-lroot").is_err());
        assert!(target.as_user("deploy").is_ok());
    }
}
